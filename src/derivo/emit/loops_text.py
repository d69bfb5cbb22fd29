"""The text of planned loops: statements for Numba, as plain Python."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

from derivo.emit.loops_element import (
    ElementWriter,
    expression,
    filled,
    lettered,
    size_text,
)  # fmt: skip
from derivo.emit.loops_place import VARIABLES, place
from derivo.emit.loops_tree import Body, Item, Loop, needs_array, pending_place
from derivo.graph.dim import Dim, Size
from derivo.graph.element import Fold


@dataclass
class LoopWriter(ElementWriter):
    """Writes the statements of a plan."""

    sums: dict[Item, str] = field(default_factory=dict)

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
        self.add(f"for {VARIABLES[body.level]} in range({size}):")
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
            self.add(
                f"{self.at(self.arrays[item.node], pending_place(item))} = {fold.start}"
            )
            return
        self.sums[item] = self.names.fresh(f"sum_{self._local(item)}")
        # A running sum in float32 would lose digits: numbers are added in float64.
        start = f"{fold.start}.0" if fold.start.isdigit() else fold.start
        self.add(f"{self.sums[item]} = {start}")

    def _finish(self, item: Item) -> None:
        fold = item.node.op.element
        assert isinstance(fold, Fold)  # noqa: S101
        if item in self.sums:
            acc: ast.expr = ast.Name(self.sums[item])
            result = self._finished(fold, item, acc)
            if item.node.spec.rank:
                result = self.cast(result)
            self._set(item, result)
        elif fold.finish != "{acc}":
            # All results lie in one array: each is finished where it lies.
            name = self.at(self.arrays[item.node], pending_place(item))
            result = self._finished(fold, item, expression(name))
            self.add(f"{name} = {ast.unparse(result)}")

    def _finished(self, fold: Fold, item: Item, acc: ast.expr) -> ast.expr:
        operand = item.node.inputs[0].spec.shape
        count: Dim = 1
        for a in fold.axes(item.node.attrs, operand):
            count = count * operand[a]
        values = {"_acc": acc, "_count": self.cast(expression(size_text(count)))}
        return filled(fold.finish, values)

    # --- statements -------------------------------------------------------------------

    def _statement(self, item: Item) -> None:
        if item.is_product:
            a, b = (self.matrix(i) for i in item.node.inputs)
            self.add(f"np.dot({a}, {b}, {self.arrays[item.node]})")
        elif item.target is not None:
            value = self.element(item.node, item.index)
            self.add(
                f"{self.at(self.arrays[item.target], item.index)} = "
                f"{ast.unparse(value)}"
            )
        elif item.folded:
            self._fold_step(item)
        else:
            self._set(item, self.compute(item.node, item.index))

    def _fold_step(self, item: Item) -> None:
        fold, (operand,) = item.node.op.element, item.node.inputs
        assert isinstance(fold, Fold)  # noqa: S101
        value = self.element(operand, place(operand.spec.shape))
        if operand.spec.kind == "bool":
            value = self.cast(value)
        if fold.step.count("{0}") > 1:
            value = self.bound(value)
        acc = self.sums.get(item) or self.at(self.arrays[item.node], item.index)
        result = filled(fold.step, {"_acc": expression(acc), "_0": value})
        self.add(f"{acc} = {ast.unparse(result)}")

    def _set(self, item: Item, value: ast.expr) -> None:
        """Give a value to its local variable, its place in an array, or both."""
        if item.local:
            name = self.locals[item.node] = self._local(item)
            self.add(f"{name} = {ast.unparse(value)}")
            value = ast.Name(name)
        if item.stored:
            self.add(
                f"{self.at(self.arrays[item.node], item.index)} = {ast.unparse(value)}"
            )

    def _local(self, item: Item) -> str:
        known = self.locals.get(item.node)
        if known is None:
            wish = lettered(self.wish(item.node) or "h", item.index)
            known = self.locals[item.node] = self.names.fresh(wish)
        return known
