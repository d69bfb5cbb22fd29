"""Elements at places that are computed: where they lie, one by one or in lanes."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from derivo.emit.c.element import Text
from derivo.emit.c.place import Body
from derivo.emit.c.whole import Lanes, WholePrinter, tree_of
from derivo.emit.plan.items import is_literal
from derivo.emit.plan.layout import Line, Number, Panels, layout_of, origin, true_places
from derivo.errors import NotSupportedError
from derivo.graph.dim import Dim, Shape
from derivo.graph.element import Index, Placed, Rearranged, sized
from derivo.graph.node import Node


class NotInLanesError(Exception):
    """Elements that do not lie next to each other where a register is filled."""


@dataclass
class Reader:
    """Reads elements in the loops of one value.

    Attributes
    ----------
    body
        Notes what is read.
    inputs
        The operands that places may be read from: ``_0``, ``_1``.
    ranges
        How far each letter of the loops runs.
    lane
        The letter of the axis that registers lie along; "" if elements are read one by
        one.
    """

    body: Body
    inputs: tuple[Node, ...]
    ranges: Mapping[str, Dim]
    lane: str = ""

    # --- reading ----------------------------------------------------------------------

    def at(self, node: Node, index: Index) -> Text:
        """Read an element; `index` has an expression for each axis of the value.

        Raises
        ------
        NotInLanesError
            It is read in lanes, and they are not next to each other.
        """
        source = origin(node)
        if is_literal(source):
            return self.body.read(source, "")
        if source not in self.body.module.arrays and node.inputs:
            return self._through(node, index)
        if isinstance(layout_of(node.spec.shape), Number):
            return self.body.read(source, "")
        place, slope = self.place(index, node.spec.shape)
        name = self.body.array(source)
        truth = source.spec.kind == "bool"
        if slope:
            text = f"load({name} + {place})"
            return Text(f"({text} != 0)", "mask") if truth else Text(text, "vec")
        text = f"{name}[{place}]"
        return Text(f"({text} != 0)", "flag") if truth else Text(text, "real")

    def _through(self, node: Node, index: Index) -> Text:
        """Read a view that lies nowhere where its operand lies."""
        element, (operand,) = node.op.element, node.inputs
        if isinstance(element, Rearranged):
            shapes = operand.spec.shape, node.spec.shape
            return self.at(operand, element.source(index, node.attrs, *shapes))
        if not isinstance(element, Placed):
            self.body.array(node)  # refused by name
        assert isinstance(element, Placed)  # noqa: S101
        given = tuple(f"({i})" for i in index)
        text = element.text(given, node.attrs, (operand.spec,), node.spec)
        return self.at(operand, tuple(parts_of(tree_of(text))))

    # --- places -----------------------------------------------------------------------

    def place(self, index: Index, shape: Shape) -> tuple[str, int]:
        """Give where an element lies in its array, and whether it moves along lanes."""
        layout = layout_of(shape)
        if isinstance(layout, Line):
            tree = tree_of(flat_text(index, shape))
            return self.whole(tree), self._slope(tree)
        assert isinstance(layout, Panels)  # noqa: S101
        row = flat_text(index[:-1], shape[:-1])
        return self.place_in_panels(layout, row, index[-1])

    def place_in_panels(self, layout: Panels, row: str, col: str) -> tuple[str, int]:
        """Give where the element of a row and a column lies, and whether it moves."""
        slope = self._slope(tree_of(col))
        if self._slope(tree_of(row)) or (
            slope and not self._lanes.is_whole(tree_of(col))
        ):
            raise NotInLanesError
        width = self.body.module.target.width(layout.cols)
        text = f"({row}) * {width} + ({col})"
        if not isinstance(layout.cols, int) or layout.cols > width:
            panel = f"({col}) // {width} * {width} * {sized(layout.rows)}"
            text = f"{panel} + ({row}) * {width} + ({col}) % {width}"
        return self.whole(tree_of(text)), slope

    def whole(self, tree: ast.expr) -> str:
        """Write a place, or a question about some."""
        return WholePrinter(self.body, self._number_read, self.ranges).print(tree)

    def is_same_in_lanes(self, tree: ast.expr) -> bool:
        """Tell whether a place or a question is the same in all lanes."""
        return not self.lane or self._lanes.is_same(tree)

    def operand(self, tree: ast.Name) -> Node:
        """Give the operand that is called ``_0`` or so."""
        return self.inputs[int(tree.id.removeprefix("_"))]

    def read(self, tree: ast.expr) -> Text:
        """Read an element that an expression names: ``_0[i, j]``, or ``_0``."""
        name = tree.value if isinstance(tree, ast.Subscript) else tree
        assert isinstance(name, ast.Name)  # noqa: S101
        return self.at(self.operand(name), tuple(parts_of(tree)))

    @property
    def _lanes(self) -> Lanes:
        return Lanes(self.lane, self.body.module.target.lanes)

    def _slope(self, tree: ast.expr) -> int:
        if not self.lane:
            return 0
        slope = self._lanes.slope(tree)
        if slope is None:
            raise NotInLanesError
        return slope

    def _number_read(self, tree: ast.expr) -> str:
        text = self.read(tree)
        if text.kind in {"vec", "mask"}:
            raise NotInLanesError
        return text.code


def parts_of(tree: ast.expr) -> Iterable[str]:
    """Give the places in the brackets of an element."""
    if not isinstance(tree, ast.Subscript):
        if isinstance(tree, ast.Name):
            return []
        message = f"has no form in C ({ast.unparse(tree)})"
        raise NotSupportedError(message)
    is_many = isinstance(tree.slice, ast.Tuple)
    parts = tree.slice.elts if is_many else [tree.slice]  # type: ignore[attr-defined]
    return [ast.unparse(p) for p in parts]


def flat_text(index: Sequence[str], shape: Shape) -> str:
    """Write the number of a place, in the order of rows."""
    sizes = [d for d in shape if d != 1]
    flat, *rest = true_places(tuple(index), shape)
    for at, size in zip(rest, sizes[1:], strict=True):
        flat = f"({flat}) * {sized(size)} + ({at})"
    return flat
