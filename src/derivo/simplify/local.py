"""The local derivative of an element-wise operation, as short as it gets."""

from __future__ import annotations

import numpy as np

from derivo.graph.builder import Builder
from derivo.graph.node import Node
from derivo.ops.leaf import as_float
from derivo.simplify.lower import Lowering
from derivo.simplify.read import Reader
from derivo.simplify.terms import NotAlgebraic
from derivo.simplify.write import Writer
from derivo.trace.recorder import Recorder


def local_node(reader: Node, position: int, builder: Builder) -> Node | None:
    """Give the local derivative by one operand: the rule for an upstream adjoint of 1.

    Parameters
    ----------
    reader, position
        The operation, and which of its operands.
    builder
        Where new nodes may go.

    Returns
    -------
    Node
        None if the operation is not element-wise, or has no derivative there.
    """
    if "elementwise" not in reader.op.traits or reader.op.vjp is None:
        return None
    recorder = Recorder(builder)
    operands = [recorder.wrap(i) for i in reader.inputs]
    parts = reader.op.vjp(
        np.float64(1), recorder.wrap(reader), *operands, **reader.attrs
    )
    if parts[position] is None:
        return None
    node: Node = recorder.lift(parts[position])
    known = {reader, *reader.inputs}
    try:
        terms = Reader(lambda n: n in known)(node)
        lowering = Lowering(builder)
        lowering.done.update({n: n for n in known})
        node = lowering(Writer(recorder, lambda _n: True)(terms))
    except NotAlgebraic:
        pass  # it is written as the rule has it
    if node.op is as_float:  # a mask is as good as the numbers 0 and 1 to a reader
        (node,) = node.inputs
    return node
