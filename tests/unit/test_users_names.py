"""What the function calls by a name goes by that name in the emitted code."""

import ast
import re
from typing import Any

import numpy as np
import pytest

import derivo
from tests.catalogue import CASES


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


def assigned(function: ast.FunctionDef) -> list[str]:
    """Give what the lines of a function assign to, in order."""
    targets = [t for n in ast.walk(function) if isinstance(n, ast.Assign)
               for t in n.targets]  # fmt: skip
    return [t.id for t in targets if isinstance(t, ast.Name)]


def both_passes(functions):
    """Give each function with its backward functions: another has names of its own."""
    found: dict[str, list[ast.FunctionDef]] = {}
    for f in functions:
        name = re.split("_backward|_gradient", f.name)[0]
        found.setdefault(name, []).append(f)
    return found.values()


@pytest.mark.parametrize("case", CASES.values(), ids=lambda c: c.name)
def test_a_name_means_one_thing_in_both_passes(case):
    d = derivo.derive(case.function, **case.specs)
    functions = [f for f in ast.parse(d.source).body if isinstance(f, ast.FunctionDef)]
    names = [name for f in functions for name in assigned(f)]
    again = {n for n in names if names.count(n) > 1}
    called = d.emitted.names
    written = {n: called[n] for n in d.emitted.lines.values() if n in called}
    # What is computed in both passes is one value under one name.
    assert again <= set(written.values())
    for passes in both_passes(functions):
        own = {
            n: called[n] for k, n in d.emitted.lines.items()
            if n in called and any(f.lineno <= k <= (f.end_lineno or 0) for f in passes)
        }  # fmt: skip
        assert len(set(own.values())) == len(own)


@pytest.mark.parametrize("case", CASES.values(), ids=lambda c: c.name)
def test_no_value_is_called_by_a_letter_that_the_user_did_not_choose(case):
    d = derivo.derive(case.function, **case.specs)
    own = set(d.graph.names.values())
    functions = [f for f in ast.parse(d.source).body if isinstance(f, ast.FunctionDef)]
    for name in (name for f in functions for name in assigned(f)):
        plain = re.sub(r"_\d+$", "", name.removeprefix("d_"))
        assert plain in own or len(plain) > 1 or plain == "p", name


def test_every_name_of_the_text_is_handed_out_as_data():
    d = derivo.derive(normalised, x="N M", gamma="M")
    for function in ast.parse(d.source).body:
        if isinstance(function, ast.FunctionDef):
            assert set(assigned(function)) <= set(d.emitted.names.values())
    adjoint = d.backward.adjoints[{n: k for k, n in d.graph.names.items()}["h"]]
    assert d.emitted.names[adjoint] == "d_h"


@pytest.mark.parametrize(
    ("function", "specs", "names"),
    [
        (lambda x, g: g * (x - x.mean(0)) / np.sqrt(x.var(0) + 1e-5) + 1,
         {"x": "N M", "g": "M"}, {"centred_x", "std"}),
        (lambda x: (x - x.mean(0)) / np.sqrt(x.var(0) + 1e-5), {"x": "N M"},
         {"centred_x", "std"}),
        (lambda s, v: np.exp(s - s.max(1, keepdims=True)) @ v ** 2,
         {"s": "N M", "v": "M"}, {"exp_s"}),
        (lambda z, h: np.tanh(1 - z) * h / (1 - z), {"z": "N", "h": "N"},
         {"one_minus_z"}),
        (lambda x, w: np.tanh(np.exp(x @ w)) ** 3, {"x": "N L", "w": "L M"},
         {"exp_x_at_w", "tanh_exp_x_at_w"}),
        (lambda x: x / np.sqrt(np.sum(x * x, axis=1, keepdims=True)), {"x": "N M"},
         {"norm_x"}),
        (lambda x: x / np.sqrt(np.mean(x ** 2, axis=1, keepdims=True) + 1e-6),
         {"x": "N M"}, {"rms_x"}),
    ],
)  # fmt: skip
def test_a_value_without_a_name_is_called_by_what_it_is(function, specs, names):
    source = derivo.derive(function, **specs).source
    functions = [f for f in ast.parse(source).body if isinstance(f, ast.FunctionDef)]
    assert names <= set(assigned(functions[0])), source


def test_the_adjoint_before_a_function_is_called_after_its_result():
    def gate(x, w, b):
        z = 1 / (1 + np.exp(-(x @ w + b)))
        return z * x

    source = derivo.derive(gate, x="N M", w="M M", b="M").source
    assert "    d_pre_z = " in source
