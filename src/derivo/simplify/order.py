"""The order of factors in a forward product, where the backward pass has a wish."""

from __future__ import annotations

from derivo.graph.builder import Builder
from derivo.graph.node import Node
from derivo.ops.arithmetic import mul
from derivo.ops.leaf import eye


def is_identity(node: Node) -> bool:
    """Tell whether a value is an identity matrix."""
    return node.op is eye and node.attrs["n"] == node.attrs["m"] and not node.attrs["k"]


def normalised_first(node: Node, readers: int, builder: Builder) -> Node:
    """Rewrite ``gamma * h / s`` as ``gamma * (h / s)``.

    Where `h` is the array and `gamma` and `s` are copied along its axes, the normalised
    ``h / s`` is what the gradients of all three are made of. It takes as many
    operations, and the same up to rounding.
    """
    product, s = node.inputs
    if product.op is not mul or readers != 1:
        return node
    shape = node.spec.shape
    whole = [i for i in product.inputs if i.spec.shape == shape]
    small = [i for i in product.inputs if i.spec.shape != shape]
    if len(whole) != 1 or len(small) != 1 or s.spec.shape == shape:
        return node
    if not s.inputs or not small[0].spec.rank or not s.spec.rank:
        return node
    normal = builder.make(node.op, (whole[0], s), {}, node.line, node.group)
    return builder.make(mul, (small[0], normal), {}, node.line, node.group)
