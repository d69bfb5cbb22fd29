"""The text of planned loops: statements for Numba, as plain Python."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from derivo.emit.expression import fill, number, parsed
from derivo.emit.loops_place import (
    BATCH,
    VARIABLES,
    is_number,
    is_view,
    matrix_source,
    operand_place,
    place,
    source_place,
)  # fmt: skip
from derivo.emit.loops_plan import LoopPlan
from derivo.emit.loops_tree import Body, Item, Loop, needs_array, pending_place
from derivo.graph.dim import Dim, Size
from derivo.graph.element import Element, Fold, Index, Same
from derivo.graph.names import Names
from derivo.graph.node import Node
from derivo.graph.op import fields

ROWS = "rows"
LONGEST_PART = 60


def size_text(dim: Dim) -> str:
    """Write a size: a number, or a formula of the rows of the batch."""
    return re.sub(rf"\b{BATCH}\b", ROWS, str(dim))


@dataclass
class LoopWriter:
    """Writes the statements of a plan.

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
    sums: dict[Item, str] = field(default_factory=dict)
    indent: str = "        "
    is_flat: bool = False
    here: Body = field(default_factory=Body)

    def write(self, body: Body) -> None:
        """Write a body, its loops and what their reductions need around them."""
        for block in body.blocks:
            self.here = body
            if isinstance(block, Loop):
                self._loop(block, body)
            else:
                self._statement(block)

    # --- loops ------------------------------------------------------------------------

    def _loop(self, loop: Loop, body: Body) -> None:
        folds = [i for i in loop.body.items() if i.folded and i.ready is body]
        for item in folds:
            self._begin(item)
        inner = self._flat_inner(loop, body)
        size = size_text(loop.size)
        if inner is not None:
            size = f"{size} * {size_text(inner.size)}"
        self._add(f"for {VARIABLES[body.level]} in range({size}):")
        self.is_flat = inner is not None
        self.indent += "    "
        self.write(inner.body if inner is not None else loop.body)
        self.indent = self.indent[:-4]
        self.is_flat = False
        for item in folds:
            self._finish(item)

    def _flat_inner(self, loop: Loop, body: Body) -> Loop | None:
        """Give the inner loop if both together run over whole arrays as they lie."""
        if body.level or len(loop.body.blocks) != 1:
            return None
        (inner,) = loop.body.blocks
        if not isinstance(inner, Loop) or any(
            isinstance(b, Loop) for b in inner.body.blocks
        ):
            return None
        shape = (loop.size, inner.size)
        if isinstance(inner.size, Size):
            return None
        for item in inner.body.items():
            if item.node.spec.rank and (item.node.spec.shape != shape or item.folded):
                return None
            for node, index in item.reads:
                if node.spec.rank and (index != ("i", "j") or node.spec.shape != shape):
                    return None
        return inner

    def _begin(self, item: Item) -> None:
        fold = item.node.op.element
        assert isinstance(fold, Fold)  # noqa: S101
        if needs_array(item):
            self._add(
                f"{self._at(self.arrays[item.node], pending_place(item))} = "
                f"{fold.start}"
            )
            return
        self.sums[item] = self.names.fresh(f"sum_{self._local(item)}")
        # A running sum in float32 would lose digits: numbers are added in float64.
        start = f"{fold.start}.0" if fold.start.isdigit() else fold.start
        self._add(f"{self.sums[item]} = {start}")

    def _finish(self, item: Item) -> None:
        fold = item.node.op.element
        assert isinstance(fold, Fold)  # noqa: S101
        if item in self.sums:
            acc: ast.expr = ast.Name(self.sums[item])
            result = self._finished(fold, item, acc)
            if item.node.spec.rank:
                result = self._cast(result)
            self._set(item, result)
        elif fold.finish != "{acc}":
            # All results lie in one array: each is finished where it lies.
            name = self._at(self.arrays[item.node], pending_place(item))
            result = self._finished(fold, item, _expression(name))
            self._add(f"{name} = {ast.unparse(result)}")

    def _finished(self, fold: Fold, item: Item, acc: ast.expr) -> ast.expr:
        operand = item.node.inputs[0].spec.shape
        count: Dim = 1
        for a in fold.axes(item.node.attrs, operand):
            count = count * operand[a]
        values = {"_acc": acc, "_count": self._cast(_expression(size_text(count)))}
        return _filled(fold.finish, values)

    # --- statements -------------------------------------------------------------------

    def _statement(self, item: Item) -> None:
        if item.is_product:
            a, b = (self._matrix(i) for i in item.node.inputs)
            self._add(f"np.dot({a}, {b}, {self.arrays[item.node]})")
        elif item.target is not None:
            value = self._element(item.node, item.index)
            self._add(
                f"{self._at(self.arrays[item.target], item.index)} = "
                f"{ast.unparse(value)}"
            )
        elif item.folded:
            self._fold_step(item)
        else:
            self._set(item, self._compute(item.node, item.index))

    def _fold_step(self, item: Item) -> None:
        fold, (operand,) = item.node.op.element, item.node.inputs
        assert isinstance(fold, Fold)  # noqa: S101
        value = self._element(operand, place(operand.spec.shape))
        if operand.spec.kind == "bool":
            value = self._cast(value)
        if fold.step.count("{0}") > 1:
            value = self._bound(value)
        acc = self.sums.get(item) or self._at(self.arrays[item.node], item.index)
        result = _filled(fold.step, {"_acc": _expression(acc), "_0": value})
        self._add(f"{acc} = {ast.unparse(result)}")

    def _set(self, item: Item, value: ast.expr) -> None:
        """Give a value to its local variable, its place in an array, or both."""
        if item.local:
            name = self.locals[item.node] = self._local(item)
            self._add(f"{name} = {ast.unparse(value)}")
            value = ast.Name(name)
        if item.stored:
            self._add(
                f"{self._at(self.arrays[item.node], item.index)} = {ast.unparse(value)}"
            )

    def _local(self, item: Item) -> str:
        known = self.locals.get(item.node)
        if known is None:
            wish = _lettered(self.wish(item.node) or "h", item.index)
            known = self.locals[item.node] = self.names.fresh(wish)
        return known

    def _bound(self, value: ast.expr, wish: str = "s") -> ast.expr:
        """Give a value a name if writing it twice would compute it twice."""
        if isinstance(value, ast.Name | ast.Constant | ast.Subscript):
            return value
        if isinstance(value, ast.Call) and isinstance(value.args[0], ast.Constant):
            return value
        name = self.names.fresh(wish)
        self._add(f"{name} = {ast.unparse(value)}")
        return ast.Name(name)

    def _add(self, text: str) -> None:
        self.lines.append(self.indent + text)

    # --- expressions ------------------------------------------------------------------

    def _element(self, node: Node, index: Index) -> ast.expr:
        """Write an element of a value."""
        if is_view(node):
            return self._element(node.inputs[0], source_place(node, index))
        if isinstance(node.op.element, Same):
            return self._same(node, node.op.element)
        if is_number(node):
            return self._number(node)
        if node in self.plan.inlined:
            return self._inline(node, index)
        item = self.plan.items.get(node)
        if item is None and not node.spec.rank:
            return ast.Name(self.arrays[node])
        if item is not None and self._is_at_hand(item, index):
            return ast.Name(self.locals[node])
        return _expression(self._at(self.arrays[node], index))

    def _is_at_hand(self, item: Item, index: Index) -> bool:
        """Tell whether a local variable holds this very element here."""
        if not item.local or item.ready is None:
            return False
        return index == item.index and item.ready.is_around(self.here)

    def _inline(self, node: Node, index: Index) -> ast.expr:
        """Write a value where it is read; with a name, or if long, on its own line."""
        value = self._compute(node, index)
        wish = self.wish(node)
        if not wish and len(ast.unparse(value)) <= LONGEST_PART:
            return value
        return self._bound(value, _lettered(wish or "s", index))

    def _compute(self, node: Node, index: Index) -> ast.expr:
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
            value = self._element(operand, operand_place(operand.spec.shape, index))
            if k not in meaning.as_is and self._differs(operand, node):
                value = self._cast(value)
            values[f"_{k}"] = (
                self._bound(value) if text.count(f"{{{k}}}") > 1 else value
            )
        for name, value in fields(node.attrs).items():
            values.setdefault(
                f"_{name}",
                number(value)
                if isinstance(value, int | float)
                else ast.Constant(value),
            )
        values["_dtype"] = _expression(f"np.{self.dtype}")
        return _filled(text, values)

    def _differs(self, operand: Node, node: Node) -> bool:
        """Tell whether to convert an operand: numbers are float64 by themselves."""
        if not node.spec.rank:
            return False
        kinds = {i.spec.kind for i in node.inputs}
        floating = node.spec.kind == "float" or "float" in kinds
        return floating and (operand.spec.kind != "float" or not operand.spec.rank)

    def _cast(self, value: ast.expr) -> ast.expr:
        if self.dtype == "float64" and isinstance(value, ast.Constant):
            return ast.Constant(float(value.value))  # type: ignore[arg-type]
        return ast.Call(_expression(f"np.{self.dtype}"), [value], [])

    def _number(self, node: Node) -> ast.expr:
        if "dim" in node.attrs:
            return _expression(size_text(node.attrs["dim"]))
        value = node.attrs["value"]
        return ast.Constant(value) if isinstance(value, bool) else number(value)

    def _same(self, node: Node, same: Same) -> ast.expr:
        values = {
            f"_{k}": number(v)
            for k, v in node.attrs.items()
            if isinstance(v, int | float)
        }
        value = _filled(same.text, values)
        return self._cast(value) if node.spec.kind == "float" else value

    def _at(self, name: str, index: Index) -> str:
        if self.is_flat and len(index) > 1:
            self.flat.add(name)
            return f"{name}_flat[i]"
        return f"{name}[{', '.join(index)}]"

    def _matrix(self, node: Node) -> str:
        """Write an operand of a product: an array, or its transpose."""
        base, index = matrix_source(node)
        return self.arrays[base] + (".T" if index == ("j", "i") else "")


def _lettered(wish: str, index: Index) -> str:
    """Name an element by its array and its place: ``d_w1_ij``."""
    letters = "".join(i for i in index if i != "0")
    return f"{wish}_{letters}" if letters else wish


def _filled(text: str, values: Mapping[str, Any]) -> ast.expr:
    result: ast.expr = fill(parsed(text)[0], values, frozenset()).value
    return result


def _expression(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body
