"""Equal computations are one node, and nothing else is."""

import numpy as np
import pytest

from derivo.errors import InternalError
from derivo.graph.builder import Builder, Constant, check
from derivo.graph.node import Graph, Node, order
from derivo.graph.spec import Spec
from derivo.ops.catalogue import CATALOGUE


@pytest.fixture
def builder():
    return Builder()


@pytest.fixture
def x(builder):
    return builder.make(CATALOGUE["argument"], (), {"name": "x", "spec": Spec("N M")})


def number(builder, value):
    return builder.make(CATALOGUE["constant"], (), {"value": value})


def test_the_same_operation_on_the_same_values_is_one_node(builder, x):
    exp = CATALOGUE["exp"]
    assert builder.make(exp, (x,)) is builder.make(exp, (x,))
    assert builder.make(exp, (x,)) is not builder.make(CATALOGUE["sin"], (x,))


def test_attributes_tell_nodes_apart(builder, x):
    total = CATALOGUE["sum"]
    rows = builder.make(total, (x,), {"axis": 0})
    assert rows is not builder.make(total, (x,), {"axis": 1})
    assert rows is builder.make(total, (x,), {"axis": 0, "keepdims": False})


def test_numbers_that_compare_equal_but_differ_in_type_stay_apart(builder):
    kinds = {number(builder, v) for v in (1, 1.0, True)}
    assert len(kinds) == 3


def test_constants_are_equal_by_content(builder):
    a, b = (number(builder, Constant(np.arange(3.0))) for _ in range(2))
    assert a is b
    assert number(builder, Constant(np.arange(3))) is not a
    assert number(builder, Constant(np.arange(3.0)[:, None])) is not a


def test_a_constant_is_a_copy_that_cannot_be_written(builder):
    array = np.zeros(3)
    constant = Constant(array)
    array[:] = 1
    assert constant.array.sum() == 0
    with pytest.raises(ValueError, match="read-only"):
        constant.array[0] = 1


def test_operands_come_before_their_readers(builder, x):
    y = builder.make(CATALOGUE["exp"], (x,))
    z = builder.make(CATALOGUE["mul"], (y, x))
    assert order([z]) == (x, y, z)


def test_a_deep_graph_needs_no_deep_stack(builder, x):
    node = x
    for _ in range(5000):
        node = builder.make(CATALOGUE["sin"], (node,))
    assert len(order([node])) == 5001


def test_a_wrong_spec_is_our_fault(builder, x):
    y = builder.make(CATALOGUE["exp"], (x,))
    wrong = Node(y.op, y.inputs, y.attrs, Spec("N"), y.index)
    check(Graph("f", (x,), (y,), {}))
    with pytest.raises(InternalError, match="please report this"):
        check(Graph("f", (x,), (wrong,), {}))
