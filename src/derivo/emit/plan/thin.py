"""Products with a vector, or with one number all over, as the sums that they are.

A matrix with one row or one column fills no block of a product. As a sum of products
element by element it goes the way of every reduction. A matrix of one number lies
nowhere in memory: a product with it is that number times a sum.
"""

from __future__ import annotations

from collections.abc import Iterable

from derivo.emit.plan.layout import is_turned, origin
from derivo.graph.builder import Builder
from derivo.graph.element import Product
from derivo.graph.node import Node, order
from derivo.ops.catalogue import CATALOGUE
from derivo.ops.leaf import fill


def without_thin_products(roots: Iterable[Node]) -> dict[Node, Node]:
    """Rewrite products of which an operand or the result is a vector.

    Returns
    -------
    dict
        What became of each node below `roots`.
    """
    nodes = order(roots)
    writer = _Writer(Builder(count=nodes[-1].index + 1))
    new: dict[Node, Node] = {}
    for node in nodes:
        inputs = tuple(new[i] for i in node.inputs)
        if isinstance(node.op.element, Product):
            new[node] = writer.product(node, *inputs)
        else:
            new[node] = writer.builder.remake(node, inputs)
    return new


class _Writer:
    def __init__(self, builder: Builder) -> None:
        self.builder = builder

    def make(self, name: str, *inputs: Node, **attrs: object) -> Node:
        return self.builder.make(CATALOGUE[name], inputs, attrs)

    def turn(self, node: Node) -> Node:
        if is_turned(node):
            return node.inputs[0]
        return self.make("transpose", node, axes=(1, 0))

    def product(self, node: Node, a: Node, b: Node) -> Node:
        """Give the product of `a` and `b`, which `node` is of its own operands."""
        if a.spec.rank == 1 and b.spec.rank in (1, 2):
            row = self.make("expand_dims", a, axis=0)
            return self.make("squeeze", self.product(node, row, b), axis=0)
        if b.spec.rank == 1 and a.spec.rank == 2:
            column = self.make("expand_dims", b, axis=1)
            return self.make("squeeze", self.product(node, a, column), axis=1)
        if a.spec.rank != 2 or b.spec.rank != 2:
            return self.builder.remake(node, (a, b))
        return self._of_matrices(a, b) or self.builder.remake(node, (a, b))

    def _of_matrices(self, a: Node, b: Node) -> Node | None:
        rows, inner = a.spec.shape
        if origin(a).op is fill or origin(b).op is fill:
            return self._with_one_number(a, b)
        if inner == 1:
            return self.make("mul", a, b)
        if b.spec.shape[1] == 1:
            return self._matrix_vector(a, b)
        if rows == 1:
            return self.turn(self._matrix_vector(self.turn(b), self.turn(a)))
        return None

    def _with_one_number(self, a: Node, b: Node) -> Node:
        """Multiply the sums of a matrix by what the other one holds all over."""
        filled = origin(a)
        if filled.op is fill:
            sums = self.make("sum", b, axis=0, keepdims=True)
        else:
            filled, sums = origin(b), self.make("sum", a, axis=1, keepdims=True)
        shape = (a.spec.shape[0], b.spec.shape[1])
        whole = self.builder.make(fill, (), {**filled.attrs, "shape": shape})
        return self.make("mul", whole, sums)

    def _matrix_vector(self, a: Node, b: Node) -> Node:
        """Sum along the axis of `a` that runs along `b`, as `a` lies in memory."""
        if is_turned(a):
            terms = self.make("mul", a.inputs[0], b)
            return self.turn(self.make("sum", terms, axis=0, keepdims=True))
        terms = self.make("mul", a, self.turn(b))
        return self.make("sum", terms, axis=1, keepdims=True)
