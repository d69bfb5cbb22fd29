"""The text of one element of a value, inside the loops of a step."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from derivo.emit.expression import fill, number, parsed
from derivo.emit.loops_place import (
    BATCH,
    is_number,
    is_view,
    matrix_source,
    operand_place,
    source_place,
)  # fmt: skip
from derivo.emit.loops_plan import LoopPlan
from derivo.emit.loops_tree import Body, Item
from derivo.graph.dim import Dim
from derivo.graph.element import Element, Index, Same
from derivo.graph.names import Names
from derivo.graph.node import Node
from derivo.graph.op import fields

ROWS = "rows"
LONGEST_PART = 60


def size_text(dim: Dim) -> str:
    """Write a size: a number, or a formula of the rows of the batch."""
    return re.sub(rf"\b{BATCH}\b", ROWS, str(dim))


@dataclass
class ElementWriter:
    """Writes elements of values as expressions, and what must stand before them.

    Attributes
    ----------
    plan
        The loops.
    arrays
        Names of arguments, and of the arrays that hold values.
    names
        Where further names come from.
    wish
        The name that a value should get.
    dtype
        "float32" or "float64".
    """

    plan: LoopPlan
    arrays: dict[Node, str]
    names: Names
    wish: Callable[[Node], str]
    dtype: str
    lines: list[str] = field(default_factory=list)
    flat: set[str] = field(default_factory=set)
    locals: dict[Node, str] = field(default_factory=dict)
    indent: str = "        "
    is_flat: bool = False
    here: Body = field(default_factory=Body)

    def element(self, node: Node, index: Index) -> ast.expr:
        """Write an element of a value."""
        if is_view(node):
            return self.element(node.inputs[0], source_place(node, index))
        if isinstance(node.op.element, Same):
            return self._same(node, node.op.element)
        if is_number(node):
            return self._number(node)
        if node in self.plan.inlined:
            return self._inline(node, index)
        return self._stored_element(node, index)

    def _stored_element(self, node: Node, index: Index) -> ast.expr:
        """Write an element of an argument, or of a value that has a statement."""
        item = self.plan.items.get(node)
        if item is None and not node.spec.rank:
            return ast.Name(self.arrays[node])
        if item is not None and self._is_at_hand(item, index):
            return ast.Name(self.locals[node])
        return expression(self.at(self.arrays[node], index))

    def _is_at_hand(self, item: Item, index: Index) -> bool:
        """Tell whether a local variable holds this very element here."""
        if not item.local or item.ready is None:
            return False
        return index == item.index and item.ready.is_around(self.here)

    def _inline(self, node: Node, index: Index) -> ast.expr:
        """Write a value where it is read; with a name, or if long, on its own line."""
        value = self.compute(node, index)
        wish = self.wish(node)
        if not wish and len(ast.unparse(value)) <= LONGEST_PART:
            return value
        return self.bound(value, lettered(wish or "s", index))

    def compute(self, node: Node, index: Index) -> ast.expr:
        """Write an elementwise operation on the elements of its operands."""
        meaning = node.op.element
        meaning = meaning if isinstance(meaning, Element) else Element()
        text = meaning.single if self.dtype == "float32" and node.spec.rank else ""
        text = (
            text
            or meaning.text
            or node.op.text(node.attrs, *(i.spec for i in node.inputs))
        )
        values: dict[str, Any] = {}
        for k, operand in enumerate(node.inputs):
            value = self.element(operand, operand_place(operand.spec.shape, index))
            if k not in meaning.as_is and self._differs(operand, node):
                value = self.cast(value)
            values[f"_{k}"] = self.bound(value) if text.count(f"{{{k}}}") > 1 else value
        for name, value in fields(node.attrs).items():
            values.setdefault(
                f"_{name}",
                number(value)
                if isinstance(value, int | float)
                else ast.Constant(value),
            )
        values["_dtype"] = expression(f"np.{self.dtype}")
        return filled(text, values)

    def _differs(self, operand: Node, node: Node) -> bool:
        """Tell whether to convert an operand: numbers are float64 by themselves."""
        if not node.spec.rank:
            return False
        kinds = {i.spec.kind for i in node.inputs}
        floating = node.spec.kind == "float" or "float" in kinds
        return floating and (operand.spec.kind != "float" or not operand.spec.rank)

    def cast(self, value: ast.expr) -> ast.expr:
        """Convert to the floating type in use."""
        if self.dtype == "float64" and isinstance(value, ast.Constant):
            return ast.Constant(float(value.value))  # type: ignore[arg-type]
        return ast.Call(expression(f"np.{self.dtype}"), [value], [])

    def _number(self, node: Node) -> ast.expr:
        if "dim" in node.attrs:
            return expression(size_text(node.attrs["dim"]))
        value = node.attrs["value"]
        return ast.Constant(value) if isinstance(value, bool) else number(value)

    def _same(self, node: Node, same: Same) -> ast.expr:
        values = {
            f"_{k}": number(v)
            for k, v in node.attrs.items()
            if isinstance(v, int | float)
        }
        value = filled(same.text, values)
        return self.cast(value) if node.spec.kind == "float" else value

    def at(self, name: str, index: Index) -> str:
        """Write an element of an array."""
        if self.is_flat and len(index) > 1:
            self.flat.add(name)
            return f"{name}_flat[i]"
        return f"{name}[{', '.join(index)}]"

    def matrix(self, node: Node) -> str:
        """Write an operand of a product: an array, or its transpose."""
        base, index = matrix_source(node)
        return self.arrays[base] + (".T" if index == ("j", "i") else "")

    def bound(self, value: ast.expr, wish: str = "s") -> ast.expr:
        """Give a value a name if writing it twice would compute it twice."""
        if isinstance(value, ast.Name | ast.Constant | ast.Subscript):
            return value
        if isinstance(value, ast.Call) and isinstance(value.args[0], ast.Constant):
            return value
        name = self.names.fresh(wish)
        self.add(f"{name} = {ast.unparse(value)}")
        return ast.Name(name)

    def add(self, text: str) -> None:
        """Add a line."""
        self.lines.append(self.indent + text)


def lettered(wish: str, index: Index) -> str:
    """Name an element by its array and its place: ``d_w1_ij``."""
    letters = "".join(i for i in index if i != "0")
    return f"{wish}_{letters}" if letters else wish


def filled(text: str, values: Mapping[str, Any]) -> ast.expr:
    """Fill in the fields of an operation's text."""
    result: ast.expr = fill(parsed(text)[0], values, frozenset()).value
    return result


def expression(text: str) -> ast.expr:
    """Read an expression."""
    return ast.parse(text, mode="eval").body
