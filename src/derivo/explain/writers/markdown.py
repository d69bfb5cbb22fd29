"""A document as Markdown, with formulas as GitHub shows them."""

from __future__ import annotations

import re
from base64 import b64encode

from derivo.explain import document as doc
from derivo.explain import palette
from derivo.explain.drawing.model import Drawing
from derivo.explain.drawing.svg import svg
from derivo.explain.formula.latex import aligned, latex
from derivo.explain.words import Words
from derivo.explain.writers.inline import Inline, in_runs

HUES = dict(enumerate(palette.LIGHT))
SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|$~])")


def write(document: doc.Document, *, pictures: str = "") -> str:
    """Write a document.

    Parameters
    ----------
    document
        What to write.
    pictures
        Start of the names of files for pictures, such as ``"pictures/layer"``: they
        are linked as ``layer-1.svg`` and so on; see `pictures_of`. If empty, pictures
        are within the text.
    """
    return _Markdown(document, pictures).all()


def pictures_of(document: doc.Document) -> list[str]:
    """Give the pictures of a document as SVG, in order."""
    drawings = [] if document.drawing is None else [document.drawing]
    drawings += [
        b.drawing for b in doc.blocks_of(document) if isinstance(b, doc.Picture)
    ]
    return [svg(d.folded or d) for d in drawings]


def plain(text: str) -> str:
    """Write text so that Markdown takes every character as it is."""
    return SPECIAL.sub(r"\\\1", text)


def _mono(text: str) -> str:
    ticks = "``" if "`" in text else "`"
    return f"{ticks}{text}{ticks}"


MARKDOWN = Inline(
    plain, _mono, lambda formula: f"$`{latex(formula, colours=HUES)}`$",
    strong="**{}**", link="[{}]({target})",
    address=lambda target: target.replace(")", "%29"),
)  # fmt: skip
line = MARKDOWN.line


class _Markdown:
    def __init__(self, document: doc.Document, pictures: str) -> None:
        self.document = document
        self.pictures = pictures
        self.count = 0
        self.words = Words(document.language)

    def all(self) -> str:
        d = self.document
        parts = [f"# {plain(d.title)}"]
        if d.factors:
            parts.append(plain(self.words.text("page.legend")))
        if d.drawing is not None:
            parts.append(self.picture(d.drawing))
        if d.code is not None:
            parts.append(self.code(d.code))
        for section in d.sections:
            parts.append(f'<a id="{section.anchor}"></a>')
            parts += [f"## {line(section.title)}"] if any(section.title) else []
            parts += [self.block(b) for b in section.blocks]
        return "\n\n".join(part for part in parts if part) + "\n"

    def block(self, block: doc.Block) -> str:
        match block:
            case doc.Paragraph(runs):
                return line(runs)
            case doc.Note(_, runs):
                return f"> {line(runs)}"
            case doc.Display(rows):
                return self.display(rows)
            case doc.Code():
                return self.code(block)
            case doc.Table(rows):
                return self.table(rows)
            case doc.Picture(drawing, _):
                return self.picture(drawing)
            case doc.Fold(title, inner, _):
                body = "\n\n".join(self.block(b) for b in inner)
                head = f"<details><summary>{line(title)}</summary>"
                return f"{head}\n\n{body}\n\n</details>"

    def display(self, rows: tuple[doc.Row, ...]) -> str:
        """Write aligned formulas, and their reasons in a list below."""
        lines = [(r.left, r.sign, r.right) for r in rows]
        body = aligned(lines, colours=HUES)
        shown = f"```math\n\\begin{{aligned}}\n{body}\n\\end{{aligned}}\n```"
        reasons = [f"{k}. {line(r.reason)}" for k, r in enumerate(rows, 1) if r.reason]
        head = self.words.text("page.line_by_line")
        return shown if not reasons else "\n\n".join([shown, head, "\n".join(reasons)])

    def code(self, code: doc.Code) -> str:
        lines = []
        for one in code.lines:
            numbers = ", ".join(text for text, _ in in_runs(one.factors))
            lines.append(f"{one.text}  # [{numbers}]" if numbers else one.text)
        body = "\n".join(lines)
        fence = "````" if "```" in body else "```"
        return f"{fence}{code.language}\n{body}\n{fence}"

    def table(self, rows: tuple[tuple[doc.Runs, ...], ...]) -> str:
        count = max(map(len, rows))
        lines = ["| " + " | ".join(line(c) for c in row) + " |" for row in rows]
        if len(rows) == 1:
            return lines[0]
        return "\n".join([lines[0], "|" + " --- |" * count, *lines[1:]])

    def picture(self, drawing: Drawing) -> str:
        self.count += 1
        name = plain(self.words.text("page.graph_of", name=drawing.title))
        if self.pictures:
            return f"![{name}]({self.pictures}-{self.count}.svg)"
        data = b64encode(svg(drawing.folded or drawing).encode()).decode("ascii")
        return f"![{name}](data:image/svg+xml;base64,{data})"
