"""Products of matrices, or of stacks of matrices, as blocks of rows and columns."""

from __future__ import annotations

from dataclasses import dataclass

from derivo.emit.plan.layout import Panels, layout_of
from derivo.graph.dim import Dim, Shape, product
from derivo.graph.element import Product
from derivo.graph.node import Node


@dataclass(frozen=True)
class Stacked:
    """Some products of the same kind, one below the other.

    Attributes
    ----------
    count
        How many.
    rows, inner, cols
        Of each: (rows, inner) @ (inner, cols).
    has_own_left, has_own_right
        Whether each has an operand of its own: it is the next in a stack.
    """

    count: Dim
    rows: Dim
    inner: Dim
    cols: Dim
    has_own_left: bool
    has_own_right: bool

    def with_rows_together(self) -> Stacked:
        """Give one product of all rows if they are multiplied with the same matrix."""
        if self.has_own_right or not self.has_own_left:
            return self
        rows = self.count * self.rows
        return Stacked(1, rows, self.inner, self.cols, False, False)


def stacked(node: Node) -> Stacked | None:
    """Give a product as blocks compute it; None if they cannot.

    They cannot where an operand or the result is a line, and where a stack is copied to
    some places of a larger one.
    """
    if not isinstance(node.op.element, Product):
        return None
    a, b = (i.spec.shape for i in node.inputs)
    values = (node, *node.inputs)
    if not all(isinstance(layout_of(v.spec.shape), Panels) for v in values):
        return None
    if len(a) < 2 or len(b) < 2:
        return None
    stack = node.spec.shape[:-2]
    left, right = (_is_own(s[:-2], stack) for s in (a, b))
    if left is None or right is None:
        return None
    return Stacked(product(stack), a[-2], a[-1], b[-1], left, right)


def _is_own(own: Shape, stack: Shape) -> bool | None:
    """Tell whether an operand has as many matrices as the result, or one for all."""
    if _true(own) == _true(stack):
        return bool(_true(own))
    return None if _true(own) else False


def _true(shape: Shape) -> Shape:
    return tuple(d for d in shape if d != 1)
