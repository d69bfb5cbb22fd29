"""A document for the terminal: formulas in two dimensions, with colours if wanted."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import zip_longest
from shutil import get_terminal_size

from derivo.explain import document as doc
from derivo.explain import palette
from derivo.explain.drawing.text import text as graph_text
from derivo.explain.formula import unicode as two
from derivo.explain.formula.boxes import factor_colour
from derivo.explain.words import Words
from derivo.explain.writers.inline import PLAIN, in_runs
from derivo.explain.writers.wrapping import continued, width_of, wrapped

Laid = tuple[list[tuple[str, str]], int]

INDENT, BELOW = 2, 4
LEAST = 24  # columns for a reason
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def render(document: doc.Document, *, width: int = 80, colour: bool = False) -> str:
    """Write a document as text.

    Parameters
    ----------
    document
        What to write.
    width
        In characters; formulas may be wider.
    colour
        With the colours of the factors, as escape sequences.
    """
    return _Terminal(document, width, colour=colour).all()


def width_of_terminal() -> int:
    """Give the width to write for: that of the terminal, or what COLUMNS says."""
    return max(min(get_terminal_size((80, 24)).columns, 120), 30)


def laid_out(rows: Iterable[doc.Row], *, width: int = 80) -> list[Laid]:
    """Write aligned formulas, row by row, without colours.

    Returns
    -------
    list
        For each row its lines, each a formula and a reason that may be empty, and which
        of them stands on the baseline.
    """
    empty = doc.Document("", "en", ())
    return list(_Terminal(empty, width, colour=False).laid(rows))


# Before the signs that end a colour, too.
SPACE_AT_END = re.compile(r"\s+((?:\x1b\[[0-9;]*m)*)$")


class _Terminal:
    def __init__(self, document: doc.Document, width: int, *, colour: bool) -> None:
        self.document = document
        self.width = width
        self.colour = colour
        self.words = Words(document.language)

    def all(self) -> str:
        d = self.document
        title = wrapped(d.title, self.width)
        lines = [*map(self.strong, title), "═" * max(map(width_of, title), default=0)]
        if d.factors:
            lines += self.paragraph(self.words.text("page.legend"))
        if d.drawing is not None:
            lines += self.heading(self.words.text("page.graph"))
            lines += graph_text(d.drawing.folded or d.drawing).splitlines()
        if d.code is not None:
            lines += self.heading(self.words.text("page.code"))
            lines += self.code(d.code)
        for section in d.sections:
            lines += self.heading(self.runs(section.title))
            lines += self.blocks(section.blocks)
        return "\n".join(SPACE_AT_END.sub(r"\1", line) for line in lines) + "\n"

    # --- pieces -----------------------------------------------------------------------

    def strong(self, text: str) -> str:
        return f"\x1b[1m{text}\x1b[0m" if self.colour else text

    def heading(self, text: str) -> list[str]:
        lines = wrapped(text, self.width) or [""]
        return ["", *map(self.strong, lines), "─" * max(12, *map(width_of, lines))]

    def runs(self, runs: doc.Runs) -> str:
        return CONTROL.sub(" ", PLAIN.line(runs))

    def paragraph(self, text: str, indent: int = 0) -> list[str]:
        room = max(self.width - indent, 20)
        return [" " * indent + line for line in wrapped(text, room)] or [""]

    def coloured(self, pieces: Iterable[two.Piece]) -> str:
        text = ""
        for piece, factor in pieces:
            if factor and self.colour and piece.strip():
                hue = palette.DARK[factor_colour(factor)]
                r, g, b = (int(hue[k : k + 2], 16) for k in (1, 3, 5))
                text += f"\x1b[38;2;{r};{g};{b}m{piece}\x1b[0m"
            else:
                text += CONTROL.sub(" ", piece)
        return text

    # --- blocks -----------------------------------------------------------------------

    def blocks(self, blocks: tuple[doc.Block, ...], indent: int = 0) -> list[str]:
        lines: list[str] = []
        for block in blocks:
            lines += ["", *self.block(block, indent)]
        return lines

    def block(self, block: doc.Block, indent: int) -> list[str]:
        match block:
            case doc.Paragraph(runs):
                return self.paragraph(self.runs(runs), indent)
            case doc.Note(_, runs):
                inner = self.paragraph(self.runs(runs), indent + INDENT)
                return [
                    line[:indent] + "│ " + line[indent + INDENT :] for line in inner
                ]
            case doc.Display(rows):
                return [
                    " " * (indent + INDENT) + line for line in self.rows(rows, indent)
                ]
            case doc.Code():
                return [" " * indent + line for line in self.code(block)]
            case doc.Table(rows):
                return [" " * indent + line for line in self.table(rows)]
            case doc.Picture(drawing, _):
                return graph_text(drawing.folded or drawing).splitlines()
            case doc.Fold(title, inner, _):
                head = self.paragraph(f"▸ {self.runs(title)}", indent)
                return [*head, *self.blocks(inner, indent + INDENT)]

    def rows(self, rows: tuple[doc.Row, ...], indent: int) -> list[str]:
        """Write aligned formulas: signs in a column, reasons to the right or below."""
        lines: list[str] = []
        for written, _ in self.laid(rows, indent + INDENT):
            lines += [formula + reason for formula, reason in written]
            if len(written) > 1:
                lines.append("")
        return lines[:-1] if lines and not lines[-1] else lines

    def laid(self, rows: Iterable[doc.Row], indent: int = 0) -> Iterator[Laid]:
        """Lay out aligned formulas, row by row."""
        rows, width = tuple(rows), self.width - indent
        lefts = [two.text("") if r.left is None else two.block(r.left) for r in rows]
        widths = [left.width for left in lefts if left.width <= width // 2]
        wide = max(widths, default=0)
        for row, left in zip(rows, lefts, strict=True):
            head = [
                two.text(" " * (wide - left.width)),
                left,
                two.text(f" {row.sign} "),
            ]
            before, room = head, max(width - wide - 3, 12)
            blocks, parts = [], two.broken(row.right, room)
            if left.width > wide or max(part.width for part in parts) > room:
                # Below what stands on the left there is more room.
                blocks, before = [two.beside(head)], [two.text(" " * BELOW)]
                parts = two.broken(row.right, width - BELOW)
            for part in parts:
                blocks.append(two.beside([*before, part]))
                before = [two.text(" " * sum(k.width for k in before))]
            written = [(self.coloured(k), "") for block in blocks for k in block.lines]
            last, reason = blocks[-1], self.runs(row.reason)
            base = len(written) - len(last.lines) + last.base
            if reason and last.width + width_of(reason) + 3 <= width:
                written[base] = (written[base][0], "   " + reason)
            elif reason:
                at = max(min(wide + 5, width - LEAST), 0)
                inner = wrapped(reason, max(width - at, LEAST))
                written += [(" " * at, line) for line in inner]
            yield written, blocks[0].base

    def code(self, code: doc.Code) -> list[str]:
        """Write code: what is too long goes on in the next line, as Python has it."""
        lines: list[str] = []
        depth = 0
        for line in code.lines:
            badges = [(f" ({text})", f) for text, f in in_runs(line.factors)]
            text = CONTROL.sub(" ", line.text)
            head, mark, said = text.rpartition("  # ")
            beside = sum(len(number) for number, _ in badges)
            if mark and head.strip() and width_of(text) > self.width - beside:
                indent = " " * (len(head) - len(head.lstrip()))
                above, _ = continued(f"{indent}# {said}", self.width, 0)
                lines, text = [*lines, *above], head.rstrip()
            broken = [text]
            if code.language == "python":
                broken, depth = continued(text, self.width, depth)
            *before, last = broken
            row, used = [(last, "")], width_of(last)
            lines += before
            for number, factor in badges:
                if used + len(number) > self.width:
                    lines.append(self.coloured(row))
                    used = len(last) - len(last.lstrip()) + INDENT
                    row = [(" " * used, "")]
                row.append((number, factor))
                used += len(number)
            lines.append(self.coloured(row))
        return lines

    def table(self, rows: tuple[tuple[doc.Runs, ...], ...]) -> list[str]:
        texts = [[self.runs(cell) for cell in row] for row in rows]
        columns = zip_longest(*texts, fillvalue="")
        widths = [max(map(width_of, column)) for column in columns]
        head, *lines = [
            "  ".join(
                c + " " * (w - width_of(c)) for c, w in zip(row, widths, strict=False)
            )
            for row in texts
        ]
        return [head, "─" * width_of(head.rstrip()), *lines] if lines else [head]
