"""What the function calls by a name goes by that name in the emitted code."""

import ast
from typing import Any

import numpy as np

import derivo


def normalised(x, gamma):
    mean = np.mean(x, axis=1, keepdims=True)
    variance = np.mean((x - mean) ** 2, axis=1, keepdims=True)
    h = (x - mean) / np.sqrt(variance + 1e-5)
    return gamma * h


def test_no_value_in_between_takes_a_name_of_the_users():
    d = derivo.derive(normalised, x="N M", gamma="M")
    space: dict[str, Any] = {}
    exec(d.source, space)  # noqa: S102
    rng = np.random.default_rng(0)
    x, gamma = rng.normal(size=(3, 4)), rng.normal(size=4)
    _, saved = space["normalised"](x, gamma)
    forward, *_ = (
        f for f in ast.parse(d.source).body if isinstance(f, ast.FunctionDef)
    )
    returned = ast.unparse(forward.body[-1])  # return gamma * h + ..., (gamma, h, ...)
    names = returned.rpartition("(")[2].rstrip(")").split(", ")
    kept = dict(zip(names, saved, strict=True))
    centred = x - x.mean(axis=1, keepdims=True)
    expected = centred / np.sqrt((centred**2).mean(axis=1, keepdims=True) + 1e-5)
    np.testing.assert_allclose(kept["h"], expected, rtol=1e-14)


def test_of_two_values_with_one_name_the_first_has_it():
    def again(x, w):
        h = np.tanh(x @ w)
        h = np.tanh(h @ w)
        return h * 2

    source = derivo.derive(again, x="N L", w="L L").source
    assert "    h = np.tanh(x @ w)" in source
    assert "    h_2 = np.tanh(h @ w)" in source
