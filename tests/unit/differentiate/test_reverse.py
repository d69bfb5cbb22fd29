"""Reverse mode: adjoints are added, broadcasting is undone, and each node says why."""

import numpy as np

import derivo
from derivo.differentiate.reverse import differentiate
from derivo.graph.builder import Builder
from derivo.graph.spec import Spec
from derivo.run.reference import run_graph
from derivo.trace.arguments.given import Given
from derivo.trace.tracer import trace

X, Y = np.array([0.5, 1.0, 2.0]), np.array([3.0, 4.0, 5.0])


def pulled_back(function, wrt=None, **specs):
    builder = Builder()
    graph = trace(
        function, Given({k: Spec(v) for k, v in specs.items()}), builder
    ).graph
    names = wrt or tuple(specs)
    return differentiate(graph, names, builder)


def kinds(result, name):
    """Give the reasons of the nodes on the way to a gradient, last first."""
    node, found = result.gradients[name], []
    while node in result.why:
        found.append(result.why[node].kind)
        node = result.why[node].upstream
    return found


def test_a_value_read_twice_adds_its_adjoints():
    result = pulled_back(lambda x: np.sin(x) * np.exp(x), x="N")
    assert kinds(result, "x")[0] == "fan-out"


def test_a_value_that_was_copied_is_added_up():
    result = pulled_back(lambda x, b: np.tanh(x + b), x="N M", b="M")
    assert result.gradients["b"].op.name == "sum_to"
    assert kinds(result, "b") == ["broadcast", "chain"]
    assert kinds(result, "x") == ["chain"]


def test_each_link_of_the_chain_names_operation_and_operand():
    result = pulled_back(lambda x, w: np.exp(x @ w), x="N L", w="L M")
    why = result.why[result.gradients["w"]]
    assert (why.kind, why.reader.op.name, why.position) == ("chain", "matmul", 1)
    assert result.why[why.upstream].reader.op.name == "exp"


def test_results_with_the_same_name_have_adjoints_of_their_own():
    def f(x):
        y = np.sin(x)
        first = y
        y = np.cos(x)
        return first, y

    d = derivo.derive(f, x="N")
    g = d.gradients((np.ones(3), np.full(3, 10.0)), x=X)
    np.testing.assert_allclose(g["x"], np.cos(X) - 10 * np.sin(X))


def test_an_argument_that_is_called_like_an_adjoint_is_not_taken_for_it():
    def f(x, d_y):
        y = x * d_y
        return y

    d = derivo.derive(f, x="N", d_y="N")
    g = d.gradients(np.full(3, 7.0), x=X, d_y=Y)
    np.testing.assert_allclose(g["x"], 7 * Y)
    np.testing.assert_allclose(g["d_y"], 7 * X)


def test_only_what_was_asked_for_is_computed():
    result = pulled_back(lambda x, w: x @ w, wrt=("x",), x="N L", w="L M")
    assert list(result.gradients) == ["x"]
    assert result.forward.inputs[1] not in result.adjoints


def test_no_influence_is_zero_of_the_right_shape():
    result = pulled_back(lambda x, w: x * 2, x="N", w="L M")
    assert str(result.gradients["w"].spec) == "(L, M)"


def test_the_adjoints_of_a_diamond_against_the_formula():
    # y = (x + sin x) sin x: dy/dx = (1 + cos x) sin x + (x + sin x) cos x
    def f(x):
        s = np.sin(x)
        return (x + s) * s

    result = pulled_back(f, x="N")
    values = {result.forward.inputs[0]: X, result.seeds[0]: np.ones(3)}
    gradient = result.gradients["x"]
    s, c = np.sin(X), np.cos(X)
    actual = run_graph([gradient], values, {"N": 3})[gradient]
    np.testing.assert_allclose(actual, (1 + c) * s + (X + s) * c, rtol=1e-14)
