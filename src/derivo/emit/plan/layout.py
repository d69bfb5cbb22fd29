"""How a value lies in memory: a number, a line, or a matrix in panels of columns.

An array is a matrix whose columns are its last axis, and whose rows are all the others,
the last of them fastest: (N, T, K) has N*T rows of K. With one row or one column it is
a line, so that (N,), (N, 1) and (1, N) are the same. Which element of a matrix is meant
is said with the letters of its loops: i for the row, j for the column; i for the place
in a line.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from derivo.graph.dim import Dim, Shape, product
from derivo.graph.element import Index, Rearranged
from derivo.graph.node import Node

LETTERS = "ijklmnopqrstuvwxyz"


@dataclass(frozen=True)
class Number:
    """One number, which every thread holds for itself."""


@dataclass(frozen=True)
class Line:
    """Numbers one after the other."""

    length: Dim


@dataclass(frozen=True)
class Panels:
    """A matrix, cut into panels of a few columns; a panel lies row after row.

    A panel is as wide as the registers that work on it, and is filled up at the right.
    What stands there has no meaning: nothing reads it.
    """

    rows: Dim
    cols: Dim


Layout = Number | Line | Panels


@dataclass(frozen=True)
class Turning:
    """Matrices, one below the other, of which each becomes its transpose.

    Attributes
    ----------
    count
        How many.
    rows, cols
        Of each, before it is turned.
    """

    count: Dim
    rows: Dim
    cols: Dim


@lru_cache(maxsize=4096)
def layout_of(shape: Shape) -> Layout:
    """Give the layout of a value."""
    rows, cols = product(shape[:-1]), product(shape[-1:])
    if rows == 1 == cols:
        return Number()
    if cols == 1:
        return Line(rows)
    return Line(cols) if rows == 1 else Panels(rows, cols)


def place(shape: Shape) -> Index:
    """Give the place of an element: a letter for each true axis, "0" for the others."""
    letters = iter(LETTERS)
    return tuple("0" if d == 1 else next(letters) for d in shape)


def operand_place(shape: Shape, index: Index) -> Index:
    """Give the place in an operand that is broadcast to the result's shape."""
    own = index[len(index) - len(shape) :] if shape else ()
    return tuple("0" if d == 1 else i for d, i in zip(shape, own, strict=True))


def true_places(index: Index, shape: Shape) -> list[str]:
    """Give the entries of a place for the axes that are longer than 1."""
    return [i for i, d in zip(index, shape, strict=True) if d != 1]


def letters(layout: Layout) -> str:
    """Give the letters of the loops over a whole value."""
    return {Number: "", Line: "i", Panels: "ij"}[type(layout)]


def read_at(index: Index, shape: Shape) -> str | None:
    """Give where an operand is read in the loops over a result of this shape.

    Parameters
    ----------
    index
        The place in the operand, in the letters that the result's axes have.
    shape
        Of the result.

    Returns
    -------
    str or None
        "ij": at the same place; "i": the operand has a number for each row; "j": for
        each column; "" for a number. None: rows are picked, or turned.
    """
    own, found = place(shape), _named(index)
    if isinstance(layout_of(shape), Panels):
        row = {_named(own[:-1]): "i", (): ""}.get(_named(index[:-1]))
        col = {own[-1:]: "j", ("0",): "", (): ""}.get(index[-1:])
        return None if row is None or col is None else row + col
    return {_named(own): "i", (): ""}.get(found)


def _named(index: Index) -> Index:
    return tuple(i for i in index if i != "0")


def view_place(node: Node) -> Index | None:
    """Give where the elements of a view lie in its operand; None if it is no view."""
    if not isinstance(node.op.element, Rearranged):
        return None
    (operand,) = node.inputs
    return node.op.element.source(
        place(node.spec.shape), node.attrs, operand.spec.shape, node.spec.shape
    )


def turning(node: Node) -> Turning | None:
    """Give what is turned, for a view that is a transpose; None for others."""
    index = view_place(node)
    if index is None:
        return None
    shape = node.spec.shape
    own, found = _named(place(shape)), _named(index)
    if len(own) < 2 or found != (*own[:-2], own[-1], own[-2]):
        return None
    if (place(shape)[-1], index[-1]) != own[:-3:-1]:
        return None  # a column of one number stands behind them
    size = dict(zip(place(shape), shape, strict=True))
    count = product(size[letter] for letter in own[:-2])
    return Turning(count, size[own[-1]], size[own[-2]])


def is_turned(node: Node) -> bool:
    """Tell whether a value is the transpose of its operand, or of each in a stack."""
    return turning(node) is not None


def _keeps_order(node: Node) -> bool:
    """Tell whether the elements of an operand follow each other as they did."""
    index = view_place(node)
    if index is not None:
        return _named(index) == _named(place(node.spec.shape))
    return "reshapes" in node.op.traits


def is_alias(node: Node) -> bool:
    """Tell whether a value is one that it was made from, under another shape."""
    return origin(node) is not node


def origin(node: Node) -> Node:
    """Give the value that this one is under another shape."""
    found, below, layout = node, node, layout_of(node.spec.shape)
    while _keeps_order(below):
        (below,) = below.inputs
        if layout_of(below.spec.shape) == layout:
            found = below
    return found
