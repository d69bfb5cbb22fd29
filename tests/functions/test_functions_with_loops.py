"""Functions that go through a loop over time, and loops beside functions."""

from __future__ import annotations

import ast
from typing import Any

import numpy as np
import pytest

import derivo
from derivo.graph.nest import paths, rebuilt

SIZES = {"T": 5, "N": 2, "L": 3}


def rnn(x, h, w, u):
    hs = []
    for t in range(len(x)):
        n = x[t] @ w + h @ u
        h = np.tanh(n)
        hs.append(h)
    return np.stack(hs)


def gated(x, w):
    """Two results, and a loop in a loop."""
    state, total = np.zeros(x.shape[1:]), 0.0
    for t in range(x.shape[0]):
        inner = x[t]
        for row in x:
            inner = inner + np.sin(row) @ w
        state = np.tanh(inner + state) * np.exp(-state * state)
        total = total + np.sum(state)
    return state, total


def block(x, w):
    n = x @ w
    z = np.maximum(n, 0.1 * n)
    return np.tanh(z) * z + np.sin(n)


def stacked(x, h, w1, u1, w2, u2):
    a = rnn(x, h, w1, u1)
    b = rnn(a, h, w2, u2)
    return np.sum(b**2)


def in_a_loop(x, h, layers):
    for w, u in layers:
        x = rnn(x, h, w, u)
    return x


def by_two_results(x, y, w):
    first, one = gated(x, w)
    second, other = gated(y, w)
    return first * second, one - other


def once(x, h, w, u, v):
    return rnn(x, h, w, u) @ v


def beside(x, h, w, u):
    """What every step reads is a helper's; so is what the loop runs along."""
    x = block(x, w)
    v = block(block(u, w), w)
    hs = []
    for t in range(len(x)):
        pre = x[t] @ w + h @ v
        h = np.tanh(pre) * np.exp(-pre * pre)
        hs.append(h)
    return np.stack(hs)


SQUARE = "L L"
CASES: dict[Any, dict[str, Any]] = {
    stacked: {"x": "T N L", "h": "N L", "w1": SQUARE, "u1": SQUARE, "w2": SQUARE,
              "u2": SQUARE},
    in_a_loop: {"x": "T N L", "h": "N L", "layers": [(SQUARE, SQUARE)] * 3},
    by_two_results: {"x": "T L", "y": "T L", "w": SQUARE},
    once: {"x": "T N L", "h": "N L", "w": SQUARE, "u": SQUARE, "v": SQUARE},
    beside: {"x": "T N L", "h": "N L", "w": SQUARE, "u": SQUARE},
}  # fmt: skip
KEPT = {stacked: "rnn", in_a_loop: "rnn", by_two_results: "gated", once: "rnn",
        beside: "block"}  # fmt: skip
EVERY = pytest.mark.parametrize("function", CASES, ids=lambda f: f.__name__)


def values_for(function):
    rng = np.random.default_rng(0)
    return rebuilt(
        CASES[function],
        lambda s: 0.5 * rng.normal(size=[SIZES[word] for word in s.split()]),
    )


@EVERY
@pytest.mark.parametrize("simplify", [True, False], ids=["short", "raw"])
def test_gradients_are_those_of_the_whole(function, simplify):
    specs, values = CASES[function], values_for(function)
    kept = derivo.derive(function, keep=KEPT[function], simplify=simplify, **specs)
    whole = derivo.derive(function, inline="*", **specs)
    result, gradients = kept.value_and_gradients(**values)
    for one, other in zip(
        np.atleast_1d(*(result if type(result) is tuple else (result,))),
        np.atleast_1d(*(p if type(p := function(**values)) is tuple else (p,))),
        strict=True,
    ):
        np.testing.assert_allclose(one, other, rtol=1e-12)
    others = dict(paths(whole.gradients(**values)))
    for path, gradient in paths(gradients):
        np.testing.assert_allclose(
            gradient, others[path], rtol=1e-9, atol=1e-11, err_msg=path
        )


@EVERY
def test_each_function_is_written_once(function):
    source = derivo.derive(function, keep=KEPT[function], **CASES[function]).source
    name = KEPT[function]
    names = [n.name for n in ast.parse(source).body if isinstance(n, ast.FunctionDef)]
    assert names.count(name) == 1
    assert f"{name}_backward" in names
    assert f" = {name}(" in source


def test_a_function_with_a_loop_that_is_called_twice_stays_without_being_asked():
    derived = derivo.derive(stacked, **CASES[stacked])
    assert "rnn stays a function" in [s.rule for s in derived.steps]
    assert derived.source.count("np.tanh(") == 1


def test_a_loop_beside_a_function_keeps_its_names():
    source = derivo.derive(beside, keep="block", **CASES[beside]).source
    assert "pre = x_3[t] @ w + " in source or "pre = x_2[t] @ w + " in source
    assert "carry" not in source


def test_second_derivatives_go_through_a_function_with_a_loop():
    report = derivo.derive(once, keep="rnn", **CASES[once]).check(trials=1)
    assert report.ok, str(report)
