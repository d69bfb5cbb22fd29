"""Reductions over all rows, and of lines to a number."""

from __future__ import annotations

from derivo.emit.c.element import Text
from derivo.emit.c.layout import block
from derivo.emit.c.place import CAST, Body
from derivo.emit.c.sums import BLOCK, Accumulator
from derivo.emit.c.writer import LeafText, Writer, registers
from derivo.emit.plan.items import reduced_letters
from derivo.emit.plan.layout import Line, Panels, layout_of
from derivo.emit.plan.leaf import Columns, Total
from derivo.graph.dim import Dim, product
from derivo.graph.element import Fold
from derivo.graph.node import Node


class ColumnsWriter(Writer):
    """Reductions over all rows, a panel of columns at a time."""

    leaf: Columns

    def write(self) -> LeafText:
        """Write the leaf."""
        leaf, title = self.leaf, self.title()
        width = self.target.width(leaf.cols)
        self.parts = width // self.target.lanes
        matrices = Panels(leaf.rows, leaf.cols)
        folds = [n for n in leaf.nodes if self._is_fold(n)]
        others = [n for n in leaf.nodes if n not in folds]
        before = [n for n in others if layout_of(n.spec.shape) == matrices]
        after = [n for n in leaf.nodes if n not in before and n not in folds]
        inside = Body(self.module, is_matrix=True)
        rows = inside.size(leaf.rows)
        self.compute(inside, before)
        self.finish(inside, before)
        outside = Body(
            self.module, is_matrix=False, arrays=inside.arrays,
            numbers=inside.numbers, sizes=inside.sizes,
        )  # fmt: skip
        start, flush = [], []
        for node in folds:
            acc = Accumulator(self.module, node, "_part")
            inside.lines.append(
                acc.step(f"{acc.name}[q]", inside.read(node.inputs[0], "ij"))
            )
            start += self._start(acc)
            flush += self._flush(acc)
            whole = Text(
                f"{acc.name}_all[q]" if acc.is_sum else f"{acc.name}[q]", "vec"
            )
            result = self.module.printer.vector(acc.finished(whole, leaf.rows, outside))
            outside.locals[node] = outside.bound(result, outside.element_name(node))
        self.compute(outside, after)
        self.finish(outside, [*folds, *after, *leaf.stores.values()])
        inner = registers(self.parts, inside, f"j * {rows} + i * {width} + q * LANES")
        end = self._each(["const long at = j + q * LANES;", *outside.lines])
        panel = [*start, _over_rows(rows, inner, flush), end]
        loops = block(f"for (long j = begin; j < end; j += {width})", panel)
        return self.shared(title, outside, [loops], f"Over all rows: {self.results()}.")

    def _each(self, lines: list[str]) -> str:
        return block(f"for (int q = 0; q < {self.parts}; ++q)", lines)

    def _start(self, acc: Accumulator) -> list[str]:
        name, parts = acc.name, self.parts
        if acc.is_sum:
            empty = (f"{name}{end}[{parts}] = {{0}}" for end in ("", "_all", "_lost"))
            return [f"vec {', '.join(empty)};"]
        return [
            f"vec {name}[{parts}];",
            self._each([f"{name}[q] = splat({acc.start});"]),
        ]

    def _flush(self, acc: Accumulator) -> list[str]:
        """Write how a block of a sum joins the rest."""
        if not acc.is_sum:
            return []
        name = acc.name
        joined = f"add_block({name}_all + q, {name}_lost + q, {name}[q]);"
        return [self._each([joined, f"{name}[q] = splat(0);"])]

    def _is_fold(self, node: Node) -> bool:
        """Tell whether a value is one of the reductions over all rows."""
        if not isinstance(node.op.element, Fold):
            return False
        operand = layout_of(node.inputs[0].spec.shape)
        wanted = Panels(self.leaf.rows, self.leaf.cols)
        return operand == wanted and reduced_letters(node) == "i"


def _over_rows(rows: str, inner: str, flush: list[str]) -> str:
    if not flush:
        return block(f"for (long i = 0; i < {rows}; ++i)", [inner])
    last = f"const long last = top + {BLOCK} < {rows} ? top + {BLOCK} : {rows};"
    some = block("for (long i = top; i < last; ++i)", [inner])
    return block(
        f"for (long top = 0; top < {rows}; top += {BLOCK})", [last, some, *flush]
    )


class TotalWriter(Writer):
    """A line reduced to a number."""

    leaf: Total

    def write(self) -> LeafText:
        """Write the leaf."""
        (node,) = self.leaf.nodes
        name, shape = self.module.arrays[node], node.inputs[0].spec.shape
        layout = layout_of(shape)
        title = self.module.names.fresh(f"reduce_{name}")
        body = Body(self.module, is_matrix=False)
        acc = Accumulator(self.module, node, "_all")
        count: Dim
        joins, neutral = False, acc.neutral
        if isinstance(layout, Panels):
            length, count = layout.rows, product(shape)
            joins, neutral = True, acc.start
            body.arrays[f"{name}_rows"] = None
            value = Text(f"load({name}_rows + at)", "vec")
        else:
            assert isinstance(layout, Line)  # noqa: S101
            length = count = layout.length
            value = self.module.printer.vector(body.read(node.inputs[0], "i"))
        size = body.size(length)
        some = f"pick(first_lanes({size} - at), {value.code}, splat({neutral}))"
        step = (acc.join if joins else acc.step)("acc", Text("next", "vec"))
        inner = [f"const vec next = {some};", step]
        lines = [f"vec acc = splat({acc.start});"]
        if acc.is_sum:
            lines.append("vec all = splat(0), lost = splat(0);")
            join = ["add_block(&all, &lost, acc);", "acc = splat(0);"]
            inner.append(block(f"if (at / LANES % {BLOCK} == {BLOCK - 1})", join))
        lines.append(block(f"for (long at = 0; at < {size}; at += LANES)", inner))
        if acc.is_sum:
            lines += ["add_block(&all, &lost, acc);", *acc.lanes("all")]
        else:
            lines += acc.lanes("acc")
        result = acc.finished(Text(f"(double){acc.name}", "number", CAST), count, body)
        lines.append(f"return {result.code};")
        head = f"OWN double {title}(const struct step *s)"
        text = block(head, [*self.declarations(body), *lines])
        return LeafText(text, f"s->{name} = {title}(s);")
