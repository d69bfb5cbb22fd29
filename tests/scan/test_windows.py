"""A window that moves along with the steps of a loop is a slice, in both passes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import derivo
from derivo.emit.jax_text import jax_text


def correlate(x, w):
    k = len(w)
    out = np.zeros(len(x) - k + 1)
    for i in range(len(x) - k + 1):
        out[i] = np.sum(x[i : i + k] * w)
    return out


def convolve(x, w):
    (h, b), (k, _) = x.shape, w.shape
    out = np.zeros((h - k + 1, b - k + 1))
    for i in range(h - k + 1):
        for j in range(b - k + 1):
            out[i, j] = np.sum(x[i : i + k, j : j + k] * w)
    return out


def pooled(x):
    out = np.zeros(len(x) // 2)
    for i in range(len(x) // 2):
        out[i] = np.max(x[2 * i : 2 * i + 2])
    return out


def averaged(x):
    return np.array([np.mean(x[t : t + 4]) for t in range(len(x) - 3)])


def columns(x, w):
    out = []
    for t in range(x.shape[1] - 2):
        out.append(x[:, t : t + 3].ravel() @ w)  # noqa: PERF401
    return np.stack(out)


def backwards(x, w):
    h = np.zeros(2)
    for t in reversed(range(len(x) - 1)):
        h = np.tanh(x[t : t + 2] * w + h)
    return h


CASES: dict[Any, dict[str, Any]] = {
    correlate: {"x": "N", "w": "K"}, convolve: {"x": "N B", "w": "3 3"},
    pooled: {"x": "2*N"}, averaged: {"x": "N"}, columns: {"x": "K N", "w": "3*K"},
    backwards: {"x": "N", "w": "2"},
}  # fmt: skip
SIZES = {"N": 6, "B": 5, "K": 3, "2*N": 8, "3*K": 9, "2": 2, "3": 3}
EVERY = pytest.mark.parametrize("function", CASES, ids=lambda f: f.__name__)


def values(function):
    rng = np.random.default_rng(0)
    return {
        name: rng.normal(size=[SIZES[word] for word in spec.split()])
        for name, spec in CASES[function].items()
    }


@EVERY
def test_a_window_is_a_slice_that_is_read_and_added_to(function):
    source = derivo.derive(function, **CASES[function]).source
    forward, backward = source.split("_backward(")
    for text in (forward, backward):
        assert ".at(" not in text
        assert "places +" not in text
    assert "] += " in backward
    assert "window_all" not in source  # the array itself is kept, and no copies


@EVERY
def test_its_gradients_are_right_in_numpy_and_compiled(function):
    derived = derivo.derive(function, **CASES[function])
    given = values(function)
    np.testing.assert_allclose(derived(**given), function(**given), rtol=1e-12)
    report = derived.check(trials=1)
    assert report.ok, str(report)
    compiled = derived.compile("c").gradients(**given)
    for name, gradient in derived.gradients(**given).items():
        np.testing.assert_allclose(compiled[name], gradient, rtol=1e-12, atol=1e-13)


def test_jax_adds_to_a_slice():
    text = jax_text(derivo.derive(correlate, **CASES[correlate]).source)
    assert "d_x = d_x.at[i:i + w.shape[0]].add(w * d_out[i])" in text


def test_a_window_that_leaves_the_array_is_refused():
    def over(x):
        out = np.zeros(len(x))
        for t in range(len(x)):
            out[t] = np.sum(x[t : t + 3])
        return out

    def before(x):
        out = np.zeros(len(x))
        for t in range(len(x)):
            out[t] = np.sum(x[t - 1 : t + 1])
        return out

    for function in (over, before):
        with pytest.raises(derivo.errors.ShapeError, match="longer in some steps"):
            derivo.derive(function, x="N")
