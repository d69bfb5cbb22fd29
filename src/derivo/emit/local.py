"""The local derivative of a named function, as a short text for a comment."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from derivo.emit.body import Body
from derivo.emit.scope import Scope
from derivo.graph.builder import Builder
from derivo.graph.names import Names
from derivo.graph.node import Node, between
from derivo.simplify.spelling import local_node


def local_derivative(reader: Node, names: Mapping[Node, str], builder: Builder) -> str:
    """Write dy/dx of an element-wise function of one value.

    Parameters
    ----------
    reader
        The value y; its operand is x.
    names
        What y and x are called.

    Returns
    -------
    str
        ``"y = sigmoid(n): dy/dn = y * (1 - y)"``, or nothing if one has no name.
    """
    if len(reader.inputs) != 1:
        return ""
    (x,) = reader.inputs
    if x not in names or reader not in names or names[x] == names[reader]:
        return ""
    node = local_node(reader, 0, builder)
    ends = {reader, x}
    if node is None or not (
        node in ends or any(i in ends for n in between([node], ends) for i in n.inputs)
    ):
        return ""  # nothing to tell of a constant
    body = Body(Names(), Scope(), {reader: names[reader], x: names[x]}, {})
    body.compute([node])
    y = names[reader]
    text = ast.unparse(body.expression(node))
    return f"{y} = {reader.op.name}({names[x]}): d{y}/d{names[x]} = {text}"
