"""The graph and the formulas of a document as one picture, beneath each other."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from itertools import zip_longest

from derivo.errors import UsageError
from derivo.explain import document as doc
from derivo.explain import palette
from derivo.explain.drawing.svg import svg as graph
from derivo.explain.formula.boxes import factor_colour, factor_number
from derivo.explain.formula.mathml import mathml
from derivo.explain.formula.unicode import inline
from derivo.explain.writers.prepared import FAINT
from derivo.explain.writers.shapes import INK, Shape, Shapes, beside

MARGIN, INDENT, GAP = 28.0, 24.0, 14.0
WIDEST = 900.0  # the right side of a formula; a longer sum goes on in the next line


def svg(document: doc.Document) -> str:
    """Draw what the levels that were asked for hold; of "all", the graph alone.

    Parameters
    ----------
    document
        What to draw: the graph, then the formulas with their sections' titles.
        Sentences are left to the other writers.

    Raises
    ------
    UsageError
        There is neither graph nor formula; a formula, and ziamath is not installed.
    """
    drawing = document.drawing
    told = [s for s in document.sections if any(_formulas(s.blocks))]
    if drawing is not None and (not document.asked or not told):
        return graph(drawing.folded or drawing)
    if not told:
        asked = ", ".join(document.asked)
        message = f"{asked}: no graph and no formula to draw; choose another level"
        raise UsageError(message)
    page = _Page()
    page.line((document.title,), 26.0)
    if drawing is not None:
        page.drawing(graph(drawing.folded or drawing))
    for section in told:
        page.y += 2 * GAP
        page.line(section.title, 22.0)
        page.blocks(section.blocks)
    return page.written(document.title)


def _formulas(blocks: tuple[doc.Block, ...]) -> Iterator[doc.Block]:
    for block in blocks:
        if isinstance(block, doc.Fold):
            yield from _formulas(block.blocks)
        elif isinstance(block, doc.Display | doc.Table):
            yield block


class _Page:
    def __init__(self) -> None:
        self.shapes = Shapes()
        self.parts: list[str] = []
        self.y, self.width = MARGIN, 0.0

    def written(self, title: str) -> str:
        width, height = f"{self.width + MARGIN:.0f}", f"{self.y + MARGIN:.0f}"
        return (
            '<svg xmlns="http://www.w3.org/2000/svg" '
            'xmlns:xlink="http://www.w3.org/1999/xlink" role="group" '
            f'aria-label="{_said(title)}" viewBox="0 0 {width} {height}" '
            f'width="{width}" height="{height}">{self.shapes.definitions}'
            '<rect width="100%" height="100%" fill="#ffffff"/>'
            f"{''.join(self.parts)}</svg>"
        )

    def place(self, shape: Shape, x: float, y: float, said: str = "") -> None:
        """Put a shape on the page; `said` is what a screen reader says of it."""
        role = f' role="img" aria-label="{_said(said)}"' if said else ""
        self.parts.append(f"<g{role}>{shape.at(x, y)}</g>")
        self.width = max(self.width, x + shape.width)

    def drawing(self, picture: str) -> None:
        tag = picture.partition(">")[0]
        width, height = (
            float(tag.partition(f' {name}="')[2].partition('"')[0])
            for name in ("width", "height")
        )
        self.parts.append(
            picture.replace("<svg ", f'<svg x="{MARGIN}" y="{self.y}" ', 1)
        )
        self.y += height
        self.width = max(self.width, MARGIN + width)

    # --- text -------------------------------------------------------------------------

    def runs(self, runs: doc.Runs, size: float, colour: str = INK) -> Shape:
        return self.shapes.shape("".join(map(_run, runs)), size, colour)

    def line(self, runs: doc.Runs, size: float, x: float = 0.0) -> None:
        shape = self.runs(runs, size, FAINT if x else INK)
        said = "".join(map(_spoken, runs))
        role = ' role="heading" aria-level="2"'
        self.y += shape.above
        self.parts.append(f'<g{role} aria-label="{_said(said)}">')
        self.place(shape, MARGIN + x, self.y)
        self.parts.append("</g>")
        self.y += shape.below + GAP

    # --- blocks -----------------------------------------------------------------------

    def blocks(self, blocks: tuple[doc.Block, ...]) -> None:
        for block in blocks:
            match block:
                case doc.Display(rows):
                    self.rows(rows)
                case doc.Table(rows):
                    self.table(rows)
                case doc.Fold(title, inner) if any(_formulas(inner)):
                    self.line(title, 16.0, INDENT)
                    self.blocks(inner)
                case _:
                    pass

    def rows(self, rows: tuple[doc.Row, ...]) -> None:
        """Write formulas aligned at their signs."""
        lefts = [
            self.shapes.shape(mathml(r.left) if r.left else "<mspace/>") for r in rows
        ]
        at = MARGIN + INDENT + max(shape.width for shape in lefts)
        for row, left in zip(rows, lefts, strict=True):
            sign = self.shapes.shape(f'<mo form="infix">{escape(row.sign)}</mo>')
            right = at + sign.width
            lines = list(_wrapped(self.shapes.pieces(mathml(row.right))))
            head = inline(row.left) if row.left else ""
            said = f"{head} {row.sign} {inline(row.right)}"
            self.y += max(left.above, sign.above, lines[0].above)
            start, below = self.y, max(left.below, sign.below, lines[0].below)
            self.place(left, at - left.width, start)
            self.place(sign, at, start)
            self.parts.append(f'<g role="img" aria-label="{_said(said.strip())}">')
            self.place(lines[0], right, start)
            for line in lines[1:]:
                self.y += below + GAP / 2 + line.above
                self.place(line, right + INDENT, self.y)
                below = line.below
            self.parts.append("</g>")
            self.y += below + GAP

    def table(self, rows: tuple[tuple[doc.Runs, ...], ...]) -> None:
        cells = [[self.runs(cell, 17.0) for cell in row] for row in rows]
        empty = Shape(0.0, 0.0, 0.0, "")
        columns = zip_longest(*cells, fillvalue=empty)
        widths = [max(cell.width for cell in column) for column in columns]
        for row, texts in zip(cells, rows, strict=True):
            self.y += max((cell.above for cell in row), default=0.0)
            x = MARGIN + INDENT
            for cell, runs, width in zip(row, texts, widths, strict=False):
                self.place(cell, x, self.y, "".join(map(_spoken, runs)))
                x += width + INDENT
            self.y += max((cell.below for cell in row), default=0.0) + GAP


def _wrapped(pieces: tuple[Shape, ...]) -> Iterator[Shape]:
    line: list[Shape] = []
    for piece in pieces:
        if line and sum(s.width for s in line) + piece.width > WIDEST:
            yield beside(line)
            line = []
        line.append(piece)
    yield beside(line)


def _run(run: doc.Run) -> str:
    match run:
        case str():
            return f"<mtext>{_said(run)}</mtext>"
        case doc.Strong(text) | doc.Mono(text) | doc.Link(text):
            return f"<mtext>{_said(text)}</mtext>"
        case doc.Badge(factor):
            number = factor_number(factor)
            hue = palette.LIGHT[factor_colour(factor)]
            return f'<mtext mathcolor="{hue}">({number})</mtext>'
        case _:
            return mathml(run)


def _spoken(run: doc.Run) -> str:
    match run:
        case str():
            return run
        case doc.Strong(text) | doc.Mono(text) | doc.Link(text):
            return text
        case doc.Badge(factor):
            return f"({factor_number(factor)})"
        case _:
            return inline(run)


def _said(text: str) -> str:
    """Escape; control characters are not allowed in XML, however they are written."""
    return escape("".join(c if c.isprintable() else " " for c in text), quote=True)
