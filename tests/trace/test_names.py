"""Values are called what the user calls them."""

import numpy as np
import pytest

import derivo
from derivo.trace.invocation import Invocation


def names(function, **specs):
    graph = derivo.derive(function, **specs).graph
    return {name: node for node, name in graph.names.items()}


def test_local_variables_name_their_values():
    def f(x, w):
        product = x @ w
        result = np.tanh(product)
        return result

    found = names(f, x="N L", w="L M")
    assert set(found) == {"x", "w", "product", "result"}
    assert found["product"].op.name == "matmul"
    assert found["result"].op.name == "tanh"


def test_the_returned_expression_has_no_name():
    assert set(names(lambda x: np.tanh(np.exp(x)), x="N")) == {"x"}


def test_a_reassigned_variable_keeps_a_name_for_each_value():
    def f(h):
        h = np.tanh(h)
        h = np.exp(h)
        return h

    source = derivo.derive(f, h="N").source
    d = derivo.derive(f, h="N")
    assert [n for n in d.graph.names.values() if n == "h"] == ["h", "h", "h"]
    assert "def f(h):" in source
    assert "h_2 = np.tanh(h)" in source
    assert "h_3 = np.exp(h_2)" in source


def test_the_last_assignment_before_the_return_counts_too():
    def f(x):
        y = np.sin(x)
        return y

    assert names(f, x="N")["y"].op.name == "sin"


def test_the_first_name_of_a_value_stays():
    def f(x):
        first = np.tanh(x)
        second = first
        return second * second

    assert "first" in names(f, x="N")
    assert "second" not in names(f, x="N")


def test_names_of_the_caller_win_over_those_of_a_helper():
    def activation(inner):
        shifted = inner + 1
        answer = np.tanh(shifted)
        return answer

    def f(x):
        mine = activation(x)
        return mine * 2

    found = names(f, x="N")
    assert found["mine"].op.name == "tanh"
    assert found["shifted"].op.name == "add"
    assert "inner" not in found
    assert "answer" not in found


def test_a_helper_called_twice_gives_two_names():
    def half(v):
        part = np.exp(v)
        return part / 2

    def f(x, y):
        return half(x) * half(y) + half(x)

    source = derivo.derive(f, x="N", y="N").source
    assert "part = " in source
    assert "part_2 = " in source
    assert "part_3 = " not in source  # half(x) is the same value both times


def test_a_loop_numbers_its_values():
    def f(x):
        h = x
        for _ in range(3):
            h = np.tanh(h)
        return h

    source = derivo.derive(f, x="N").source
    assert source.count("np.tanh(") == 3


def test_names_that_python_or_the_source_needs_are_changed():
    def f(x, sum):  # noqa: A002
        np_ = np.tanh(x)
        saved = np.exp(np_ * sum)
        return saved * saved

    d = derivo.derive(f, x="N", sum="N")
    x = np.linspace(0, 1, 4)
    np.testing.assert_allclose(d(x=x, sum=x), f(x, x))
    assert "saved_2 = " in d.source


def test_names_outside_ascii_are_kept():
    def f(θ):  # noqa: PLC2401
        σ = 1 / (1 + np.exp(-θ))  # noqa: PLC2401
        return σ * 2

    assert "σ" in names(f, θ="N")
    assert "σ = " in derivo.derive(f, θ="N").source


def test_unpacked_variables_are_named():
    def f(x):
        a, b = np.sin(x), np.cos(x)
        return a * b

    assert {"a", "b"} <= set(names(f, x="N"))


def test_the_argument_names_of_the_source_are_those_of_the_function():
    def f(features, weights, /, bias, *, scale):
        return (features @ weights + bias) * scale

    d = derivo.derive(f, features="N L", weights="L", bias="", scale="")
    assert "def f(features, weights, bias, scale):" in d.source


@pytest.mark.parametrize(
    ("name", "written"),
    [("Dense", "dense"), ("LayerNorm2D", "layer_norm2d"), ("Conv1D", "conv1d"),
     ("LSTMCell", "lstm_cell"), ("A", "a")],
)  # fmt: skip
def test_an_object_that_is_called_is_called_like_its_class(name, written):
    assert Invocation(f"{name}.forward", {}, 0).name == written


def test_what_is_called_by_an_underscore_has_no_name():
    def f(x):
        y, _ = np.tanh(x), np.exp(x)
        __ = y * _
        return __ + _

    assert set(names(f, x="N")) == {"x", "y"}
