"""Plain loops over a named axis: right for every length, and one loop in the source."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

import derivo
from derivo import Derivation
from tests.catalogue.case import SIZES, Case
from tests.numerical import central_difference, flat
from tests.scan.plain_loops import LOOPS

BOTH = pytest.mark.parametrize("simplify", [True, False], ids=["short", "raw"])
EVERY = pytest.mark.parametrize("case", LOOPS, ids=lambda case: case.name)
LENGTHS = (1, 2, 5)
# Two loops, one after the other or one in the other.
TWO = {"two_loops", "a_loop_in_a_loop", "both_numbers", "soft_warping",
       "over_a_list_again", "a_list_of_pairs",
       "a_table_of_lists", "plain_convolution"}  # fmt: skip


@cache
def derived(name: str, simplify: bool) -> Derivation:
    case = next(c for c in LOOPS if c.name == name)
    return derivo.derive(case.function, simplify=simplify, **case.specs)


def arrays_of_length(case: Case, steps: int) -> dict[str, Any]:
    before = SIZES["T"]
    SIZES["T"] = steps
    try:
        return case.arrays()
    finally:
        SIZES["T"] = before


@BOTH
@EVERY
def test_values_and_gradients_are_those_of_the_function_at_every_length(case, simplify):
    d = derived(case.name, simplify)
    rng = np.random.default_rng(1)
    for steps in LENGTHS:
        arrays = arrays_of_length(case, steps)
        expected = case.function(**arrays)
        for e, a in zip(flat(expected), flat(d(**arrays)), strict=True):
            np.testing.assert_allclose(a, e, rtol=1e-12, atol=1e-13)
            assert np.shape(a) == np.shape(e)
        upstream = [rng.normal(size=np.shape(y)) for y in flat(expected)]
        given = tuple(upstream) if len(upstream) > 1 else upstream[0]
        for name, gradient in d.gradients(given, **arrays).items():
            direction = rng.normal(size=np.shape(arrays[name]))
            wanted = central_difference(
                case.function, arrays, upstream, name, direction
            )
            scale = np.abs(gradient * direction).sum() + 1
            assert np.sum(gradient * direction) == pytest.approx(
                wanted, abs=1e-6 * scale
            ), (name, steps)


@EVERY
def test_float32_in_gives_float32_out(case):
    arrays = {
        name: value.astype(np.float32)[()] if value.dtype == np.float64 else value
        for name, value in ((k, np.asarray(v)) for k, v in case.arrays().items())
    }
    d = derived(case.name, True)
    output, gradients = d.value_and_gradients(**arrays)
    kinds = {np.asarray(v).dtype for v in (*flat(output), *gradients.values())}
    assert kinds == {np.dtype(np.float32)}


@EVERY
def test_a_loop_is_one_loop_in_the_source(case):
    d = derived(case.name, True)
    written = d.source.split(f"def {case.name}(")[1].split("\ndef ")[0]
    assert written.count("for ") == 1 + (case.name in TWO)


@EVERY
def test_the_source_runs_by_itself(case):
    source = derived(case.name, True).source
    assert "derivo" not in source
    scope: dict[str, Any] = {}
    exec(compile(source, "<source>", "exec"), scope)  # noqa: S102  our own text
    arrays = arrays_of_length(case, 3)
    value, _ = scope[case.name](**arrays)
    for e, a in zip(flat(case.function(**arrays)), flat(value), strict=True):
        np.testing.assert_allclose(a, e, rtol=1e-12, atol=1e-13)


# The first row is read although there is none, a range is shorter than nothing, a
# number stays a number, the number of steps is divided by, or lists lie in a list.
NEEDS_STEPS = {
    "words_loss", "down_a_column", "matrix_power_rows", "from_a_number_to_an_array",
    "counted_in_numbers", "a_sum_by_numbers", "a_table_of_lists",
}  # fmt: skip


@pytest.mark.parametrize(
    "case", [c for c in LOOPS if c.name not in NEEDS_STEPS], ids=lambda case: case.name
)
def test_without_a_step_the_source_gives_what_the_function_gives(case):
    arrays = arrays_of_length(case, 0)
    try:
        expected = case.function(**arrays)
    except (IndexError, ValueError, TypeError, UnboundLocalError, ZeroDivisionError):
        return  # it needs a step itself
    scope: dict[str, Any] = {}
    exec(compile(derived(case.name, True).source, "<source>", "exec"), scope)  # noqa: S102
    value, _ = scope[case.name](**arrays)
    for e, a in zip(flat(expected), flat(value), strict=True):
        np.testing.assert_allclose(a, e)
        assert np.shape(a) == np.shape(e)
