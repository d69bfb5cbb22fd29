"""One backward function for several sets of wanted gradients, where they are near."""

from __future__ import annotations

import ast
import re
from typing import Any

import numpy as np
import pytest

import derivo
from derivo.graph.nest import paths, rebuilt

SIZES = {"N": 4, "M": 3}


def normal(x, g, b):
    m = x - np.mean(x, axis=1, keepdims=True)
    s = np.sqrt(np.mean(m * m, axis=1, keepdims=True) + 1e-5)
    return m / s * g + b


def mixed(x, w, v, g, b):
    """Four products of matrices, and a gain."""
    h = np.tanh(x @ w)
    h = np.sin(h @ v) + h
    h = np.tanh(h @ w) * h
    return np.cos(h @ v) * g + b


def perceptron(x, w, v):
    """Two layers: without the gradient of x, one product of four is saved."""
    return np.tanh(np.tanh(x @ w) @ v)


def linear(x, w, b):
    n = x @ w + b
    return np.tanh(n) * n


def gain_not_wanted(x, g, b):
    """The first call wants no gradient of g: it is no argument of the whole."""
    x = normal(x, np.cos(b * 0.0 + 2.0), b)
    return normal(x, g, b) * normal(x + 1.0, g, b)


def of_data(t, w, v, g, b):
    """The first call wants no gradient of its x."""
    return mixed(mixed(t, w, v, g, b), w, v, g, b)


def two_sets(x, y, g, b):
    """Neither set holds the other."""
    first = normal(x, np.ones(3), b)
    return normal(first, g, b) + normal(y, g, np.zeros(3))


def far(t, w, b):
    """The gradient of x is a product of matrices, as large as that of w."""
    return linear(linear(t, w, b), w, b)


def two_of_data(t, w, v):
    return perceptron(perceptron(t, w, v), w, v)


def outer(x, g, b):
    return np.sin(normal(x, g, b)) * x


def nested(t, x, g, b):
    """Functions that call functions; the gradients of g and b alone are far less."""
    return outer(t, g, b) * outer(x, g, b) + outer(outer(x, g, b), g, b)


MATRIX, ROW = "M M", "M"
CASES: dict[Any, tuple[dict[str, Any], tuple[str, ...], str, int]] = {
    gain_not_wanted: ({"x": "N M", "g": ROW, "b": ROW}, ("x", "g", "b"), "normal", 1),
    of_data: ({"t": "N M", "w": MATRIX, "v": MATRIX, "g": ROW, "b": ROW},
              ("w", "v", "g", "b"), "mixed", 1),
    two_sets: ({"x": "N 3", "y": "N 3", "g": "3", "b": "3"}, ("x", "g", "b"),
               "normal", 1),
    two_of_data: ({"t": "N M", "w": MATRIX, "v": MATRIX}, ("w", "v"), "perceptron", 1),
    far: ({"t": "N M", "w": MATRIX, "b": ROW}, ("w", "b"), "linear", 2),
    nested: ({"t": "N M", "x": "N M", "g": ROW, "b": ROW}, ("x", "g", "b"), "outer", 2),
}  # fmt: skip
EVERY = pytest.mark.parametrize("function", CASES, ids=lambda f: f.__name__)


@EVERY
def test_the_gradients_are_those_of_the_whole(function):
    specs, wrt, name, _ = CASES[function]
    kept = derivo.derive(function, wrt=wrt, keep=name, **specs)
    whole = derivo.derive(function, wrt=wrt, inline="*", **specs)
    rng = np.random.default_rng(0)
    values = rebuilt(
        specs,
        lambda s: rng.normal(size=[SIZES.get(word) or int(word) for word in s.split()]),
    )
    others = dict(paths(whole.gradients(**values)))
    for path, gradient in paths(kept.gradients(**values)):
        np.testing.assert_allclose(
            gradient, others[path], rtol=1e-8, atol=1e-10, err_msg=path
        )


@EVERY
def test_as_many_backward_functions_as_are_worth_their_lines(function):
    specs, wrt, name, count = CASES[function]
    source = derivo.derive(function, wrt=wrt, keep=name, **specs).source
    names = [n.name for n in ast.parse(source).body if isinstance(n, ast.FunctionDef)]
    assert len([n for n in names if n.startswith(f"{name}_backward")]) == count


def test_what_nobody_reads_is_dropped():
    specs, wrt, name, _ = CASES[of_data]
    source = derivo.derive(of_data, wrt=wrt, keep=name, **specs).source
    assert re.search(r" _, d_w\w*, d_v\w*, d_g\w*, d_b\w* = mixed_backward\(", source)
