"""Helpers that the step of a loop over time calls stay functions of their own."""

from __future__ import annotations

import ast
import os
import warnings
from typing import Any

import numpy as np
import pytest

import derivo
from derivo.emit.jax_text import jax_text
from derivo.errors import IndependentWarning, UsageError
from derivo.graph.nest import paths
from tests.scan.random_loops import SPECS, generate
from tests.scan.test_random_loops import extrapolated
from tests.verify.test_check import rule_of

COUNT = 200 if os.environ.get("DERIVO_FUZZ") == "intense" else 8
LARGEST = 1e6
SIZES = {"T": 4, "N": 2, "D": 3, "H": 2}


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def cell(x, h, c, w, u, b):
    n = h.shape[1]
    a = x @ w + h @ u + b
    i = sigmoid(a[:, :n])
    f = sigmoid(a[:, n : 2 * n])
    o = sigmoid(a[:, 2 * n : 3 * n])
    g = np.tanh(a[:, 3 * n :])
    c = f * c + i * g
    return o * np.tanh(c), c


def lstm(x, h, w, u, b):
    c = np.zeros(h.shape)
    hs = []
    for t in range(x.shape[1]):
        h, c = cell(x[:, t], h, c, w, u, b)
        hs.append(h)
    return np.stack(hs, axis=1)


def scanned(x, h, w, u, b):
    def step(carry, x):
        h, c = carry
        h, c = cell(x, h, c, w, u, b)
        return (h, c), h

    _, hs = derivo.scan(step, (h, np.zeros(h.shape)), np.swapaxes(x, 0, 1))
    return np.swapaxes(hs, 0, 1)


def backwards(x, h, w, u, b):
    c = np.ones(h.shape)
    for t in reversed(range(x.shape[1])):
        h, c = cell(x[:, t], h, c, w, u, b)
    return h * c


def from_the_second(x, h, w, u, b):
    c = np.zeros(h.shape)
    for t in range(1, x.shape[1]):
        h, c = cell(x[:, t] - x[:, t - 1], h, c, w, u, b)
    return h


def in_a_function(x, h, w, u, b):
    """A function that stays one, with a loop that calls another."""
    first = lstm(x, h, w, u, b)
    return lstm(-x, first[:, -1], w, u, b) * first


def in_a_loop_of_a_loop(x, h, w, u, b):
    c = np.zeros(h.shape)
    for t in range(x.shape[1]):
        for k in range(x.shape[1]):
            h, c = cell(x[:, t] * x[:, k], h, c, w, u, b)
        c = c * 0.5
    return h


def twice_in_a_step(x, h, w, u, b):
    """The second reads what the first gives, and one result is read by nobody."""
    c = np.zeros(h.shape)
    for t in range(x.shape[1]):
        h, c = cell(x[:, t], h, c, w, u, b)
        h, _ = cell(x[:, t], h, h * c, w, u, b)
    return np.sum(h * c)


LSTM: dict[str, Any] = {
    "x": "N T D",
    "h": "N H",
    "w": "D 4*H",
    "u": "H 4*H",
    "b": "4*H",
}
CASES = (
    lstm, scanned, backwards, from_the_second, in_a_function, in_a_loop_of_a_loop,
    twice_in_a_step,
)  # fmt: skip
EVERY = pytest.mark.parametrize("function", CASES, ids=lambda f: f.__name__)


def values() -> dict[str, Any]:
    rng = np.random.default_rng(0)
    shapes = {"x": (2, 4, 3), "h": (2, 2), "w": (3, 8), "u": (2, 8), "b": (8,)}
    return {name: rng.normal(size=shape) * 0.5 for name, shape in shapes.items()}


def functions_in(source: str) -> dict[str, ast.FunctionDef]:
    tree = ast.parse(source).body
    return {n.name: n for n in tree if isinstance(n, ast.FunctionDef)}


def calls_in_loops(function: ast.FunctionDef) -> list[str]:
    loops = [n for n in ast.walk(function) if isinstance(n, ast.For)]
    calls = {n for loop in loops for n in ast.walk(loop) if isinstance(n, ast.Call)}
    return [n.func.id for n in calls if isinstance(n.func, ast.Name)]


@EVERY
@pytest.mark.parametrize("simplify", [True, False], ids=["short", "raw"])
def test_gradients_are_those_of_the_whole(function, simplify):
    kept = derivo.derive(function, simplify=simplify, **LSTM)
    assert "def cell_backward(" in kept.source
    whole = derivo.derive(function, inline="*", **LSTM)
    assert "def cell" not in whole.source
    result, gradients = kept.value_and_gradients(**values())
    np.testing.assert_allclose(result, function(**values()), rtol=1e-12)
    others = dict(paths(whole.gradients(**values())))
    for path, gradient in paths(gradients):
        np.testing.assert_allclose(
            gradient, others[path], rtol=1e-9, atol=1e-12, err_msg=path
        )


def test_a_cell_is_called_in_both_loops_under_the_users_name():
    functions = functions_in(derivo.derive(lstm, **LSTM).source)
    assert list(functions) == ["cell", "cell_backward", "lstm", "lstm_backward"]
    assert [a.arg for a in functions["cell"].args.args] == list("xhcwub")
    assert calls_in_loops(functions["lstm"]).count("cell") == 1
    assert calls_in_loops(functions["lstm_backward"]).count("cell_backward") == 1


def test_keep_and_inline_are_obeyed_in_loops():
    kept = derivo.derive(lstm, keep="sigmoid", **LSTM)
    assert "sigmoid" in functions_in(kept.source)
    assert "sigmoid_backward(" in kept.source
    inlined = derivo.derive(lstm, inline="cell", **LSTM)
    assert list(functions_in(inlined.source)) == ["lstm", "lstm_backward"]
    with pytest.raises(UsageError, match=r"not among the functions .* cell, sigmoid"):
        derivo.derive(lstm, keep="gate", **LSTM)


def test_what_is_short_is_written_out_in_a_loop():
    def decayed(h, x):
        return 0.9 * h + x

    def smooth(x):
        h = np.zeros(x.shape[1])
        for t in range(len(x)):
            h = decayed(h, x[t])
        return h

    derived = derivo.derive(smooth, x="T D")
    assert list(functions_in(derived.source)) == ["smooth", "smooth_backward"]
    assert "decayed is written out: it is short" in [s.rule for s in derived.steps]


def test_what_becomes_shorter_is_written_out_in_a_loop():
    def probabilities(h, v):
        z = h @ v
        e = np.exp(z - np.max(z))
        return e / np.sum(e)

    def loss(x, w, v, y):
        h, total = np.zeros(w.shape[0]), 0.0
        for t in range(len(x)):
            h = np.tanh(x[t] + h @ w)
            total = total - np.sum(y[t] * np.log(probabilities(h, v)))
        return total

    specs: dict[str, Any] = {"x": "T D", "w": "D D", "v": "D K", "y": "T K"}
    derived = derivo.derive(loss, **specs)
    wanted = "probabilities is written out in loss: its backward pass is shorter so"
    assert wanted in [s.rule for s in derived.steps]
    functions = functions_in(derived.source)
    assert list(functions) == ["loss", "loss_gradient", "loss_backward"]
    kept = derivo.derive(loss, **specs, keep="probabilities")
    assert "probabilities" in functions_in(kept.source)


def test_a_closed_over_array_and_a_setting_are_arguments_and_text():
    def outer(x, w, scale):
        v = np.tanh(w)

        def cell(x, h, k):
            z = np.tanh(x @ v + h) * k
            return z * np.exp(-z * h) + np.sin(z)

        h = np.zeros(x.shape[1])
        for t in range(len(x)):
            h = cell(x[t], h, scale)
        return h

    derived = derivo.derive(outer, x="T D", w="D D", static={"scale": 2.0})
    functions = functions_in(derived.source)
    assert [a.arg for a in functions["cell"].args.args] == ["x", "h", "v"]
    assert derived.source.count("np.tanh(w)") == 1
    assert derived.check(trials=1).ok


def test_the_number_of_a_step_is_an_argument():
    def decayed(v, n):
        z = np.tanh(v) * n + 1
        return np.sin(z) * z + v * n

    def total(xs):
        h = np.zeros(xs.shape[1])
        for t in range(1, len(xs)):
            h = decayed(xs[t] + h, t + 1)
        return h

    derived = derivo.derive(total, xs="T D")
    assert [a.arg for a in functions_in(derived.source)["decayed"].args.args] == [
        "v", "n",
    ]  # fmt: skip
    assert ", t + 1)" in derived.source
    assert derived.check(trials=1).ok


def test_check_is_right_with_second_derivatives():
    report = derivo.derive(lstm, **LSTM).check(trials=1)
    assert report.ok, str(report)
    assert "Second derivatives: right" in str(report)


def test_a_wrong_rule_in_a_helper_is_found_by_its_line():
    with rule_of("tanh", lambda g, y, _x: (g * (1 - y),)):
        report = derivo.derive(lstm, **LSTM).check(trials=1)
    assert not report.ok
    assert "g = np.tanh(a[:, 3 * n :])" in str(report)


def test_it_is_explained_with_the_steps_written_out():
    told = str(derivo.derive(lstm, **LSTM).explain(level="matrix"))
    assert "cell(" not in told
    assert "tanh(" in told
    told = str(derivo.derive(in_a_function, **LSTM).explain(level="matrix"))
    assert "lstm(" in told
    assert "cell(" not in told


def test_text_for_jax_writes_into_no_list():
    text = jax_text(derivo.derive(backwards, **LSTM).source)
    assert ".at[" in text
    assert not [line for line in text.splitlines() if "cells.at[" in line]


def test_no_step_at_all():
    given = values() | {"x": np.zeros((2, 0, 3))}
    result, gradients = derivo.derive(backwards, **LSTM).value_and_gradients(**given)
    np.testing.assert_array_equal(result, given["h"])
    np.testing.assert_array_equal(gradients["h"], np.ones((2, 2)))
    assert not np.any(gradients["w"])


def test_float32_stays_float32():
    given = {k: v.astype(np.float32) for k, v in values().items()}
    result, gradients = derivo.derive(lstm, **LSTM).value_and_gradients(**given)
    kinds = {v.dtype for v in (result, *gradients.values())}
    assert kinds == {np.dtype(np.float32)}


# In 173 a function reads the number of the step by another one, which it calls.
@pytest.mark.parametrize("seed", sorted({*range(COUNT), 173}))
def test_random_programs_agree_with_the_whole_and_with_differences(seed):
    program = generate(seed, helpers=True)
    written = program.function()

    def function(**given):
        return written(**{k: np.copy(v) for k, v in given.items()})

    main = program.text.split("def f(")[1]
    called = [name for name in ("g0", "g1", "g2") if f"{name}(" in main]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", IndependentWarning)
        kept = derivo.derive(written, shapes=SPECS, verify=False, keep=called)
        whole = derivo.derive(written, shapes=SPECS, verify=False, inline="*")
    rng = np.random.default_rng(seed)
    for steps in (1, 3):
        arrays = program.arrays(steps)
        value, gradients = kept.value_and_gradients(**arrays)
        np.testing.assert_allclose(value, function(**arrays), rtol=1e-10, atol=1e-12)
        others = whole.gradients(**arrays)
        for name, gradient in gradients.items():
            size = 1 + np.abs(others[name]).max()
            np.testing.assert_allclose(
                gradient, others[name], rtol=1e-9, atol=1e-10 * size, err_msg=name
            )
            direction = rng.normal(size=np.shape(arrays[name]))
            wanted = extrapolated(function, arrays, name, direction)
            scale = np.abs(gradient * direction).sum() + abs(wanted) + 1
            # Differences tell no slope of what grows beyond all bounds.
            if abs(value) < LARGEST:
                assert abs(np.sum(gradient * direction) - wanted) < 1e-6 * scale, name
