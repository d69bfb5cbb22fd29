"""How a value lies in memory: a number, a line, or a matrix in panels of columns.

Axes of size 1 are no axes here, so that (N,), (N, 1) and (1, N) are the same line.
Which element is meant is said with the letters of loops: i for the first true axis, j
for the second.
"""

from __future__ import annotations

from dataclasses import dataclass

from derivo.graph.dim import Dim, Shape
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


@dataclass(frozen=True)
class Grid:
    """An array of more axes, as NumPy has it; axes of size 1 are left out."""

    shape: Shape


Layout = Number | Line | Panels | Grid


def layout_of(shape: Shape) -> Layout:
    """Give the layout of a value."""
    true = [d for d in shape if d != 1]
    if not true:
        return Number()
    if len(true) == 1:
        return Line(true[0])
    return Panels(*true) if len(true) == 2 else Grid(tuple(true))


def place(shape: Shape) -> Index:
    """Give the place of an element: a letter for each true axis, "0" for the others."""
    letters = iter(LETTERS)
    return tuple("0" if d == 1 else next(letters) for d in shape)


def operand_place(shape: Shape, index: Index) -> Index:
    """Give the place in an operand that is broadcast to the result's shape."""
    own = index[len(index) - len(shape) :]
    return tuple("0" if d == 1 else i for d, i in zip(shape, own, strict=True))


def true_places(index: Index, shape: Shape) -> list[str]:
    """Give the entries of a place for the axes that are longer than 1."""
    return [i for i, d in zip(index, shape, strict=True) if d != 1]


def letters(index: Index) -> str:
    """Give the letters of a place: "ij", "ji", "i", "j" or ""."""
    return "".join(i for i in index if i != "0")


def view_of(node: Node) -> str | None:
    """Give where the elements of a view lie in its operand; None if it is no view.

    Returns
    -------
    str or None
        The letters of the operand's place: the view's own if it is the operand under
        another shape, "ji" if it is turned, fewer than its own if elements are copied.
    """
    if not isinstance(node.op.element, Rearranged):
        return None
    (operand,) = node.inputs
    index = node.op.element.source(
        place(node.spec.shape), node.attrs, operand.spec.shape, node.spec.shape
    )
    return letters(index)


def is_alias(node: Node) -> bool:
    """Tell whether a value is its operand under another shape."""
    return view_of(node) == letters(place(node.spec.shape))


def is_turned(node: Node) -> bool:
    """Tell whether a value is the transpose of its operand."""
    return view_of(node) == "ji"


def origin(node: Node) -> Node:
    """Give the value that this one is under another shape."""
    while is_alias(node):
        (node,) = node.inputs
    return node
