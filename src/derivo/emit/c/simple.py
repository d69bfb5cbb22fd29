"""Leaves without reductions: rows taken, numbers, element by element, transposes."""

from __future__ import annotations

from collections.abc import Callable

from derivo.emit.c.layout import block
from derivo.emit.c.place import CAST, Body, Module
from derivo.emit.c.runtime import Target
from derivo.emit.c.writer import LeafText, Writer, registers
from derivo.emit.plan.layout import (
    Line,
    Panels,
    Turning,
    layout_of,
    letters,
    origin,
    turning,
)  # fmt: skip
from derivo.emit.plan.leaf import Numbers, Pointwise
from derivo.graph.dim import Dim, Size, product


class GatherWriter(Writer):
    """Rows of this step, from all rows."""

    def write(self) -> LeafText:
        """Write the leaf."""
        (node,) = self.leaf.nodes
        name, layout = self.module.arrays[node], layout_of(node.spec.shape)
        title = self.module.names.fresh(f"take_{name}")
        body = Body(self.module, is_matrix=True, arrays={name: None})
        lines = ["const int64_t *order = s->order;", "const long first = s->first;",
                 f"const real *restrict given = s->{name}_all;"]  # fmt: skip
        # An example may have several rows of its own.
        each = product(node.spec.shape[1:-1])
        if isinstance(layout, Line):
            each = product(node.spec.shape[1:])
        rows = body.size(each)
        example, rest = ("i", "") if each == 1 else (f"i / {rows}", f"i % {rows}")
        row = f"order ? order[{example}] : first + {example}"
        if rest:
            row = f"({row}) * {rows} + {rest}"
        row = f"const long row = {row};"
        if isinstance(layout, Line):
            copy = [row, f"{name}[i] = given[row];"]
        else:
            assert isinstance(layout, Panels)  # noqa: S101
            cols = body.size(layout.cols)
            copy = [
                row,
                f"const real *from = given + row * {cols};",
                *self._copy(body, name, layout),
            ]
        note = f"The rows of {name} that this step sees."
        lines.append(block("for (long i = begin; i < end; ++i)", copy))
        return self.shared(title, body, lines, note)

    def _copy(self, body: Body, name: str, layout: Panels) -> list[str]:
        """Copy a row, panel by panel; the last panel may not be full."""
        width = self.target.width(layout.cols)
        if isinstance(layout.cols, int) and layout.cols < width:
            return [
                f"memcpy({name} + i * {width}, from, {layout.cols} * sizeof(real));"
            ]
        rows, cols = body.size(layout.rows), body.size(layout.cols)
        to = f"{name} + j * {rows} + i * {width}"
        if isinstance(layout.cols, Size):
            count = f"({cols} - j < {width} ? {cols} - j : {width})"
            copy = f"memcpy({to}, from + j, (size_t){count} * sizeof(real));"
            return [f"for (long j = 0; j < {cols}; j += {width})\n    {copy}"]
        whole, rest = layout.cols // width * width, layout.cols % width
        lines = []
        if whole:
            copy = (
                f"for (long q = 0; q < {width}; q += LANES) "
                f"store({to} + q, load(from + j + q));"
            )
            lines.append(f"for (long j = 0; j < {whole}; j += {width})\n    {copy}")
        if rest:
            to = f"{name} + {whole} * {rows} + i * {width}"
            lines.append(f"memcpy({to}, from + {whole}, {rest} * sizeof(real));")
        return lines


class PointwiseWriter(Writer):
    """Element by element."""

    leaf: Pointwise

    def write(self) -> LeafText:
        """Write the leaf."""
        title, layout, nodes = self.title(), self.leaf.layout, self.leaf.nodes
        body = Body(self.module, is_matrix=isinstance(layout, Panels))
        self.compute(body, nodes)
        self.finish(body, [*nodes, *self.leaf.stores.values()])
        if isinstance(layout, Line):
            loops = block("for (long at = begin; at < end; at += LANES)", body.lines)
        else:
            assert isinstance(layout, Panels)  # noqa: S101
            width, cols = self.target.width(layout.cols), body.size(layout.cols)
            at = f"j * {body.size(layout.rows)} + i * {width} + q * LANES"
            inner = registers(width // self.target.lanes, body, at)
            rows = block("for (long i = begin; i < end; ++i)", [inner])
            loops = block(f"for (long j = 0; j < {cols}; j += {width})", [rows])
        return self.shared(
            title, body, [loops], f"Element by element: {self.results()}."
        )


class TurnedWriter(Writer):
    """A matrix as its transpose."""

    def write(self) -> LeafText:
        """Write the leaf."""
        (node,) = self.leaf.nodes
        source, whole = origin(node.inputs[0]), turning(node)
        assert whole is not None  # noqa: S101
        name, to = self.module.arrays[source], self.module.arrays[node]
        body = Body(self.module, is_matrix=True, arrays={name: None, to: None})
        title = self.module.names.fresh(f"turn_{name}")
        if whole.count == 1:
            call = turn_call(name, to, whole, body.size, self.target, "begin, end")
            return self.shared(title, body, [call], "")
        rows = body.size(whole.rows)
        call = turn_call(name, to, whole, body.size, self.target, f"0, {rows}")
        each = block("for (long stack = begin; stack < end; ++stack)", [call])
        return self.shared(title, body, [each], f"Each matrix of {name} as transpose.")


def turn_call(
    name: str, to: str, whole: Turning, size: Callable[[Dim], str], target: Target,
    rows: str,
) -> str:  # fmt: skip
    """Write the call that turns a matrix, or the one of a stack that `stack` counts."""
    wide, tall = target.width(whole.cols), target.width(whole.rows)
    if whole.count != 1:
        name = f"{name} + stack * {size(whole.rows)} * {wide}"
        to = f"{to} + stack * {size(whole.cols)} * {tall}"
    all_rows, to_rows = size(whole.count * whole.rows), size(whole.count * whole.cols)
    given = [name, to, all_rows, to_rows, size(whole.cols), str(wide), str(tall), rows]
    return f"turn({', '.join(given)});"


def numbers_text(leaf: Numbers, module: Module) -> LeafText:
    """Write numbers made from numbers: statements, no function."""
    body = Body(module, is_matrix=False, member="s->")
    lines = [
        f"s->{module.arrays[n]} = {module.counted(n, body.value(n)).code};"
        for n in leaf.nodes
    ]
    new = []
    for argument, node in leaf.stores.items():
        value = body.read(node, letters(layout_of(node.spec.shape)))
        new.append(f"s->{module.arrays[argument]} = (real){value.inside(CAST)};")
    return LeafText("", "\n".join([*body.lines, *lines]), "\n".join(new))
