"""Loops over values that lie in no list: ``for w, b in ((w1, b1), (w2, b2), ...)``."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import derivo
from derivo.graph.nest import paths, rebuilt


def layer(x, w, b):
    return np.tanh(x @ w + b)


def pairs(x, w1, b1, w2, b2, w3, b3, w4, b4):
    h = x
    for w, b in ((w1, b1), (w2, b2), (w3, b3), (w4, b4)):
        n = h @ w + b
        h = np.maximum(n, 0.1 * n)
    return h


def calls(x, w1, w2, w3, w4, w5, w6, b):
    for w in (w1, w2, w3, w4, w5, w6):
        x = layer(x, w, b)
    return x


def beside_a_list(x, layers, b1, b2, b3):
    for w, b in zip(layers, (b1, b2, b3), strict=True):
        x = np.tanh(x @ w + b)
    return x


def numbered(x, w1, w2, w3, w4):
    for k, w in enumerate((w1, w2, w3, w4)):
        x = np.tanh(x @ w) * np.cos(x) + x * (k + 1)
    return x


def parts_of_tuples(x, layers):
    for w, (g, b) in layers:
        x = np.tanh(x @ w) * g + b
    return x


def one_twice(x, w1, w2):
    for w in (w1, w2, w1, w2):
        x = np.tanh(x @ w) + np.sin(x) * x
    return x


def shortest(x, w1, w2, w3):
    total = np.sum(x**2)
    for w in (w1, w2, w3):
        total = total + np.sum(w**2)
    return total


SQUARE = "M M"
CASES: dict[Any, dict[str, Any]] = {
    pairs: {"x": "N M"} | {f"{n}{k}": s for k in (1, 2, 3, 4)
                           for n, s in (("w", SQUARE), ("b", "M"))},
    calls: {"x": "N M", **{f"w{k}": SQUARE for k in range(1, 7)}, "b": "M"},
    beside_a_list: {"x": "N M", "layers": [SQUARE] * 3,
                    **{f"b{k}": "M" for k in (1, 2, 3)}},
    numbered: {"x": "N M", **{f"w{k}": SQUARE for k in range(1, 5)}},
    parts_of_tuples: {"x": "N M", "layers": [(SQUARE, ("M", "M"))] * 3},
    one_twice: {"x": "N M", "w1": SQUARE, "w2": SQUARE},
    shortest: {"x": "N M", "w1": "M", "w2": "M", "w3": "M"},
}  # fmt: skip


@pytest.mark.parametrize("function", CASES, ids=lambda f: f.__name__)
def test_gradients_are_right(function):
    report = derivo.derive(function, **CASES[function]).check(trials=1, order=1)
    assert report.ok, str(report)


@pytest.mark.parametrize("function", CASES, ids=lambda f: f.__name__)
def test_some_gradients_are_those_among_all(function):
    """The gradients of some arguments alone need other steps back, or none."""
    specs = CASES[function]
    whole = derivo.derive(function, **specs)
    rng, sizes = np.random.default_rng(0), {"N": 4, "M": 3}
    values = rebuilt(
        specs, lambda s: rng.normal(size=[sizes[word] for word in s.split()])
    )
    every = dict(paths(whole.gradients(**values)))
    for name in (list(specs)[-1], list(specs)[1]):
        some = derivo.derive(function, wrt=name, **specs).gradients(**values)
        for path, gradient in paths(some):
            np.testing.assert_allclose(gradient, every[path], rtol=1e-12, err_msg=path)


@pytest.mark.parametrize(
    ("function", "head"),
    [
        (pairs, "for w, b in ((w1, b1), (w2, b2), (w3, b3), (w4, b4)):"),
        (calls, "for w in (w1, w2, w3, w4, w5, w6):"),
        (beside_a_list, "for w, b in zip(layers, (b1, b2, b3)):"),
    ],
)
def test_the_loop_is_the_users(function, head):
    source = derivo.derive(function, **CASES[function]).source
    assert head in source


def test_gradients_have_the_names_of_their_values():
    source = derivo.derive(pairs, **CASES[pairs]).source
    assert "d_w1, d_w2, d_w3, d_w4 = d_ws" in source


def test_short_steps_are_written_out():
    source = derivo.derive(shortest, **CASES[shortest]).source
    assert "    for " not in source
    assert "d_w2 = 2 * w2" in source
