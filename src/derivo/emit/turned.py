"""What a loop gathers step by step is written along the axis that the user gave it.

``np.stack(hs, axis=1)`` is ``hs[:, t] = h`` in the loop, and back it is read so:
the array that lies the other way is never made.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from derivo.graph.builder import Builder, substitute
from derivo.graph.node import Node
from derivo.ops.shape import transpose


def brought_forward(reader: Node) -> int | None:
    """Give where the first axis goes in a transpose that keeps the order of the others.

    None for any other operation.
    """
    if reader.op is not transpose:
        return None
    axes: tuple[int, ...] = reader.attrs["axes"]
    others = [a for a in axes if a]
    return axes.index(0) if others == sorted(others) else None


class Turned:
    """Reads what loops stack from the arrays in which it lies as the user wants it.

    Parameters
    ----------
    nodes
        What the forward pass computes for its results.
    builder
        Where new nodes go.
    """

    def __init__(self, nodes: Iterable[Node], builder: Builder) -> None:
        self.builder = builder
        # Stacked value to what it is read from.
        self.items: dict[Node, Node] = {}
        self.new: dict[Node, Node] = {}
        readers: dict[Node, list[Node]] = {}
        for n in nodes:
            for i in n.inputs:
                if "stack" in i.op.traits:
                    readers.setdefault(i, []).append(n)
        for item, (reader, *others) in readers.items():
            axis = brought_forward(reader)
            if others or not axis:
                continue
            rest = [k for k in range(reader.spec.rank) if k != axis]
            attrs = {"axes": (axis, *rest)}
            self.items[item] = reader
            self.new[reader] = reader
            self.new[item] = builder.make(transpose, (reader,), attrs, reader.line)

    def __call__(self, node: Node) -> Node:
        """Give a value that reads them so."""
        if self.items and node not in self.new:
            self.new |= substitute([node], self.new, self.builder)
        return self.new.get(node, node)

    def renamed(self, names: Mapping[Node, str]) -> dict[Node, str]:
        """Let the arrays have the names that their stacked values had."""
        found = dict(names)
        for item, reader in self.items.items():
            name = found.pop(self.new[item], None)
            if name is not None:
                found.setdefault(reader, name)
        return found
