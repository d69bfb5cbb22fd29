"""``sinh(x) / cosh(x)`` in a gradient: both overflow, and their ratio is tanh(x).

So a gradient is worked out with tanh(x) cosh(x) in the place of sinh(x), where the
forward pass has cosh(x); what is left of it is written as sinh(x) again.
"""

from __future__ import annotations

from derivo.graph.builder import Builder
from derivo.graph.node import Node
from derivo.ops.arithmetic import div, mul, neg
from derivo.ops.elementwise import cosh, sinh, tanh


def as_sinh(node: Node, builder: Builder) -> Node:
    """Rewrite a product with tanh(x) and cosh(x) as one with sinh(x).

    Other nodes stay as they are.
    """
    for a, b in (node.inputs, node.inputs[::-1]) if node.op is mul else ():
        other = {tanh: cosh, cosh: tanh}.get(a.op)
        if other is not None:
            old, new = (builder.make(op, a.inputs) for op in (other, sinh))
            made = _replaced(b, old, new, builder)
            if made is not None:
                return made
    return node


def _replaced(node: Node, old: Node, new: Node, builder: Builder) -> Node | None:
    """Put another factor in the place of one; None if there is none."""
    if node is old:
        return new
    factors = {mul: (0, 1), neg: (0,), div: (0,)}.get(node.op, ())
    for k in factors:
        made = _replaced(node.inputs[k], old, new, builder)
        if made is not None:
            inputs = (*node.inputs[:k], made, *node.inputs[k + 1 :])
            return builder.remake(node, inputs)
    return None
