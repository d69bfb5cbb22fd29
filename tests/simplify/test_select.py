"""Masks choose and roots have a subgradient: no 0 times infinity, no 0 over 0."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

import derivo
from derivo.graph.builder import Builder
from derivo.ops.arithmetic import add, div, mul, power, square
from derivo.ops.catalogue import CATALOGUE
from derivo.ops.elementwise import exp, sqrt
from derivo.ops.leaf import argument, constant
from derivo.simplify.select import Bounds

# Function of x, the point, and the gradient there: 0 where x takes no part.
MASKED: dict[str, tuple[Any, list[float], list[float]]] = {
    "reciprocal": (lambda x: np.where(x != 0, 1 / x, 0), [0, 2], [0, -0.25]),
    "reciprocal, the other way": (
        lambda x: np.where(x == 0, 0, 1 / x), [0, 2], [0, -0.25]),
    "square of one": (lambda x: np.where(x > 0, 1 / x**2, 0), [0, 2], [0, -0.25]),
    "x log x": (lambda x: np.where(x > 0, x * np.log(x), 0), [0, 1], [0, 1]),
    "log": (lambda x: np.where(x > 0, np.log(x), -1), [0, -1, 2], [0, 0, 0.5]),
    "root": (lambda x: np.where(x > 0, np.sqrt(x), 0), [0, -1, 4], [0, 0, 0.25]),
    "a root further on": (
        lambda x: np.where(x > 0, 3 * np.sqrt(x) + 1, 0), [0, 4], [0, 0.75]),
    "sinc": (lambda x: np.where(x == 0, 1, np.sin(x) / x), [0, np.pi], [0, -1 / np.pi]),
    "elu": (lambda x: np.where(x > 0, x, np.exp(x) - 1), [800, -1], [1, np.exp(-1)]),
    "celu by max and min": (
        lambda x: np.maximum(x, 0) + np.minimum(0, np.exp(x) - 1), [800, -1],
        [1, np.exp(-1)]),
    "selu": (
        lambda x: 2 * (np.maximum(x, 0) + 3 * np.minimum(np.expm1(x), 0)), [800, -1],
        [2, 6 * np.exp(-1)]),
    "fmin": (lambda x: np.fmin(np.exp(x), 2), [800, 0], [0, 1]),
    "clipped above": (lambda x: np.clip(np.exp(x), None, 5), [800, 0], [0, 1]),
    "clipped": (lambda x: np.clip(np.exp(x), 0.5, 5), [800, 0], [0, 1]),
    "arccos of clip": (
        lambda x: np.arccos(np.clip(x, -1, 1)), [-2, 2, 0], [0, 0, -1]),
    "arcsin of clip": (
        lambda x: np.arcsin(np.clip(x, -1, 1)), [-2, 2, 0], [0, 0, 1]),
    "arctanh of clip": (
        lambda x: np.where(np.abs(x) < 1, np.arctanh(np.clip(x, -1, 1)), 0), [-1, 0.5],
        [0, 4 / 3]),
    "root of relu": (lambda x: np.sqrt(np.maximum(x, 0)), [-1, 4], [0, 0.25]),
    "root of abs": (lambda x: np.sqrt(np.abs(x)), [0, -4], [0, -0.25]),
    "relu inside log": (
        lambda x: np.where(x > 0, np.log(np.maximum(x, 0)), 0), [-1, 0, 2], [0, 0, 0.5]),
    "select": (
        lambda x: np.select([x > 0, x < 0], [np.log(x), 1 / x], 0), [0, 2, -2],
        [0, 0.5, -0.25]),
    "two masks": (
        lambda x: np.where(x > 0, np.where(x < 9, np.exp(x), 0), 0), [800, -800, 1],
        [0, 0, np.e]),
    "a quotient of exps": (
        lambda x: np.where(x < 9, np.exp(x) / np.sum(np.exp(np.minimum(x, 0))), 0)[:1],
        [0], [0]),
}  # fmt: skip
# Norms and the like at 0, with the gradient there.
ROOTS: dict[str, tuple[Any, float]] = {
    "norm": (lambda x: np.linalg.norm(x), 0),
    "root of a sum of squares": (lambda x: np.sqrt(np.sum(x**2)), 0),
    "power of a half": (lambda x: np.sum(np.square(x)) ** 0.5, 0),
    "x @ x": (lambda x: np.sqrt(x @ x), 0),
    "einsum": (lambda x: np.sqrt(np.einsum("i,i->", x, x)), 0),
    "dot, scaled": (lambda x: np.sqrt(2 * np.dot(x, x) / 3), 0),
    "norm of order 3": (lambda x: np.linalg.norm(x, 3), 0),
    "norm of order 1.5": (lambda x: np.sum(np.abs(x) ** 1.5) ** (2 / 3), 0),
    "std": (lambda x: np.std(x), 0),
    "std, unbiased": (lambda x: np.std(x, ddof=1), 0),
    "root of var": (lambda x: 3 * np.var(x) ** 0.5, 0),
    "two coordinates": (lambda x: np.sqrt(x[0] ** 2 + x[1] ** 2), 0),
    "hypot": (lambda x: np.hypot(x[0], x[1]), 0),
    "distances": (lambda x: np.sqrt((x[:, None] - x) ** 2).sum(), 0),
    "norm of rows": (lambda x: np.linalg.norm(x[:, None] * np.ones(2), axis=1), 0),
    "exp of one": (lambda x: np.exp(-np.linalg.norm(x)), 0),
    "hinge of one": (lambda x: np.maximum(1 - np.linalg.norm(x), 0), 0),
    "standardised": (lambda x: (x - x.mean()) / (x.std() + 1e-5), 0),
    "unit vector, clipped": (
        lambda x: x / np.maximum(np.linalg.norm(x), 1e-8), 1e8),
    "unit vector, with eps": (lambda x: x / (np.linalg.norm(x) + 1e-8), 1e8),
    "unit vector, chosen": (
        lambda x: np.where(np.linalg.norm(x) > 0, x / np.linalg.norm(x), 0), 0),
}  # fmt: skip


def gradient(f: Any, x: Any) -> tuple[Any, bool]:
    """Give the gradient of the sum, and whether its text warns where f does not."""
    d = derivo.derive(f, x=str(len(x)))
    space: dict[str, Any] = {}
    exec(d.source, space)  # noqa: S102
    with warnings.catch_warnings(record=True) as by_f, np.errstate(all="warn"):
        warnings.simplefilter("always")
        up = np.ones_like(f(x))[()]
    with warnings.catch_warnings(record=True) as seen, np.errstate(all="warn"):
        warnings.simplefilter("always")
        _, saved = space[d.name](x)
        found = space[d.name + "_backward"](saved, up)
    return found, bool(seen) and not by_f


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", MASKED)
def test_what_is_not_chosen_has_the_gradient_0(name: str, dtype: Any) -> None:
    f, point, expected = MASKED[name]
    found, warns = gradient(f, np.array(point, dtype))
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-7)
    assert found.dtype == dtype
    assert not warns


@pytest.mark.parametrize("name", ROOTS)
def test_a_root_that_is_0_has_the_subgradient_0(name: str) -> None:
    f, expected = ROOTS[name]
    found, warns = gradient(f, np.zeros(3))
    np.testing.assert_allclose(found, np.full(3, expected))
    assert not warns


def test_that_a_subgradient_is_taken_is_said() -> None:
    d = derivo.derive(lambda x: np.linalg.norm(x, axis=1), x="N M")
    assert "= 0, its subgradient 0 is taken" in d.source


@pytest.mark.parametrize(
    "f",
    [
        lambda x, w: np.maximum(x @ w, 0).sum(),
        lambda x, w: np.abs(x - w).mean(),
        lambda x, w: np.where(x > 0, x * w, 0.1 * x).sum(),
        lambda x, w: np.sum(np.clip(x, -1, 1) * np.tanh(w)),
        lambda x, w: np.sum(np.maximum(x, 0) / (1 + np.exp(-w))),
        lambda x, w: np.sum(np.minimum(x, w) ** 3),
    ],
    ids=["relu", "abs", "leaky", "clip", "gate", "cube"],
)
def test_where_all_factors_are_finite_a_mask_is_a_factor(f: Any) -> None:
    d = derivo.derive(f, x="4 4", w="4 4")
    backward = d.source.partition("_gradient(saved)")[2]
    assert backward.count("np.where") <= d.source.count("np.where(x")


def test_a_norm_that_is_divided_by_keeps_its_short_gradient() -> None:
    d = derivo.derive(lambda x: x / np.linalg.norm(x, axis=1, keepdims=True), x="N M")
    assert "np.where" not in d.source


def test_ranges_of_values() -> None:
    builder, bounds = Builder(), Bounds()
    x = builder.make(argument, (), {"name": "x", "spec": derivo.Spec("N")})

    def number(value: float) -> Any:
        return builder.make(constant, (), {"value": value})

    e = builder.make(exp, (x,))
    one_plus = builder.make(add, (number(1), e))
    squared = builder.make(mul, (x, x))
    assert not bounds(e).is_finite
    assert bounds(builder.make(div, (number(1), one_plus))).is_finite
    assert not bounds(one_plus).has_zero
    assert bounds(squared).low == 0
    assert bounds(builder.make(sqrt, (squared,))).is_finite
    assert bounds(builder.make(sqrt, (x,))).may_be_nan
    assert not bounds(
        builder.make(add, (builder.make(square, (x,)), number(1e-5)))
    ).has_zero
    assert not bounds(builder.make(power, (x, number(-1)))).is_finite
    assert bounds(builder.make(CATALOGUE["sigmoid"], (x,))).is_finite
    assert bounds(builder.make(CATALOGUE["minimum"], (e, number(5)))).high == 5
