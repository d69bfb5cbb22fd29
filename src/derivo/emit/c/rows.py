"""Row by row: softmax, norms, losses. A row is passed over once for each reduction."""

from __future__ import annotations

from collections.abc import Iterable

from derivo.emit.c.element import Text
from derivo.emit.c.layout import block
from derivo.emit.c.place import Body, Module, count_uses
from derivo.emit.c.sums import BLOCK, Accumulator
from derivo.emit.c.writer import LeafText, Writer, reads_columns
from derivo.emit.plan.items import reduced_letters
from derivo.emit.plan.layout import Line, layout_of
from derivo.emit.plan.leaf import Rows
from derivo.emit.plan.passes import Passes
from derivo.graph.node import Node

# A row of so many registers is held in them from pass to pass; a longer one lies in
# memory.
MOST_HELD = 32
MOST_UNROLLED = 8


class RowsWriter(Writer):
    """Reductions of rows, and what is computed with them."""

    leaf: Rows

    def __init__(self, leaf: Rows, module: Module) -> None:
        super().__init__(leaf, module)
        self.width = self.target.width(leaf.cols)
        self.passes = Passes(leaf)
        self.body = Body(self.module, is_matrix=True)
        self.rows = self.body.size(leaf.rows)
        self.cols = self.body.size(leaf.cols)
        # Registers of a row; 0 if their number is not known.
        self.count = 0
        if isinstance(leaf.cols, int):
            self.count = -(-leaf.cols // self.width) * self.width // self.target.lanes
        self.held: dict[Node, str] = {}
        self.spilled: set[Node] = set()

    def write(self) -> LeafText:
        """Write the leaf."""
        title = self.title()
        self._hold()
        lines = [
            f"{'mask' if node.spec.kind == 'bool' else 'vec'} {name}[{self.count}];"
            for node, name in self.held.items()
        ]
        lines += self._numbers(-1)
        for number in range(self.passes.last + 1):
            lines += [*self._pass(number), *self._numbers(number)]
        loops = block("for (long i = begin; i < end; ++i)", lines)
        note = f"Row by row: {self.results()}."
        return self.shared(title, self.body, [loops], note)

    def written(self) -> set[str]:
        """Give the arrays that the leaf writes to."""
        names = super().written()
        return names | {f"{n}_rows" for n in names}

    # --- passes -----------------------------------------------------------------------

    def _hold(self) -> None:
        """Choose where matrices are that a later pass reads."""
        for node in self.passes.crossing():
            if 0 < self.count <= MOST_HELD:
                self.held[node] = self.module.names.fresh(
                    f"{self.module.wish(node)}_row"
                )
            elif node not in self.leaf.kept:
                self.spilled.add(node)
                name = self.module.names.fresh(self.module.wish(node))
                self.module.arrays[node] = name

    def _pass(self, number: int) -> list[str]:
        """Write a pass over a row."""
        body, leaf = self.body, self.leaf
        body.lines = []
        nodes = [n for n in leaf.nodes if self.passes.of[n] == number]
        matrices = [n for n in nodes if self.passes.is_matrix(n)]
        self._forget(number)
        counts = count_uses(leaf.nodes)
        fixed = {*leaf.kept, *leaf.stores.values(), *self.held, *self.spilled}
        for node in matrices:
            body.define(
                node, "vec", alone=counts.get(node, 0) <= 1 and node not in fixed
            )
        for node in matrices:
            if node in self.held:
                value = body.locals[node].code
                body.lines.append(f"{self.held[node]}[j / LANES] = {value};")
            if node in leaf.kept or node in self.spilled:
                body.keep(self.module.arrays[node], body.locals[node])
        before, after = self._folds(n for n in nodes if self.passes.is_fold(n))
        for argument in self._stored(number):
            if layout_of(argument.spec.shape) == self.passes.layout:
                text = body.read(leaf.stores[argument], "ij")
                body.keep(self.module.arrays[argument], text)
        return [*before, self._over_row(body.lines), *after] if body.lines else after

    def _forget(self, number: int) -> None:
        """Let what an earlier pass had in variables be read from where it is held."""
        locals_ = self.body.locals
        for node in [n for n in locals_ if self.passes.is_matrix(n)]:
            del locals_[node]
        for node, name in self.held.items():
            if self.passes.of[node] < number:
                kind = "mask" if node.spec.kind == "bool" else "vec"
                locals_[node] = Text(f"{name}[j / LANES]", kind)

    def _stored(self, number: int) -> list[Node]:
        """Give the arguments that are written to in a pass: the last one."""
        return list(self.leaf.stores) if number == self.passes.last else []

    def _over_row(self, inner: list[str]) -> str:
        width = self.width
        at = f"j / {width} * {width} * {self.rows} + i * {width} + j % {width}"
        if self.count * self.target.lanes == width:
            at = f"i * {width} + j"
        places = [f"const long at = {at};"] if any("+ at" in p for p in inner) else []
        if reads_columns(inner):
            places.append("const long col = j;")
        end = self.count * self.target.lanes if self.count else self.cols
        text = block(f"for (long j = 0; j < {end}; j += LANES)", [*places, *inner])
        unrolled = 0 < self.count <= MOST_UNROLLED
        return f"#pragma GCC unroll {MOST_UNROLLED}\n{text}" if unrolled else text

    # --- reductions -------------------------------------------------------------------

    def _folds(self, folds: Iterable[Node]) -> tuple[list[str], list[str]]:
        """Write reductions: what stands before the pass, and after it."""
        before, after = [], []
        for node in folds:
            acc = Accumulator(self.module, node)
            lanes = f"{acc.name}_lanes"
            value = self._valid(node.inputs[0], acc)
            self.body.lines.append(acc.step(lanes, value))
            before.append(f"vec {lanes} = splat({acc.start});")
            if acc.is_sum and not 0 < self.count <= BLOCK:
                before.append(f"vec {lanes}_all = splat(0), {lanes}_lost = splat(0);")
                join = f"add_block(&{lanes}_all, &{lanes}_lost, {lanes});"
                every = f"if (j / LANES % {BLOCK} == {BLOCK - 1})"
                self.body.lines.append(block(every, [join, f"{lanes} = splat(0);"]))
                after.append(join)
                lanes = f"{lanes}_all"
            after += acc.lanes(lanes)
            after += self._reduced(node, acc)
        return before, after

    def _valid(self, operand: Node, acc: Accumulator) -> Text:
        """Give an element to reduce; what fills up the last panel must not count."""
        value = self.module.printer.vector(self.body.read(operand, "ij"))
        cols = self.leaf.cols
        if isinstance(cols, int) and cols == self.count * self.target.lanes:
            return value
        code = f"pick(first_lanes({self.cols} - j), {value.code}, splat({acc.neutral}))"
        return self.body.bound(Text(code, "vec"), f"{acc.name}_next")

    def _reduced(self, node: Node, acc: Accumulator) -> list[str]:
        """Write the result of a reduction: a number of the row."""
        body = self.body
        if reduced_letters(node) == "ij":
            name = f"{self.module.arrays[node]}_rows"
            body.arrays[name] = None
            return [f"{name}[i] = {acc.name};"]
        result = acc.finished(Text(acc.name, "real"), self.leaf.cols, body)
        if result.code == acc.name:
            body.locals[node] = result
            return self._kept(node)
        body.lines, lines = [], body.lines
        body.locals[node] = body.bound(result, body.element_name(node))
        body.lines, written = lines, body.lines
        return [*written, *self._kept(node)]

    def _kept(self, node: Node) -> list[str]:
        if node not in self.leaf.kept:
            return []
        value = self.module.printer.real(self.body.locals[node])
        return [f"{self.body.array(node)}[i] = {value.code};"]

    def _numbers(self, number: int) -> list[str]:
        """Write the numbers of a row that are known after a pass."""
        body = self.body
        body.lines = []
        for node in self.leaf.nodes:
            during = self.passes.is_during(node)
            if self.passes.of[node] != number or during:
                continue
            kind = "flag" if node.spec.kind == "bool" else "real"
            text = self.module.printer.as_kind(body.value(node), kind)
            body.locals[node] = body.bound(text, body.element_name(node))
            body.lines += self._kept(node)
        for argument in self._stored(number):
            if isinstance(layout_of(argument.spec.shape), Line):
                value = self.module.printer.real(
                    body.read(self.leaf.stores[argument], "i")
                )
                body.lines.append(f"{body.array(argument)}[i] = {value.code};")
        return body.lines
