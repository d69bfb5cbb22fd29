"""Where a rule meets 0, NaN, a tie, an infinity or a size of 1.

The value is NumPy's, the gradient is finite where the function has a slope or a
subgradient: the expected ones are worked out by hand.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import derivo

NAN, INF = np.nan, np.inf
LOG2 = np.log(2.0)
A = np.array
Case = tuple[Any, dict[str, Any], dict[str, Any]]
CASES: dict[str, Case] = {
    "powers at 0": (
        lambda x: np.sum(x[:, None] ** np.arange(4)), {"x": A([0.0, 1.0])},
        {"x": [1, 6]},
    ),
    "floating powers at 0": (
        lambda x: np.sum(x**2.0 + x**1.0 + x**0.0), {"x": A([0.0, 3.0])},
        {"x": [1, 7]},
    ),
    "power 0 traced": (
        lambda x, p: np.sum(x**p), {"x": A([0.0, 0.0, 2.0]), "p": A([0.0, 2.0, 0.0])},
        {"x": [0, 0, 0], "p": [0, 0, LOG2]},
    ),
    "negative base": (
        lambda x, p: np.sum(x ** np.round(p)), {"x": A([-2.0]), "p": A([3.0])},
        {"x": [12], "p": [0]},
    ),
    "base 0": (lambda p: 0.0**p + 0**p, {"p": 2.0}, {"p": 0}),
    "base in an array": (
        lambda p: np.sum(A([0.0, 1.0, 2.0]) ** p), {"p": 2.0}, {"p": 4 * LOG2},
    ),
    "fmax": (
        lambda x, y: np.sum(np.fmax(x, y)),
        {"x": A([NAN, 2.0, 1.0]), "y": A([1.0, NAN, 1.0])},
        {"x": [0, 1, 1], "y": [1, 0, 0]},
    ),
    "fmin": (
        lambda x, y: np.sum(np.fmin(x, y)),
        {"x": A([NAN, 2.0, 1.0]), "y": A([1.0, NAN, 1.0])},
        {"x": [0, 1, 1], "y": [1, 0, 0]},
    ),
    "fmax against a number": (
        lambda x: np.sum(np.fmax(x, 0)), {"x": A([NAN, -1.0, 2.0])}, {"x": [0, 0, 1]},
    ),
    "fmax.reduce": (
        lambda x: np.fmax.reduce(x), {"x": A([NAN, 3.0, 2.0])}, {"x": [0, 1, 0]},
    ),
    "nanmin of ties": (
        lambda x: np.nanmin(x), {"x": A([2.0, NAN, 1.0, 1.0])}, {"x": [0, 0, 1, 0]},
    ),
    "nanvar": (
        lambda x: np.nanvar(x), {"x": A([1.0, NAN, 3.0])}, {"x": [-1, 0, 1]},
    ),
    "nansum": (lambda x: np.nansum(3 * x), {"x": A([NAN, 3.0])}, {"x": [0, 3]}),
    "maximum of ties": (
        lambda x, y: np.sum(np.maximum(x, y)), {"x": A([1.0]), "y": A([1.0])},
        {"x": [1], "y": [0]},
    ),
    "max of ties": (lambda x: np.max(x), {"x": A([1.0, 2.0, 2.0])}, {"x": [0, 1, 0]}),
    "cummax of ties": (
        lambda x: np.sum(np.maximum.accumulate(x)), {"x": A([1.0, 1.0, 0.0, 2.0])},
        {"x": [3, 0, 0, 1]},
    ),
    "clip at its bounds": (
        lambda x: np.sum(np.clip(x, 0, 1)), {"x": A([0.0, 1.0, 2.0])}, {"x": [1, 1, 0]},
    ),
    "clip with crossed bounds": (
        lambda x, lo, hi: np.sum(np.clip(x, lo, hi)),
        {"x": A([0.0, 2.0, 5.0]), "lo": A([3.0] * 3), "hi": A([1.0] * 3)},
        {"x": [0, 0, 0], "lo": [0, 0, 0], "hi": [1, 1, 1]},
    ),
    "sign abs relu at 0": (
        lambda x: np.sum(np.abs(x) + np.maximum(x, 0) + np.sign(x)), {"x": A([0.0])},
        {"x": [0]},
    ),
    "hypot at the origin": (
        lambda x, y: np.sum(np.hypot(x, y)), {"x": A([0.0, 3.0]), "y": A([0.0, 4.0])},
        {"x": [0, 0.6], "y": [0, 0.8]},
    ),
    "arctan2 at the origin": (
        lambda x, y: np.sum(np.arctan2(x, y)), {"x": A([0.0]), "y": A([0.0])},
        {"x": [0], "y": [0]},
    ),
    "sinc at 0": (lambda x: np.sum(np.sinc(x)), {"x": A([0.0])}, {"x": [0]}),
    "prod of zeros": (
        lambda x: np.prod(x), {"x": A([0.0, 2.0, 3.0])}, {"x": [6, 0, 0]},
    ),
    "prod of two zeros": (
        lambda x: np.prod(x), {"x": A([0.0, 0.0, 3.0])}, {"x": [0, 0, 0]},
    ),
    "cumprod of zeros": (
        lambda x: np.sum(np.cumprod(x)), {"x": A([2.0, 0.0, 3.0])}, {"x": [1, 8, 0]},
    ),
    "linspace of one point": (
        lambda a, b: np.sum(np.linspace(a, b, 1)), {"a": 1.5, "b": 3.0},
        {"a": 1, "b": 0},
    ),
    "linspace of no point": (
        lambda a, b: np.sum(np.linspace(a, b, 0)) + a, {"a": 1.5, "b": 3.0},
        {"a": 1, "b": 0},
    ),
    "logspace of one point": (
        lambda a: np.sum(np.logspace(a, 2.0, 1)), {"a": 1.0}, {"a": 10 * np.log(10)},
    ),
    "std of a scalar": (lambda x: np.std(x), {"x": 3.5}, {"x": 0}),
    "std along an axis of size 1": (
        lambda x: np.sum(np.std(x, axis=1)), {"x": A([[1.0], [2.0]])},
        {"x": [[0], [0]]},
    ),
    "var of a scalar": (lambda x: np.var(x), {"x": 3.5}, {"x": 0}),
    "median of a scalar": (lambda x: np.median(x), {"x": 3.5}, {"x": 1}),
    "median of ties": (
        lambda x: np.median(x), {"x": A([1.0, 1.0, 1.0])}, {"x": [0, 1, 0]},
    ),
    "percentile at the ends": (
        lambda x: np.percentile(x, 0) + 2 * np.percentile(x, 100),
        {"x": A([3.0, 1.0, 2.0])}, {"x": [2, 1, 0]},
    ),
    "quantile of one element": (
        lambda x: np.sum(np.quantile(x, 0.3, axis=0)), {"x": A([[1.0, 2.0]])},
        {"x": [[1, 1]]},
    ),
    "pad reflect of one element": (
        lambda x: np.sum(np.pad(x, 3, mode="reflect")), {"x": A([2.0])}, {"x": [7]},
    ),
    "pad symmetric far": (
        lambda x: np.sum(np.pad(x, (0, 5), mode="symmetric")), {"x": A([1.0, 2.0])},
        {"x": [3, 4]},
    ),
    "det of a singular matrix": (
        lambda a: np.linalg.det(a), {"a": A([[1.0, 2.0], [2.0, 4.0]])},
        {"a": [[4, -2], [-2, 1]]},
    ),
    "det of zeros": (
        lambda a: np.linalg.det(a), {"a": A([[0.0, 0.0], [0.0, 5.0]])},
        {"a": [[5, 0], [0, 0]]},
    ),
    "det of one number": (lambda a: np.linalg.det(a), {"a": A([[0.0]])}, {"a": [[1]]}),
    "interp at a point of the table": (
        lambda y: np.sum(np.interp([1.0, 9.0], [0.0, 1.0, 2.0], y)),
        {"y": A([3.0, 4.0, 6.0])}, {"y": [0, 1, 1]},
    ),
    "interp of one point": (
        lambda x, y: np.sum(np.interp(x, [1.0], y)),
        {"x": A([0.0, 1.0]), "y": A([3.0])}, {"x": [0, 0], "y": [2]},
    ),
    "singular values that are equal": (
        lambda a: np.sum(np.linalg.svd(a)[0] @ np.linalg.svd(a)[2]),
        {"a": 2.0 * np.eye(2)}, {"a": [[0, 0], [0, 0]]},
    ),
    "eigenvalues that are equal": (
        lambda a: np.sum(np.linalg.eigvalsh(a)), {"a": np.eye(2)},
        {"a": [[1, 0], [0, 1]]},
    ),
    "norm nuc of zeros": (
        lambda a: np.linalg.norm(a @ a, "nuc"), {"a": np.zeros((2, 2))},
        {"a": [[0, 0], [0, 0]]},
    ),
    "spectrum of a constant signal": (
        lambda x: np.sum(np.abs(np.fft.rfft(x))), {"x": A([1.0, 1.0, 1.0, 1.0])},
        {"x": [1, 1, 1, 1]},
    ),
    "spectrum of silence": (
        lambda x: np.sum(np.abs(np.fft.rfft(x)) ** 2), {"x": np.zeros(4)},
        {"x": [0, 0, 0, 0]},
    ),
    "infinite nan_to_num": (
        lambda x: np.sum(np.nan_to_num(x, posinf=1.0, neginf=2.0)),
        {"x": A([INF, -INF, NAN, 2.0])}, {"x": [0, 0, 0, 1]},
    ),
    "heaviside at 0": (
        lambda x, h: np.sum(np.heaviside(x, h)), {"x": A([0.0]), "h": A([0.5])},
        {"x": [0], "h": [1]},
    ),
    "sort of ties": (
        lambda x: np.sum(np.sort(x) * A([1.0, 2.0, 3.0])), {"x": A([2.0, 1.0, 2.0])},
        {"x": [2, 1, 3]},
    ),
}  # fmt: skip


@pytest.mark.parametrize("simplify", [True, False], ids=["short", "raw"])
@pytest.mark.parametrize("name", CASES)
@pytest.mark.filterwarnings("ignore::derivo.errors.IndependentWarning")
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_special_point(name: str, simplify: bool) -> None:
    function, arrays, wanted = CASES[name]
    d = derivo.derive(function, simplify=simplify, **arrays)
    value, gradients = d.value_and_gradients(**arrays)
    expected = function(**arrays)
    np.testing.assert_allclose(value, expected, rtol=1e-12, atol=1e-12)
    for k, want in wanted.items():
        np.testing.assert_allclose(gradients[k], want, rtol=1e-9, atol=1e-9, err_msg=k)
        assert np.shape(gradients[k]) == np.shape(arrays[k])
