"""The parts of a page: every block of a document as HTML."""

from __future__ import annotations

from dataclasses import replace
from html import escape

from derivo.explain import document as doc
from derivo.explain.drawing.model import Drawing
from derivo.explain.drawing.svg import svg
from derivo.explain.formula.boxes import factor_classes, factor_number
from derivo.explain.formula.mathml import math, mathml, pieces
from derivo.explain.words import Words
from derivo.explain.writers.inline import Inline

MANY = 4  # factors of one line of code; of more the colours alone are shown


class Parts:
    """Writes blocks in one language."""

    def __init__(self, words: Words) -> None:
        self.words = words
        self.runs = Inline(
            escape, lambda text: f"<code>{escape(text)}</code>", math, self.badge,
            strong="<strong>{}</strong>", link='<a href="{target}">{}</a>',
            address=_address,
        ).line  # fmt: skip

    # --- within a line ----------------------------------------------------------------

    def legend(self) -> str:
        """Say what colours and numbers mean, and that factors can be pointed at."""
        said = (self.words.text(f"page.{key}") for key in ("legend", "point"))
        return escape(" ".join(said))

    def badge(self, factor: str) -> str:
        """Write the number of a factor, to point at."""
        number = factor_number(factor)
        said = escape(self.words.text("page.factor", number=number))
        name = escape(factor)
        return (
            f'<span class="badge-n {factor_classes(factor)}" data-f="{name}" '
            f'tabindex="0" role="button" aria-label="{said}">{number}</span>'
        )

    # --- blocks -----------------------------------------------------------------------

    def blocks(self, blocks: tuple[doc.Block, ...]) -> str:
        """Write blocks one after the other."""
        return "\n".join(self.block(b) for b in blocks)

    def block(self, block: doc.Block) -> str:
        """Write a block."""
        match block:
            case doc.Paragraph(runs):
                return f"<p>{self.runs(runs)}</p>"
            case doc.Display(rows):
                return self.rows(rows)
            case doc.Code():
                return self.code(block)
            case doc.Table(rows):
                return self.table(rows)
            case doc.Picture(drawing, _, live) if live:
                return embed(live, self.words.text("page.graph_of", name=drawing.title))
            case doc.Picture(drawing, caption):
                return self.picture(drawing, caption)
            case doc.Note(kind, runs):
                return f'<div class="note {escape(kind)}">{self.runs(runs)}</div>'
            case doc.Fold(title, inner, is_open):
                opened = " open" if is_open else ""
                head = f"<summary>{self.runs(title)}</summary>"
                return f"<details{opened}>{head}{self.blocks(inner)}</details>"

    def rows(self, rows: tuple[doc.Row, ...]) -> str:
        """Write aligned formulas, reasons beside them."""
        lines = "".join(f"<tr>{self.cells(row)}</tr>" for row in rows)
        table = f'<table class="rows" role="presentation">{lines}</table>'
        return f'<div class="scroll" tabindex="0">{table}</div>'

    def cells(self, row: doc.Row) -> str:
        """Write a formula as cells: left, sign, right and the reason."""
        left, right = (
            " ".join(f'<math displaystyle="true">{piece}</math>' for piece in written)
            for written in (
                () if row.left is None else (mathml(row.left),), pieces(row.right)
            )
        )  # fmt: skip
        why = f'<td class="why">{self.runs(row.reason)}</td>' if row.reason else ""
        return (
            f'<td class="left">{left}</td><td><math><mo>{escape(row.sign)}</mo></math>'
            f'</td><td class="right">{right}</td>{why}'
        )

    def code(self, code: doc.Code) -> str:
        """Write code."""
        lines = (self.line(k, line) for k, line in enumerate(code.lines, start=1))
        kind = "" if code.language == "python" else " text"
        return f'<div class="code{kind}" tabindex="0"><ol>{"".join(lines)}</ol></div>'

    def line(self, number: int, line: doc.CodeLine, place: str = "") -> str:
        """Write a line of code: its number, its factors, then what it says of itself.

        Parameters
        ----------
        place
            What the element is known by, as attributes.
        """
        ids = escape(" ".join(line.factors))
        link = f' data-lines="{ids}"' if ids else ""
        badges = "".join(self.badge(f) for f in line.factors)
        if len(line.factors) > MANY:
            badges = f'<span class="many">{badges}</span>'
        code, sign, said = line.text.partition("  # ")
        comment = f'<span class="said"># {escape(said)}</span>' if sign else ""
        return (
            f'<li{place}{link}><span class="no" aria-hidden="true">{number}</span>'
            f"{escape(code.rstrip() if sign else code)}{badges}{comment}</li>"
        )

    def table(self, rows: tuple[tuple[doc.Runs, ...], ...]) -> str:
        """Write a table; the first row holds the headings."""
        lines = []
        for k, row in enumerate(rows):
            tag = "td" if k or len(rows) == 1 else "th"
            cells = "".join(f"<{tag}>{self.runs(cell)}</{tag}>" for cell in row)
            lines.append(f"<tr>{cells}</tr>")
        return (
            f'<div class="scroll"><table class="table">{"".join(lines)}</table></div>'
        )

    def picture(self, drawing: Drawing, caption: doc.Runs) -> str:
        """Write the graph; a large one folded, and below it the whole."""
        label = self.words.text("page.graph_of", name=drawing.title)
        under = f"<figcaption>{self.runs(caption)}</figcaption>" if caption else ""
        shown = _fitted(replace(drawing, folded=None), label)
        if drawing.folded is not None:
            said = escape(self.words.text("page.unfold"))
            whole = f"<details><summary>{said}</summary>{shown}</details>"
            shown = f"{_fitted(drawing.folded, label)}{whole}"
        return f'<figure class="graph">{shown}{under}</figure>'

    def section(self, section: doc.Section, head: str = "h2", inner: str = "") -> str:
        """Write a section: its title, then what is given, or else its blocks."""
        title = self.runs(section.title)
        return (
            f'<section id="{escape(section.anchor)}">'
            f"{title and f'<{head}>{title}</{head}>'}"
            f"{inner or self.blocks(section.blocks)}</section>\n"
        )


def embed(page: str, title: str) -> str:
    """Write a page within a page: it cannot reach what is around it."""
    return (
        f'<iframe title="{escape(title)}" sandbox="allow-scripts" '
        f'srcdoc="{escape(page)}" style="width:100%;height:min(90vh,760px);'
        'display:block;box-sizing:border-box;border:1px solid #ccc;border-radius:8px">'
        "</iframe>"
    )


def _fitted(drawing: Drawing, label: str) -> str:
    """Write a graph that is as wide as there is room, within what can be read."""
    drawn = svg(drawing, colours="css", label=label)
    return f'<div class="scroll" tabindex="0">{drawn}</div>'


def _address(target: str) -> str:
    """Give an address that leads within the page, to a file beside it, or to the web."""
    scheme = target.partition(":")[0].lower() if ":" in target else ""
    return escape(target if scheme in {"", "http", "https"} else "#")
