"""Each value knows the user's line that made it."""

import inspect
from pathlib import Path
from typing import Any

import numpy as np

import derivo


def squash(u):
    return 1 / (1 + np.exp(-u))


def layer(x, w):
    n = x @ w
    y = squash(n)
    return y * 2


def node_of(name):
    graph = derivo.derive(layer, x="N L", w="L M").graph
    return next(n for n in graph.nodes() if n.op.name == name)


def line_with(text):
    lines = Path(__file__).read_text(encoding="utf-8").splitlines()
    return next(k for k, line in enumerate(lines, 1) if text in line)


def test_a_value_knows_file_line_function_and_text():
    line = node_of("matmul").line
    assert line.file == __file__
    assert line.number == line_with("n = x @ w")
    assert line.function == "layer"
    assert line.text == "n = x @ w"


def test_a_value_made_by_a_helper_knows_the_line_of_the_helper():
    line = node_of("exp").line
    assert line.number == line_with("return 1 / (1 + np.exp(-u))")
    assert line.function == "squash"


def test_a_value_made_by_a_helper_belongs_to_its_group():
    assert [call.name for call in node_of("exp").group] == ["squash"]
    assert node_of("matmul").group == ()


def test_a_line_is_written_as_in_a_traceback():
    line = node_of("matmul").line
    first = inspect.getsourcelines(layer)[1]
    assert str(line) == f'File "{__file__}", line {first + 1}, in layer: n = x @ w'


def test_a_function_without_a_file_is_traced_all_the_same():
    scope: dict[str, Any] = {}
    exec("def f(x):\n    y = x * 2\n    return y", scope)  # noqa: S102
    d = derivo.derive(scope["f"], x="N")
    np.testing.assert_array_equal(d(x=np.ones(3)), np.full(3, 2.0))


def test_two_calls_of_a_helper_are_told_apart():
    def twice(x, w, v):
        return squash(squash(x @ w) @ v)

    graph = derivo.derive(twice, x="N L", w="L L", v="L L").traced
    calls = [n.group[0] for n in graph.nodes() if n.op.name == "exp"]
    assert [call.name for call in calls] == ["squash", "squash"]
    assert calls[0] != calls[1]
    assert len({n.group for n in graph.nodes() if n.group}) == 2
