"""Closed forms that public code computes: derived no longer than by hand.

Each forward pass stands beside the backward pass that people write for it, which is
checked against it, and whose operations are counted by the rule of the textbook.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import derivo
from derivo.cli.textbook.count import backward_operations, count_operations

INT, HOT = "int", "one hot"


def log_sum_exp(a):
    m = a.max()
    return np.log(np.sum(np.exp(a - m))) + m


def log_sum_exp_backward(a):
    e = np.exp(a - a.max())
    s = e.sum()
    return saved(e / s)


def tempered(a, t):
    return t * np.log(np.sum(np.exp(a / t)))


def tempered_backward(a, t):
    u = a / t
    e = np.exp(u - u.max())
    s = e.sum()
    lse = u.max() + np.log(s)
    return saved(p := e / s, lse - np.sum(p * u))


def scaled(a, c):
    m = a.max()
    return c * (m + np.log(np.sum(np.exp(a - m))))


def scaled_backward(a, c):
    e = np.exp(a - a.max())
    s = e.sum()
    lse = a.max() + np.log(s)
    return saved(c * (e / s), lse)


def picked_then_divided(x, y):
    e = np.exp(x - np.max(x, axis=1, keepdims=True))
    return -np.mean(np.log(e[np.arange(x.shape[0]), y] / np.sum(e, axis=1)))


def taken_then_divided(x, y):
    e = np.exp(x - np.max(x, axis=1, keepdims=True))
    right = np.take_along_axis(e, y[:, None], axis=1)
    return -np.mean(np.log(right / np.sum(e, axis=1, keepdims=True)))


def picked_logarithms(x, y):
    e = np.exp(x - np.max(x, axis=1, keepdims=True))
    right = e[np.arange(x.shape[0]), y]
    return np.mean(np.log(np.sum(e, axis=1)) - np.log(right))


def picked_logits(x, y):
    s = x - np.max(x, axis=1, keepdims=True)
    return np.mean(np.log(np.sum(np.exp(s), axis=1)) - s[np.arange(x.shape[0]), y])


def softmax_loss_backward(x, y):
    e = np.exp(x - np.max(x, axis=1, keepdims=True))
    s = np.sum(e, axis=1, keepdims=True)
    return saved((e / s - np.eye(x.shape[1])[y]) / x.shape[0])


def row_maximum_taken_away(x):
    m = np.max(x, axis=1, keepdims=True)
    return np.log(np.sum(np.exp(x - m), axis=1)) + m[:, 0]


def row_maximum_taken_away_backward(d, x):
    e = np.exp(x - np.max(x, axis=1, keepdims=True))
    s = np.sum(e, axis=1, keepdims=True)
    return saved(d[:, None] * (e / s))


def z_loss(z):
    m = np.max(z, axis=1)
    lse = m + np.log(np.sum(np.exp(z - m[:, None]), axis=1))
    return np.mean(lse**2)


def z_loss_backward(z):
    m = np.max(z, axis=1, keepdims=True)
    e = np.exp(z - m)
    s = np.sum(e, axis=1, keepdims=True)
    lse = m + np.log(s)
    return saved(2 / z.shape[0] * lse * (e / s))


def smoothed_with_z_loss(z, t):
    q = 0.9 * t + 0.1 / z.shape[1]
    m = np.max(z, axis=1, keepdims=True)
    lse = m + np.log(np.sum(np.exp(z - m), axis=1, keepdims=True))
    return -np.mean(np.sum(q * (z - lse), axis=1)) + 1e-4 * np.mean(lse**2)


def smoothed_with_z_loss_backward(z, t):
    q = 0.9 * t + 0.1 / z.shape[1]
    m = np.max(z, axis=1, keepdims=True)
    e = np.exp(z - m)
    s = np.sum(e, axis=1, keepdims=True)
    lse = m + np.log(s)
    return saved((e / s * (1 + 2e-4 * lse) - q) / z.shape[0])


def trace_of_product(a, b):
    return np.trace(a @ b)


def trace_of_product_backward(a, b):
    return saved(b.T, a.T)


def quadratic_trace(x, a):
    return np.trace(x.T @ a @ x)


def quadratic_trace_backward(x, a):
    return saved((a + a.T) @ x, x @ x.T)


def slid(x, w):
    return np.correlate(x, w, "valid")


def slid_backward(d, x, w):
    return saved(np.convolve(d, w), np.correlate(x, d))


def convolved(x, w):
    return np.convolve(x, w[::-1], mode="valid")


def convolved_backward(d, x, w):
    return saved(np.convolve(d, w), np.convolve(x[::-1], d, mode="valid")[::-1])


def sunk(s):
    e = np.exp(s)
    return e / (1 + np.sum(e, axis=1, keepdims=True))


def sunk_backward(d, s):
    e = np.exp(s)
    p = e / (1 + np.sum(e, axis=1, keepdims=True))
    return saved(p * (d - np.sum(d * p, axis=1, keepdims=True)))


def reversed_rows(x, w):
    return np.sum(x[::-1] * w)


def reversed_rows_backward(x, w):
    return saved(w[::-1], x[::-1])


def diagonal_scaling(x, v):
    return np.sum(np.tanh(x @ np.diag(v)))


def diagonal_scaling_backward(x, v):
    y = np.tanh(x @ np.diag(v))
    return saved((g := 1 - y**2) * v, np.sum(g * x, axis=0))


FORMS: list[tuple[Callable[..., Any], Callable[..., Any], dict[str, Any]]] = [
    (log_sum_exp, log_sum_exp_backward, {"a": "S"}),
    (tempered, tempered_backward, {"a": "S", "t": ""}),
    (scaled, scaled_backward, {"a": "S", "c": ""}),
    (picked_then_divided, softmax_loss_backward, {"x": "N C", "y": INT}),
    (taken_then_divided, softmax_loss_backward, {"x": "N C", "y": INT}),
    (picked_logarithms, softmax_loss_backward, {"x": "N C", "y": INT}),
    (picked_logits, softmax_loss_backward, {"x": "N C", "y": INT}),
    (row_maximum_taken_away, row_maximum_taken_away_backward, {"x": "N C"}),
    (z_loss, z_loss_backward, {"z": "N C"}),
    (smoothed_with_z_loss, smoothed_with_z_loss_backward, {"z": "N C", "t": HOT}),
    (trace_of_product, trace_of_product_backward, {"a": "N C", "b": "C N"}),
    (quadratic_trace, quadratic_trace_backward, {"x": "N C", "a": "N N"}),
    (slid, slid_backward, {"x": "N", "w": "3"}),
    (convolved, convolved_backward, {"x": "N", "w": "3"}),
    (sunk, sunk_backward, {"s": "N C"}),
    (reversed_rows, reversed_rows_backward, {"x": "N C", "w": "N C"}),
    (diagonal_scaling, diagonal_scaling_backward, {"x": "N C", "v": "C"}),
]
SIZES = {"S": 6, "N": 5, "C": 4, "3": 3}


def saved(*gradients: Any) -> tuple[Any, ...]:
    """Mark the line that is the backward pass: the lines above it are kept."""
    return gradients


def by_hand(function: Callable[..., Any]) -> int:
    """Count the operations of the line that is the backward pass."""
    (tree,) = ast.parse(textwrap.dedent(inspect.getsource(function))).body
    assert isinstance(tree, ast.FunctionDef)
    returned = tree.body[-1]
    assert isinstance(returned, ast.Return)
    assert isinstance(returned.value, ast.Call)
    return sum(count_operations(argument) for argument in returned.value.args)


def drawn(specs: dict[str, Any]) -> dict[str, Any]:
    """Draw arguments of the shapes that are given; labels are below 3."""
    rng = np.random.default_rng(0)
    arrays: dict[str, Any] = {}
    for name, spec in specs.items():
        labels = rng.integers(0, 3, SIZES["N"])
        if spec in (INT, HOT):
            arrays[name] = labels if spec == INT else np.eye(SIZES["C"])[labels]
        else:
            arrays[name] = rng.normal(size=tuple(SIZES[d] for d in spec.split()))
    return arrays


@pytest.mark.parametrize(("forward", "backward", "specs"), FORMS,
                         ids=[f[0].__name__ for f in FORMS])  # fmt: skip
def test_a_closed_form_is_no_longer_than_by_hand(forward, backward, specs):
    known = {INT: derivo.Spec("N", "int"), HOT: "N C"}
    given = {k: known.get(s, s) for k, s in specs.items()}
    wrt = [k for k, s in specs.items() if s not in known]
    d = derivo.derive(forward, wrt=wrt, **given)
    assert backward_operations(d.source, d.name) <= by_hand(backward), d.source
    arrays = drawn(specs)
    result = forward(**arrays)
    adjoint = np.cos(np.arange(np.size(result))).reshape(np.shape(result))
    upstream = (adjoint,) if adjoint.ndim else ()
    expected = backward(*upstream, **arrays)
    found = d.gradients(*upstream, **arrays)
    for name, gradient in zip(d.wrt, expected, strict=True):
        np.testing.assert_allclose(found[name], gradient, rtol=1e-9, atol=1e-11)
