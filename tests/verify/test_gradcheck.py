"""Gradients of other programs, checked against a NumPy forward pass."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import derivo
from derivo.errors import UsageError

SPECS: dict[str, Any] = {"x": "N L", "w": "L M"}


def f(x, w):
    return np.mean(np.tanh(x @ w))


def right(x, w):
    h = np.tanh(x @ w)
    d = (1 - h**2) / h.size
    return np.mean(h), (d @ w.T, x.T @ d)


def in_float32(x, w):
    value, gradients = right(x.astype(np.float32), w.astype(np.float32))
    return value, dict(zip(("x", "w"), gradients, strict=True))


def summed(x, w):
    value, (dx, dw) = right(x, w)
    return value, (dx, dw * np.tanh(x @ w).size)


def another_function(x, w):
    value, gradients = right(x, w)
    return 2 * value, gradients


def raises(x, w):
    return x @ w.T


def test_right_gradients_pass_in_either_type():
    for g in (right, in_float32):
        report = derivo.gradcheck(f, g, **SPECS)
        assert report.ok, str(report)
        assert [r.name for r in report.rows] == ["the value", "x", "w"]
    arrays = {"x": np.ones((2, 3)), "w": np.ones((3, 4))}
    assert derivo.gradcheck(f, right, arrays=arrays).ok


def test_a_wrong_gradient_is_named_with_its_cause():
    (row,) = derivo.gradcheck(f, summed, **SPECS).failures
    assert row.name == "w"
    assert "`mean` divides by the number of elements" in row.cause


def test_another_value_is_said():
    (row,) = derivo.gradcheck(f, another_function, **SPECS).failures
    assert row.cause == "it computes another function than f"


def test_errors_of_the_users_code_are_told_with_their_line():
    report = derivo.gradcheck(f, raises, **SPECS)
    assert "ValueError" in report.failures[0].cause
    assert "x is (5, 3)" in report.failures[0].cause
    written = report.failures[0].written
    assert written is not None
    assert written.text == "return x @ w.T"
    with pytest.raises(UsageError, match="return value, gradients"):
        derivo.gradcheck(f, lambda x, w: x, **SPECS)


def test_a_jax_function():
    jax = pytest.importorskip("jax")
    jnp = jax.numpy

    def loss(x, w):
        return jnp.mean(jnp.tanh(x @ w))

    def g(x, w):
        return jax.value_and_grad(loss, argnums=(0, 1))(x, w)

    assert derivo.gradcheck(f, g, **SPECS).ok
