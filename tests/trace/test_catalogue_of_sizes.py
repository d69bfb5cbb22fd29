"""Every function of the catalogue of sizes: as it was written, at several sizes."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

import derivo
from derivo import Spec
from derivo.graph.dim import evaluate, names
from tests.catalogue.case import normal
from tests.catalogue.sizes import SIZED, Sized
from tests.numerical import flat

STEP = 1e-6
# A weight's size that the spec names and the function ties to others.
TIED = {
    "convolution_by_columns": {"K": lambda s: 4 * s["C"]},
    "patches": {"D": lambda s: 4 * s["C"], "T": lambda s: s["H"] // 2 * (s["W"] // 2)},
    "flatten_and_multiply": {"D": lambda s: s["C"] * s["H"] * s["W"]},
    "gates_of_one_matrix": {
        "G": lambda s: s["D"] + s["H"], "F": lambda s: 2 * s["H"]},
}  # fmt: skip


def known(name: str, sizes: dict[str, int]) -> dict[str, int]:
    return {**sizes, **{k: f(sizes) for k, f in TIED.get(name, {}).items()}}


def spec_of(spec: Any) -> Spec:
    return spec if isinstance(spec, Spec) else Spec(spec)


def numeric(case: Sized, sizes: dict[str, int]) -> dict[str, Any]:
    return {
        k: Spec(tuple(evaluate(d, sizes) for d in spec_of(s).shape), spec_of(s).kind)
        for k, s in case.specs.items()
    }


def arrays_of(case: Sized, sizes: dict[str, int]) -> dict[str, Any]:
    rng = np.random.default_rng(0)
    drawn = {}
    for k, spec in numeric(case, sizes).items():
        shape = tuple(evaluate(d, {}) for d in spec.shape)
        drawn[k] = case.draws.get(k, normal)(rng, shape)
    return drawn


pytestmark = pytest.mark.filterwarnings("ignore::derivo.errors.IndependentWarning")


@cache
def by_names(name: str) -> Any:
    case = SIZED[name]
    return derivo.derive(case.function, **case.specs)


@pytest.mark.parametrize("name", SIZED)
def test_derived_with_names_it_is_right_for_every_size(name: str) -> None:
    case = SIZED[name]
    for sizes in case.sizes:
        compare(by_names(name), case.function, arrays_of(case, known(name, sizes)))


@pytest.mark.parametrize("name", SIZED)
def test_derived_with_numbers_it_is_right(name: str) -> None:
    case = SIZED[name]
    sizes = known(name, case.sizes[0])
    specs: dict[str, Any] = numeric(case, sizes)
    d = derivo.derive(case.function, **specs)
    compare(d, case.function, arrays_of(case, sizes))


def compare(d: Any, function: Any, arrays: dict[str, Any]) -> None:
    expected = flat(function(**arrays))
    for e, a in zip(expected, flat(d(**arrays)), strict=True):
        assert np.shape(a) == np.shape(e)
        np.testing.assert_allclose(a, e, rtol=1e-11, atol=1e-12)
    rng = np.random.default_rng(1)
    up = [rng.normal(size=np.shape(e)) for e in expected]
    gradients = d.gradients(tuple(up) if len(up) > 1 else up[0], **arrays)
    for k, g in gradients.items():
        assert np.shape(g) == np.shape(arrays[k])
        v = rng.normal(size=np.shape(g))
        high, low = (
            flat(function(**{**arrays, k: arrays[k] + s * v})) for s in (STEP, -STEP)
        )
        slope = sum(
            np.sum(u * (h - w)) for u, h, w in zip(up, high, low, strict=True)
        ) / (2 * STEP)
        assert np.sum(g * v) == pytest.approx(slope, rel=1e-6, abs=1e-7)


@pytest.mark.parametrize("name", SIZED)
def test_the_bare_text_gives_the_same(name: str) -> None:
    case, d = SIZED[name], by_names(name)
    space: dict[str, Any] = {}
    exec(compile(d.source, "<source>", "exec"), space)  # noqa: S102
    for sizes in case.sizes:
        arrays = arrays_of(case, known(name, sizes))
        output, _ = space[d.name](**arrays)
        for e, a in zip(flat(case.function(**arrays)), flat(output), strict=True):
            np.testing.assert_allclose(a, e, rtol=1e-11, atol=1e-12)


def test_every_name_of_the_catalogue_is_a_size() -> None:
    for name, case in SIZED.items():
        shapes = [spec_of(s).shape for s in case.specs.values()]
        used = {n for shape in shapes for d in shape for n in names(d)}
        for sizes in case.sizes:
            assert known(name, sizes).keys() == used, name
