"""The graph and the formulas of a document as one picture, beneath each other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape
from importlib import import_module
from math import sqrt
from typing import Any

from derivo.errors import UsageError
from derivo.explain import document as doc
from derivo.explain import palette
from derivo.explain.drawing.model import Drawing
from derivo.explain.drawing.svg import svg as graph
from derivo.explain.formula.boxes import Sign, factor_colour
from derivo.explain.formula.layout import layout
from derivo.explain.formula.signs import printable
from derivo.explain.formula.typst import quoted, typst, write
from derivo.explain.formula.unicode import lines_of
from derivo.explain.writers.inline import PLAIN, Inline, numbered

WIDEST = 100  # letters right of the sign: a longer sum goes on in the next line
LARGEST = 60e6  # pixels: 240 MB while it is drawn
UNASSIGNED = "\U000f0000"  # drawn as the box that stands for a missing letter
STYLE = f"""
#set page(width: auto, height: auto, margin: 21pt, fill: white)
#set text(size: 16pt, fill: rgb("#1a1a1a"))
#show math.equation.where(block: true): set align(left)
#show math.equation.where(block: true): set par(leading: 16pt)
#show math.equation.where(block: true): pad.with(left: 18pt)
#let hues = "{" ".join(palette.LIGHT)}".split().map(rgb)
#let faint(it) = text(fill: rgb("#666666"), it)
#show heading: set text(weight: "regular")
#show heading: set block(above: 32pt, below: 18pt)
#show heading: it => {{ show math.frac: math.display; it }}
#show heading.where(level: 3): it => pad(left: 18pt, faint(it))
#let f(hue, number, it) = {{
  set text(fill: hues.at(hue))
  math.attach(math.limits(it), b: text(weight: "bold", str(number)))
}}
#let blank(number) = box(stroke: 0.7pt, radius: 2pt, inset: 4pt)[(#number)#h(3em)]
#let cells(columns, ..cells) = pad(left: 18pt, grid(
  columns: columns, column-gutter: 18pt, row-gutter: 12pt, ..cells
))
"""


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
        There is neither graph nor formula; a formula, and Typst is not installed, or no
        font has a letter of it.
    """
    told = _told(document)
    if document.drawing is not None and not told:
        return _graph(document.drawing)
    name = escape(printable(document.title), quote=True)
    said = "\n".join(printable(s) for section in told for s in _spoken(section))
    head = f'<svg role="img" aria-label="{name}" '
    made = _Sheet(document).drawn("svg").decode().replace("<svg ", head, 1)
    return made.replace(">", f"><desc>{escape(said)}</desc>", 1)


def png(document: doc.Document, *, zoom: float = 2) -> bytes:
    """Draw the same in `zoom` pixels for each point, less if it is very large."""
    sheet = _Sheet(document)
    size = re.search(rb'viewBox="0 0 ([\d.]+) ([\d.]+)"', sheet.drawn("svg"))
    width, height = map(float, size.groups()) if size else (1.0, 1.0)
    return sheet.drawn("png", 72 * min(zoom, sqrt(LARGEST / (width * height))))


def _graph(drawing: Drawing) -> str:
    return graph(drawing.folded or drawing)


def _told(document: doc.Document) -> list[doc.Section]:
    """Give the sections with formulas, of levels that were asked for by name."""
    sections = document.sections if document.asked else ()
    return [s for s in sections if any(_blocks(s.blocks))]


def _spoken(section: doc.Section) -> Iterator[str]:
    """Give the lines of a section for those who hear it."""
    yield PLAIN.line(section.title)
    for block in doc.within(section.blocks):
        if isinstance(block, doc.Display):
            for row in block.rows:
                left = () if row.left is None else (row.left,)
                yield PLAIN.line((*left, f" {row.sign} ", row.right)).strip()


class _Sheet:
    """What Typst sets: the text and, beside it, the graph."""

    def __init__(self, document: doc.Document) -> None:
        told, parts = _told(document), [STYLE]
        self.files: dict[str, bytes] = {}
        if told:
            parts.append(f"= #{quoted(document.title)}\n")
        if document.drawing is not None:
            self.files["graph.svg"] = _graph(document.drawing).encode()
            parts.append('#image("graph.svg")\n')
        elif not told:
            asked = ", ".join(document.asked)
            message = f"{asked}: no graph and no formula to draw; choose another level"
            raise UsageError(message)
        for section in told:
            parts += [f"== {TYPST.line(section.title)}\n", *_blocks(section.blocks)]
        self.files["main.typ"] = "".join(parts).encode()

    def drawn(self, form: str, resolution: float = 72) -> bytes:
        """Draw it as "svg" or "png", with so many pixels for 72 points."""
        self._check_letters()
        (made,) = _compiled(self.files, form, resolution)
        return made

    def _check_letters(self) -> None:
        """Look whether a font has each letter: what none has is drawn as a box."""
        texts = "".join(text.decode() for text in self.files.values())
        strange = sorted({c for c in texts if not c.isascii()})
        pages = "#pagebreak()".join(f"#{quoted(c)}" for c in strange)
        size = "#set page(width: auto, height: auto)"
        text = f'{size}\n#"{UNASSIGNED}"#pagebreak(){pages}'
        box, *drawn = _compiled({"main.typ": text.encode()}, "png", 72)
        missing = [c for c, made in zip(strange, drawn, strict=False) if made == box]
        if missing:
            shown = "".join(missing[:12]) + ("…" if missing[12:] else "")
            message = (
                f"no font on this machine has the letters {shown}: install one that "
                "does (for Japanese, Noto Serif CJK), or save as .html"
            )
            raise UsageError(message)


def _compiled(files: dict[str, bytes], form: str, resolution: float) -> list[bytes]:
    try:
        # Its own types know neither of several files nor of several pages.
        setter: Any = import_module("typst")
    except ImportError:
        message = (
            'PNG and pictures of formulas need Typst: pip install "derivo[svg]"; '
            'or save as .html, or the graph alone as .svg: explain("graph")'
        )
        raise UsageError(message) from None
    # Of its types a release says less, or other things, than it takes.
    compiled: Any = setter.compile
    made = compiled(files, format=form, ppi=resolution)
    return made if isinstance(made, list) else [made]


def _blocks(blocks: tuple[doc.Block, ...]) -> Iterator[str]:
    for block in blocks:
        match block:
            case doc.Display(rows):
                lines = " \\\n".join(line for row in rows for line in _aligned(row))
                yield f"$ {lines} $\n"
            case doc.Table(rows):
                width = max(map(len, rows))
                padded = (
                    cell for row in rows for cell in (*row, *[()] * width)[:width]
                )
                cells = ", ".join(f"[{TYPST.line(cell)}]" for cell in padded)
                yield f"#cells({width}, {cells})\n"
            case doc.Fold(title, inner) if any(_blocks(inner)):
                yield f"=== {TYPST.line(title)}\n"
                yield from _blocks(inner)
            case _:
                pass


def _aligned(row: doc.Row) -> Iterator[str]:
    """Write a formula as a line, or as several that begin behind its sign."""
    head = "" if row.left is None else write(layout(row.left))
    for k, part in enumerate(lines_of(layout(row.right), WIDEST)):
        begin = "&quad" if k else f"{head} &{write(Sign(row.sign))}"
        yield f"{begin} {write(part)}"


def _badge(factor: str) -> str:
    return f"#text(fill: hues.at({factor_colour(factor)}))[{numbered(factor)}]"


def _words(text: str) -> str:
    return f"#{quoted(text)}"


TYPST = Inline(_words, _words, typst, _badge)
