"""Products of matrices: blocks in registers, and what follows on each block."""

from __future__ import annotations

from derivo.emit.c.element import Text
from derivo.emit.c.layout import block, comment
from derivo.emit.c.place import Body
from derivo.emit.c.writer import LeafText, Writer, registers
from derivo.emit.plan.layout import is_turned, origin
from derivo.emit.plan.leaf import Tile
from derivo.graph.dim import Size
from derivo.graph.node import Node


class TileWriter(Writer):
    """A product of matrices, block by block."""

    leaf: Tile

    def write(self) -> LeafText:
        """Write the leaf."""
        title, node = self.title(), self.leaf.product
        name = self.module.names.fresh(f"{title}_block")
        rows, cols = node.spec.shape
        self.width = self.target.width(cols)
        self.parts = self.width // self.target.lanes
        body = Body(self.module, is_matrix=True, row="(i + r)")
        self.rows = body.size(rows)
        products = self._products(body, node)
        body.locals[node] = Text("sum[r][q]", "vec")
        self.compute(body, [n for n in self.leaf.nodes if n is not node])
        self.finish(body, [*self.leaf.nodes, *self.leaf.stores.values()])
        at = f"j * {self.rows} + (i + r) * {self.width} + q * LANES"
        after = block(
            "for (int r = 0; r < rows; ++r)", [registers(self.parts, body, at)]
        )
        head = f"INLINE void {name}(const struct step *s, int rows, long i, long j)"
        lines = [*self.declarations(body), f"vec sum[{self._counts()[0]}][2];",
                 "clear(rows, sum);", *products, after]  # fmt: skip
        note = f"{self._formula(node)}, a block of rows and columns: {self.results()}."
        text = "\n".join([*comment(note), block(head, lines)])
        around = Body(self.module, is_matrix=True)
        loops = self._loops(name, around.size(cols))
        whole = self.shared(title, around, [loops], "")
        return LeafText(f"{text}\n{whole.functions}", whole.call)

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
        inner = left.spec.shape[1]
        depth = body.size(inner)
        b = f"{body.array(right)} + j * {depth}"
        if self.leaf.turned:
            source = left.inputs[0]
            wide = self.target.width(source.spec.shape[1])
            a = f"{body.array(source)} + i / {wide} * {wide} * {depth} + i % {wide}"
            return [f"multiply(rows, {self.parts}, {depth}, {a}, 1, {wide}, {b}, sum);"]
        wide = self.target.width(inner)
        a = body.array(left)

        def call(k: str, count: object) -> str:
            panel = (
                f"{a} + {k} * {self.rows} + i * {wide}" if k else f"{a} + i * {wide}"
            )
            below = f"{b} + {k} * {self.width}" if k else b
            given = f"rows, {self.parts}, {count}, {panel}, {wide}, 1, {below}, sum"
            return f"multiply({given});"

        if isinstance(inner, Size):
            count = f"{depth} - k < {wide} ? {depth} - k : {wide}"
            return [
                f"for (long k = 0; k < {depth}; k += {wide})\n    {call('k', count)}"
            ]
        whole, rest = inner // wide * wide, inner % wide
        lines = []
        if whole:
            lines.append(
                f"for (long k = 0; k < {whole}; k += {wide})\n    {call('k', wide)}"
            )
        if rest:
            lines.append(call(str(whole) if whole else "", rest))
        return lines

    # --- blocks -----------------------------------------------------------------------

    def _counts(self) -> list[int]:
        """Give how many rows a block has: as many as there are registers for."""
        if self.target.bytes == 64:
            largest = {1: 14, 2: 12}[self.parts]
        else:
            largest = {1: 12, 2: 6}[self.parts]
        return [largest, *(n for n in (8, 4, 2, 1) if n < largest)]

    def _loops(self, name: str, cols: str) -> str:
        if not self.leaf.turned:
            rows = _rows(name, "begin", "end", self._counts())
            return block(f"for (long j = 0; j < {cols}; j += {self.width})", rows)
        # The rows of the result are columns of the left operand: panel by panel.
        wide = self.target.width(self.leaf.product.inputs[0].inputs[0].spec.shape[1])
        counts = self._counts()
        if self.parts == 1 and wide % 8 == 0:
            counts = [n for n in counts if n <= 8]
        rows = _rows(name, "p", "top", counts)
        columns = block(f"for (long j = 0; j < {cols}; j += {self.width})", rows)
        top = f"const long top = p + {wide} < end ? p + {wide} : end;"
        return block(f"for (long p = begin; p < end; p += {wide})", [top, columns])


def _rows(name: str, first: str, last: str, counts: list[int]) -> list[str]:
    """Write the loops over blocks of rows, the largest first."""
    return [
        f"long i = {first};",
        *(f"for (; i + {n} <= {last}; i += {n}) {name}(s, {n}, i, j);" for n in counts),
    ]
