"""Lists, numbers and brackets make arrays of traced values, as NumPy makes them."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import derivo
import tests.ops.tables  # noqa: F401  it fills the table
from derivo import Spec
from derivo.errors import NotSupportedError, ShapeError, TraceError
from tests.ops.spelled import SIZES, TABLE


def rotated(a, x):
    c, s = np.cos(a), np.sin(a)
    return np.array([[c, -s], [s, c]]) @ x


def of_blocks(x, y):
    return np.array([[x, y], [y, x + 1]]) ** 2


def on_a_grid(x):
    i, j = np.mgrid[0 : x.shape[0], 0 : x.shape[1]]
    return x**2 * (i - j)


def on_an_open_grid(x):
    i, j = np.ogrid[: x.shape[0], : x.shape[1]]
    return x**2 * (i + 2 * j)


WORDS = {"x": (3,), "y": (3,), "a": (), "b": (), "m": (2, 3), "w": (2, 3)}
CASES: dict[str, Callable[..., Any]] = {
    "a matrix of numbers": rotated,
    "a row of numbers": lambda a, b: np.array([a, b, 1.5]) ** 2,
    "a column": lambda a, b: np.array([[a], [b]]) * [[2.0, 3.0]],
    "numbers three deep": lambda a, b: np.asarray([[[a, b], [b, 2 * a]]]) ** 2,
    "rows": lambda x, y: np.array([x, y, x * y]),
    "blocks": of_blocks,
    "a tuple": lambda a, b: np.array((a, b)) ** 2,
    "more axes": lambda a, b: np.array([a, b], ndmin=2) ** 2,
    "a list as an operand": lambda a, x: x @ [a, a**2, 1.0],
    "a list of lists as an operand": lambda a, m: m @ [[a], [1.0], [a**2]],
    "sum of a list": lambda a, b: np.sum([a, b, a * b]),
    "mean of a comprehension": lambda x: np.mean([v**2 for v in x]),
    "norm of a list": lambda a, b: np.linalg.norm([a, b]),
    "determinant of lists": lambda a, b: np.linalg.det([[a, b], [b, 3.0]]),
    "dot of lists": lambda a, b: np.dot([a, b], [b, 2.0]),
    "max over rows": lambda x, y: np.max([x, y], axis=0),
    "where of lists": lambda a, b: np.where([True, False], [a, b], [b, a]) ** 2,
    "r_": lambda x, y: np.r_[1 - x, y**2, 3.0, [1, 2], 0:2],
    "r_ of numbers": lambda a, b: np.r_[a, b, 1] ** 2,
    "r_ of matrices": lambda m, w: np.r_[m, w**2],
    "c_": lambda x, y: np.c_[1 - x, y**2],
    "c_ of a matrix": lambda m: np.c_[m[:, 0], m**2],
    "c_ of numbers": lambda a: np.c_[a, a**2, 2.0],
    "ix_": lambda m: m[np.ix_([0, 1, 0], [2, 0])] ** 2,
    "block": lambda m, w: np.block([[m, w**2], [np.ones((1, 3)), w[:1]]]),
    "a grid": on_a_grid,
    "an open grid": on_an_open_grid,
}


def arguments(function: Callable[..., Any]) -> dict[str, Any]:
    rng = np.random.default_rng(3)
    code = function.__code__
    given = code.co_varnames[: code.co_argcount]
    arrays = {k: rng.uniform(0.5, 1.5, WORDS[k]) for k in given}
    return (
        arrays
        | ({"x": rng.normal(size=(2, 3))} if function is rotated else {})
        | ({"x": rng.normal(size=(2, 3))} if "grid" in function.__name__ else {})
    )


@pytest.mark.parametrize("name", CASES)
def test_what_lists_and_brackets_make(name: str) -> None:
    function = CASES[name]
    arrays = arguments(function)
    specs: dict[str, Any] = {k: Spec(np.shape(v)) for k, v in arrays.items()}
    compare(function, specs, arrays)


NAMED = {
    "r_": "N M", "c_": "N N", "c_ of a matrix": "N 3", "r_ of matrices": "N_3 M_3",
    "a grid": "N M", "an open grid": "N M", "block": "2_3 2_3", "rows": "N N",
}  # fmt: skip


@pytest.mark.parametrize("name", NAMED)
def test_the_same_with_named_sizes(name: str) -> None:
    function = CASES[name]
    arrays = arguments(function)
    texts = NAMED[name].split()
    if len(arrays) == 1:
        texts = [NAMED[name]]
    pairs = zip(arrays, texts, strict=True)
    named: dict[str, Any] = {k: t.replace("_", " ") for k, t in pairs}
    compare(function, named, arrays)


def compare(
    function: Callable[..., Any], specs: dict[str, Any], arrays: dict[str, Any]
) -> None:
    d = derivo.derive(function, **specs)
    expected = function(**arrays)
    u = np.random.default_rng(4).normal(size=np.shape(expected))
    value, gradients = d.value_and_gradients(u if u.ndim else float(u), **arrays)
    np.testing.assert_allclose(value, expected, rtol=1e-12)
    for k, g in gradients.items():
        v = np.random.default_rng(5).normal(size=np.shape(g))
        ends = [function(**{**arrays, k: arrays[k] + s * v}) for s in (1e-6, -1e-6)]
        slope = np.sum(u * (ends[0] - ends[1])) / 2e-6
        assert np.sum(g * v) == pytest.approx(slope, rel=1e-6, abs=1e-8)


def test_a_matrix_of_numbers_is_written_as_one():
    d = derivo.derive(rotated, a="", x="2 N")
    assert "matrix = np.array([[c, -s], [s, c]])" in d.source


@pytest.mark.parametrize(
    "function",
    [
        lambda a, b: np.array([[a, b], [b]]),
        lambda a, b: np.sum([[a], b]),
        lambda a, b: a * [[a, b], [b]],
    ],
    ids=["array", "sum", "operand"],
)
def test_lists_of_different_lengths_are_refused(function):
    with pytest.raises(ShapeError, match="different shapes"):
        derivo.derive(function, a="", b="")


def test_a_directive_of_r_is_refused_by_name():
    with pytest.raises(NotSupportedError, match=r"np\.r_\['0,2', \.\.\.\]"):
        derivo.derive(lambda x: np.r_["0,2", x, x], x="3")


def test_numpys_own_brackets_are_left_for_plain_numbers():
    def f(x):
        return x * np.r_[1:4] + np.c_[[1.0, 2, 3]][:, 0] + len(np.mgrid[0:2, 0:3])

    compare(f, {"x": "3"}, {"x": np.array([1.0, -2.0, 0.5])})
    before = np.r_, np.sum
    derivo.derive(f, x="3")
    assert (np.r_, np.sum) == before


# --- every function that takes an array takes a list of its rows --------------------

OF_ROWS = {
    f"{name}: {given}": (name, given)
    for name, spelling in TABLE.items()
    for given, spec in list(spelling.specs.items())[:1]
}


@pytest.mark.filterwarnings("ignore::derivo.errors.IndependentWarning")
def test_every_function_takes_a_list_of_rows() -> None:
    tried, refused = 0, list[str]()
    for name, given in list(OF_ROWS.values())[::8]:  # an eighth of them
        spelling = TABLE[name]
        arrays = spelling.arrays(SIZES[0])
        first = np.asarray(arrays[given])
        if first.ndim == 0 or first.dtype.kind != "f" or len(first) > 6:
            continue

        def of_rows(**values: Any) -> Any:
            return spelling.function(**{**values, given: list(values[given])})  # noqa: B023

        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                expected = of_rows(**arrays)
        except (TypeError, AttributeError, ValueError):
            continue  # NumPy does not take one
        if not isinstance(expected, np.ndarray | np.generic):
            continue
        specs: dict[str, Any] = {
            k: Spec(np.shape(a), np.asarray(a).dtype) for k, a in arrays.items()
        }
        try:
            d = derivo.derive(of_rows, shapes=specs, verify=False)
        except (TraceError, NotSupportedError):
            refused.append(name)  # as of a ufunc: a list alone asks nobody
            continue
        actual = np.asarray(expected)
        np.testing.assert_allclose(d(**arrays), actual, rtol=1e-9, atol=1e-9)
        tried += 1
    assert 0 < len(refused) < tried / 4, refused
