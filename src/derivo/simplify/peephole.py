"""Small rewrites of single nodes, at the very end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from derivo.graph.builder import Builder
from derivo.graph.node import Node, order
from derivo.ops.linalg import matmul
from derivo.ops.shape import transpose


class Polish:
    """Rebuilds a backward pass with products of matrices as they are usually written.

    Parameters
    ----------
    roots
        The gradients.
    """

    def __init__(self, roots: Iterable[Node], builder: Builder) -> None:
        self.builder = builder
        self.readers = Counter(i for n in order(roots) for i in n.inputs)
        self.done: dict[Node, Node] = {}

    def __call__(self, root: Node) -> Node:
        """Give what a node becomes."""
        for node in order([root]):
            if node not in self.done:
                inputs = tuple(self.done[i] for i in node.inputs)
                made = node
                if inputs != node.inputs:
                    made = self.builder.make(
                        node.op, inputs, dict(node.attrs), node.line, node.group
                    )
                self.done[node] = self._transposed_product(node, made)
        return self.done[root]

    def _transposed_product(self, node: Node, made: Node) -> Node:
        """Rewrite ``(a @ b).T`` as ``b.T @ a.T``, where nothing else reads ``a @ b``."""
        if node.op is not transpose or node.attrs["axes"] != (1, 0):
            return made
        (inner,) = made.inputs
        if inner.op is not matmul or any(i.spec.rank != 2 for i in inner.inputs):  # noqa: PLR2004
            return made
        if self.readers[node.inputs[0]] > 1:
            return made
        a, b = inner.inputs
        return self.builder.make(matmul, (self._flipped(b), self._flipped(a)))

    def _flipped(self, node: Node) -> Node:
        """Give the transpose of a matrix; that of a transpose is the matrix itself."""
        if node.op is transpose:
            return node.inputs[0]
        return self.builder.make(transpose, (node,), {"axes": (1, 0)})
