"""Products of matrices: blocks in registers, and what follows on each block."""

from __future__ import annotations

import re

from derivo.emit.c.element import Text
from derivo.emit.c.layout import block, comment
from derivo.emit.c.place import Body
from derivo.emit.c.writer import LeafText, Writer, registers
from derivo.emit.plan.layout import is_turned, origin
from derivo.emit.plan.leaf import Tile
from derivo.emit.plan.stacked import stacked
from derivo.graph.dim import Size
from derivo.graph.node import Node


class TileWriter(Writer):
    """A product of matrices, block by block."""

    leaf: Tile

    def write(self) -> LeafText:
        """Write the leaf."""
        title, node = self.title(), self.leaf.product
        name = self.module.names.fresh(f"{title}_block")
        whole = stacked(node)
        assert whole is not None  # noqa: S101
        self.whole = whole if self.leaf.turned else whole.with_rows_together()
        self.is_stack = self.whole.count != 1
        cols = self.whole.cols
        self.width = self.target.width(cols)
        self.parts = self.width // self.target.lanes
        body = Body(self.module, is_matrix=True, row="(i + r)")
        self.rows = body.size(self.whole.count * self.whole.rows)
        products = self._products(body, node)
        body.locals[node] = Text("sum[r][q]", "vec")
        self.compute(body, [n for n in self.leaf.nodes if n is not node])
        self.finish(body, [*self.leaf.nodes, *self.leaf.stores.values()])
        at = f"j * {self.rows} + (i + r) * {self.width} + q * LANES"
        after = block(
            "for (int r = 0; r < rows; ++r)", [registers(self.parts, body, at)]
        )
        stack = "long stack, " if self.is_stack else ""
        given = f"const struct step *s, int rows, {stack}long i, long j"
        head = f"INLINE void {name}({given})"
        lines = [*self.declarations(body), f"vec sum[{self._counts()[0]}][2];",
                 "clear(rows, sum);", *self._fetched(body), *products,
                 after]  # fmt: skip
        note = f"{self._formula(node)}, a block of rows and columns: {self.results()}."
        text = "\n".join([*comment(note), block(head, lines)])
        around = Body(self.module, is_matrix=True)
        loops = self._loops(name, around)
        shared = self.shared(title, around, loops, "")
        return LeafText(f"{text}\n{shared.functions}", shared.call)

    def _fetched(self, body: Body) -> list[str]:
        """Write what has the block brought nearer that comes after the product.

        A product takes longer than memory does to answer: parameters and states of the
        update rule are there when it is done.
        """
        found = re.findall(r"load\((\w+) \+ at\)", "\n".join(body.lines))
        return [
            f"fetch(rows, {self.width}, {name} + j * {self.rows} + i * {self.width});"
            for name in dict.fromkeys(found)
        ]

    def _formula(self, node: Node) -> str:
        left, right = node.inputs
        a = self.module.arrays[origin(left.inputs[0] if self.leaf.turned else left)]
        b = self.module.arrays[origin(right)]
        if is_turned(right):
            b = f"{self.module.arrays[origin(right.inputs[0])]}.T"
        return f"{a}{'.T' if self.leaf.turned else ''} @ {b}"

    # --- the products of a block ------------------------------------------------------

    def _products(self, body: Body, node: Node) -> list[str]:
        left, right = node.inputs
        whole, inner = self.whole, self.whole.inner
        depth = body.size(inner)
        below = body.size(whole.count * inner) if whole.has_own_right else depth
        b = f"{body.array(right)} + j * {below}"
        if whole.has_own_right:
            b = f"{b} + stack * {depth} * {self.width}"
        # The row of the left operand: each product of a stack may have its own.
        row = "i"
        if self.is_stack and (self.leaf.turned or not whole.has_own_left):
            row = f"(i - stack * {body.size(whole.rows)})"
        if self.leaf.turned:
            source = left.inputs[0]
            wide = self.target.width(whole.rows)
            a = body.array(source)
            high = depth
            if whole.has_own_left:
                a = f"{a} + stack * {depth} * {wide}"
                high = body.size(whole.count * inner)
            a = f"{a} + {row} / {wide} * {wide} * {high} + {row} % {wide}"
            return [f"multiply(rows, {self.parts}, {depth}, {a}, 1, {wide}, {b}, sum);"]
        wide = self.target.width(inner)
        a, high = body.array(left), self.rows
        if self.is_stack and not whole.has_own_left:
            high = body.size(whole.rows)

        def call(k: str, count: object) -> str:
            at = f"{row} * {wide}"
            panel = f"{a} + {k} * {high} + {at}" if k else f"{a} + {at}"
            down = f"{b} + {k} * {self.width}" if k else b
            given = f"rows, {self.parts}, {count}, {panel}, {wide}, 1, {down}, sum"
            return f"multiply({given});"

        if isinstance(inner, Size):
            count = f"{depth} - k < {wide} ? {depth} - k : {wide}"
            loop = f"for (long k = 0; k < {depth}; k += {wide})"
            return [f"{loop}\n    {call('k', count)}"]
        full, rest = inner // wide * wide, inner % wide
        lines = []
        if full:
            further = f"{a} + (k + {wide}) * {high} + {row} * {wide}"
            loop = f"for (long k = 0; k < {full}; k += {wide})"
            further = f"fetch(rows, {wide}, {further});"
            lines.append(block(loop, [further, call("k", wide)]))
        if rest:
            lines.append(call(str(full) if full else "", rest))
        return lines

    # --- blocks -----------------------------------------------------------------------

    def _counts(self) -> list[int]:
        """Give how many rows a block has: as many as there are registers for.

        What is left over goes through few smaller blocks, for each has a text of its
        own to compile. Four rows of two registers keep a processor as busy as eight.
        """
        if self.target.bytes == 64:
            largest = {1: 14, 2: 12}[self.parts]
        else:
            largest = {1: 12, 2: 6}[self.parts]
        smaller = (8, 4, 1) if self.parts == 1 else (4, 1)
        return [largest, *smaller]

    def _loops(self, name: str, body: Body) -> list[str]:
        cols = body.size(self.whole.cols)
        head = f"for (long j = 0; j < {cols}; j += {self.width})"
        if self.is_stack:
            return self._loops_of_stack(name, body, head)
        if not self.leaf.turned:
            return [block(head, _rows(name, "begin", "end", self._counts()))]
        # The rows of the result are columns of the left operand: panel by panel.
        wide = self.target.width(self.whole.rows)
        columns = block(head, _rows(name, "p", "top", self._turned_counts(wide)))
        top = f"const long top = p + {wide} < end ? p + {wide} : end;"
        return [block(f"for (long p = begin; p < end; p += {wide})", [top, columns])]

    def _loops_of_stack(self, name: str, body: Body, head: str) -> list[str]:
        """Write the loops over products one after the other, each whole or in part."""
        rows = body.size(self.whole.rows)
        counts, wide = self._counts(), 0
        stop = f"const long stop = smaller((stack + 1) * {rows}, end);"
        if self.leaf.turned:
            wide = self.target.width(self.whole.rows)
            counts = self._turned_counts(wide)
            # No block reaches from one panel of the left operand into the next.
            panel = f"(row - stack * {rows}) / {wide} * {wide} + {wide}"
            stop = f"const long top = stack * {rows} + smaller({panel}, {rows});"
            stop = f"{stop}\nconst long stop = smaller(top, end);"
        blocks = block(head, _rows(name, "row", "stop", counts, "stack, "))
        lines = [f"const long stack = row / {rows};", stop, blocks, "row = stop;"]
        return [block("for (long row = begin; row < end;)", lines)]

    def _turned_counts(self, wide: int) -> list[int]:
        """Give how many rows a block has that lies inside a panel on the left."""
        counts = self._counts()
        if self.parts == 1 and wide % 8 == 0:
            return [n for n in counts if n <= 8]
        return counts


def _rows(
    name: str, first: str, last: str, counts: list[int], stack: str = ""
) -> list[str]:
    """Write the loops over blocks of rows, the largest first."""
    return [
        f"long i = {first};",
        *(
            f"for (; i + {n} <= {last}; i += {n}) {name}(s, {n}, {stack}i, j);"
            for n in counts
        ),
    ]
