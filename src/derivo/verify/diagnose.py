"""Guessing what is wrong with an adjoint from its values and the right ones."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import numpy as np

# Two arrays that agree this well agree: numerical derivatives are good to 1e-6.
CLOSE = 1e-5

# Said where nothing better is known.
UNKNOWN = "the rule is wrong"


def diagnose(got: Any, expected: Any, others: Mapping[str, Any] | None = None) -> str:
    """Say in words how `got` differs from `expected`.

    Parameters
    ----------
    got, expected
        An adjoint and what it should be.
    others
        Right adjoints of other operands, by their names: `got` may be one of them.
    """
    got, expected = np.asarray(got, dtype=float), np.asarray(expected, dtype=float)
    if not np.all(np.isfinite(got)):
        return "the value is infinite or not a number"
    guesses = (
        _belongs_to_another,
        _shape,
        _zero,
        _factor,
        _transposed,
        _lost_sum,
        _mask,
    )
    for guess in guesses:
        text = guess(got, expected, others or {})
        if text:
            return text
    error = np.max(np.abs(got - expected)) / max(np.max(np.abs(expected)), 1e-300)
    if error < 1e-4:
        return "precision: a constant has too few digits, or digits cancel"
    return UNKNOWN


def same(a: Any, b: Any) -> bool:
    """Tell whether two arrays agree as well as numerical derivatives can."""
    if np.shape(a) != np.shape(b):
        return False
    scale = max(np.max(np.abs(a), initial=0), np.max(np.abs(b), initial=0))
    return bool(np.max(np.abs(np.subtract(a, b)), initial=0) <= CLOSE * scale)


def _belongs_to_another(got: Any, expected: Any, others: Mapping[str, Any]) -> str:
    for name, value in others.items():
        if np.any(value) and same(got, value) and not same(expected, value):
            return f"this is the adjoint of {name}: operands are swapped"
    return ""


def _shape(got: Any, expected: Any, _others: Mapping[str, Any]) -> str:
    if got.shape == expected.shape:
        return ""
    if got.shape == expected.shape[::-1]:
        return f"a transpose is missing: {got.shape} for {expected.shape}"
    if got.size > expected.size:
        return f"a sum is missing: {got.shape} for {expected.shape}"
    return f"the shape is {got.shape}, but should be {expected.shape}"


def _zero(got: Any, expected: Any, _others: Mapping[str, Any]) -> str:
    if not np.any(got):
        return "no gradient arrives: it is zero throughout"
    if not np.any(np.abs(expected) > CLOSE * np.max(np.abs(got))):
        return "there should be no gradient here"
    return ""


def _factor(got: Any, expected: Any, _others: Mapping[str, Any]) -> str:
    factor = float(np.vdot(expected, got) / np.vdot(expected, expected))
    if got.size < 2 and not np.isclose(abs(factor), np.round(abs(factor)), rtol=CLOSE):
        return ""  # one number is always a multiple of another
    if factor == 0 or not same(got, factor * expected):
        return ""
    if np.isclose(factor, -1, rtol=CLOSE):
        return "the sign is wrong"
    if np.isclose(factor, 1, rtol=10 * CLOSE):
        return ""
    return f"a factor is wrong: everything is {simple_number(factor)} times too large"


def simple_number(value: float) -> str:
    """Write a number, as a fraction of small integers where it is one."""
    for d in range(1, 65):
        n = round(value * d)
        if n and abs(value * d - n) < CLOSE * abs(n):
            return str(n) if d == 1 else f"{n}/{d}"
    return f"{value:.6g}"


def _transposed(got: Any, expected: Any, _others: Mapping[str, Any]) -> str:
    if got.ndim < 2:
        return ""
    for axes in itertools.permutations(range(got.ndim)):
        if axes == tuple(range(got.ndim)):
            continue
        if same(np.transpose(got, axes), expected):
            return "a transpose is missing, or there is one too many"
    return ""


def _lost_sum(got: Any, expected: Any, _others: Mapping[str, Any]) -> str:
    for axis in range(got.ndim):
        summed = np.broadcast_to(got.sum(axis=axis, keepdims=True), got.shape)
        if got.shape[axis] > 1 and same(summed, expected):
            return f"a sum along axis {axis} is missing"
        if got.shape[axis] > 1 and same(summed / got.shape[axis], expected):
            return f"a mean along axis {axis} is missing"
    return ""


def _mask(got: Any, expected: Any, _others: Mapping[str, Any]) -> str:
    """Recognise elements that were let through, or stopped, in the wrong places."""
    tiny = CLOSE * max(np.max(np.abs(got)), np.max(np.abs(expected)))
    right = np.abs(got - expected) <= tiny
    stopped, passed = np.abs(got) <= tiny, np.abs(expected) <= tiny
    if np.all(right | stopped | passed) and np.any(right) and not np.all(right):
        return (
            "the mask is wrong: "
            f"{np.count_nonzero(~right & stopped)} of {got.size} elements are stopped "
            f"and {np.count_nonzero(~right & ~stopped)} let through by mistake"
        )
    return ""
