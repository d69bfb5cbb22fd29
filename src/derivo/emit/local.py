"""The local derivative of a named function, as a short text for a comment."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from derivo.emit.body import Body
from derivo.emit.scope import Scope
from derivo.graph.builder import Builder
from derivo.graph.names import Names
from derivo.graph.node import Node, order
from derivo.ops.leaf import as_float
from derivo.simplify.lower import Lowering
from derivo.simplify.read import Reader
from derivo.simplify.terms import NotAlgebraic
from derivo.simplify.write import Writer
from derivo.trace.recorder import Recorder


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
    op = reader.op
    if len(reader.inputs) != 1 or "elementwise" not in op.traits or op.vjp is None:
        return ""
    (x,) = reader.inputs
    if x not in names or reader not in names or names[x] == names[reader]:
        return ""
    recorder = Recorder(builder)
    (part,) = op.vjp(1, recorder.wrap(reader), recorder.wrap(x))
    if part is None:
        return ""
    try:
        terms = Reader(lambda n: n in (reader, x))(recorder.lift(part))
        lowering = Lowering(builder)
        lowering.done.update({reader: reader, x: x})
        node = lowering(Writer(recorder, lambda _n: True)(terms))
    except NotAlgebraic:
        return ""
    if node.op is as_float:  # a mask is as good as the numbers 0 and 1 to a reader
        (node,) = node.inputs
    if not {reader, x} & set(order([node])):
        return ""  # a constant: nothing to tell
    body = Body(Names(), Scope(), {reader: names[reader], x: names[x]}, {})
    body.compute([node])
    y = names[reader]
    text = ast.unparse(body.expression(node))
    return f"{y} = {op.name}({names[x]}): d{y}/d{names[x]} = {text}"
