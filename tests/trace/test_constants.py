"""Infinities, NaN and minus zero stand in constants as they were written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import derivo

X = np.random.default_rng(0).normal(size=(3, 3))
CASES: dict[str, tuple[Callable[..., Any], str]] = {
    "triangle of minus infinity": (
        lambda s: np.exp(s + np.triu(np.full((len(s), len(s)), -np.inf), 1)), "T T"),
    "chosen minus infinity": (
        lambda s: np.max(np.where(np.tri(len(s)) > 0, s, -np.inf), axis=1), "T T"),
    "an array with infinity": (
        lambda x: np.minimum(x, np.array([np.inf, 0.1, np.inf])) ** 2, "N 3"),
    "a bound of infinity": (lambda x: np.clip(x, -np.inf, 0.3) ** 2, "N M"),
    "pythons infinity": (lambda x: np.minimum(x, float("inf")) ** 2, "N M"),
    "an array with nan": (
        lambda x: np.where(np.isnan(np.array([np.nan, 1, 2])), x, x**2), "N 3"),
    "nan chosen": (lambda x: np.nanmean(np.where(x > 0, x, np.nan)), "N M"),
    "minus zero": (lambda x: np.copysign(x**2, -0.0), "N M"),
    "both zeros": (
        lambda x: np.copysign(x**2, -0.0) + 2 * np.copysign(x**2, 0.0), "N M"),
    "an array of zeros": (
        lambda x: np.copysign(x**2, np.array([0.0, -0.0, 1.0])), "N 3"),
    "a large whole number": (lambda x: x**2 * 10**20, "N M"),
}  # fmt: skip


@pytest.mark.parametrize("spec", ["named", "numbers"])
@pytest.mark.parametrize("name", CASES)
def test_constants_are_as_they_were_written(name: str, spec: str) -> None:
    function, named = CASES[name]
    (argument,) = function.__code__.co_varnames
    given: dict[str, Any] = {argument: named if spec == "named" else "3 3"}
    d = derivo.derive(function, **given)
    expected = np.asarray(function(X))
    np.testing.assert_array_equal(d(**{argument: X}), expected)
    u = np.random.default_rng(1).normal(size=expected.shape)
    g = d.gradients(u if u.ndim else float(u), **{argument: X})[argument]
    v = np.random.default_rng(2).normal(size=X.shape)
    ends = [function(X + s * v) for s in (1e-6, -1e-6)]
    slope = np.sum(u * (ends[0] - ends[1])) / 2e-6
    assert np.sum(g * v) == pytest.approx(slope, rel=1e-6, abs=1e-8)
