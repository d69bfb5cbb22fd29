"""Build the article and its appendix, from the sources here.

    python docs/article/build.py [FOLDER]

A source is Markdown. A ```python block is run, and shown with what it prints. A ```show
block is an expression that gives blocks of an explanation; they are put in its place.

What comes out is article.md with its pictures, slips.md, and article.html, in which the
pictures are alive: that file is large, and is built rather than kept.
"""

from __future__ import annotations

import contextlib
import io
import linecache
import re
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

import derivo
from derivo.explain.document import (
    Block,
    Code,
    CodeLine,
    Display,
    Document,
    Link,
    Mono,
    Paragraph,
    Picture,
    Run,
    Section,
    Strong,
    Table,
)  # fmt: skip
from derivo.explain.factors import Factor
from derivo.explain.writers import markdown
from derivo.explain.writers.html import page

HERE = Path(__file__).parent
HEADING = re.compile(r"^## (.+?) \{#([\w-]+)\}$")
SPANS = re.compile(r"(`[^`]+`|\*\*[^*]+\*\*|\*[^*]+\*|\[[^\]]+\]\([^)]+\))")
# What belongs to one explanation: ids get a prefix, so that pointing at a factor of one
# network does not light up the factors of another.
IDS = {"factor", "factors", "place", "id", "source", "target", "members"}
KEYED = {"places", "routes", "labels"}


class Builder:
    """Runs the blocks of the sources in one namespace, one after the other."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.factors: list[Factor] = []
        self.namespace: dict[str, Any] = {
            "__name__": "article", "np": np, "derivo": derivo, "live": self.live,
            "code": self.code, "lines": self.lines, "gathered": self.gathered,
            "chain": self.chain,
        }  # fmt: skip
        self.count = 0

    def document(self, source: str) -> Document:
        """Give what a source is about."""
        text = (HERE / source).read_text(encoding="utf-8")
        title, _, rest = text.partition("\n")
        found = list(self.sections(rest))
        return Document(
            title.removeprefix("# "), "en", tuple(found), tuple(self.factors)
        )

    def sections(self, text: str) -> Iterator[Section]:
        """Cut the text at its headings."""
        anchor, title, lines = "about", "", []
        for line in text.splitlines():
            heading = HEADING.match(line)
            if heading:
                yield Section(anchor, (title,), tuple(self.blocks("\n".join(lines))))
                title, anchor, lines = heading[1], heading[2], []
            else:
                lines.append(line)
        yield Section(anchor, (title,), tuple(self.blocks("\n".join(lines))))

    def blocks(self, text: str) -> Iterator[Block]:
        """Give the blocks of a section."""
        for part in re.split(
            r"(^```\w+\n.*?^```$)", text, flags=re.MULTILINE | re.DOTALL
        ):
            fence = re.match(r"```(\w+)\n(.*)```$", part, re.DOTALL)
            if fence is None:
                yield from prose(part)
            elif fence[1] == "show":
                yield from eval(fence[2].strip(), self.namespace)
            else:
                yield from self.run(fence[2])

    def run(self, text: str) -> Iterator[Block]:
        """Run a block; give it, and what it printed."""
        self.count += 1
        path = self.folder / f"block_{self.count}.py"
        path.write_text(text, encoding="utf-8")
        linecache.checkcache(str(path))
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(text, str(path), "exec"), self.namespace)
        lines = text.rstrip().splitlines()
        yield Code(tuple(CodeLine(t) for t in lines))
        output = printed.getvalue().rstrip()
        if output:
            shown = tuple(CodeLine(t.rstrip()) for t in output.splitlines())
            yield Code(shown, language="text")

    # --- what the sources call --------------------------------------------------------

    def live(self, d: Any, **arrays: Any) -> tuple[Block, ...]:
        """Give the graph, and the page that computes it."""
        explanation = d.explain(**arrays)
        picture = Picture(explanation.document.drawing, live=explanation.page)
        return self.own(d, explanation.document, [picture])

    def lines(self, d: Any, anchor: str, **arrays: Any) -> tuple[Block, ...]:
        """Give the first formulas of a section."""
        return self.display(d, lambda s: s.anchor == anchor, 0, **arrays)

    def gathered(self, d: Any, anchor: str, **arrays: Any) -> tuple[Block, ...]:
        """Give the last formulas of a section: what all before them comes to."""
        return self.display(d, lambda s: s.anchor == anchor, -1, **arrays)

    def chain(self, d: Any, **arrays: Any) -> tuple[Block, ...]:
        """Give the formulas from the whole Jacobian to the short form."""
        return self.display(d, lambda s: "jacobian" in s.anchor, -2, **arrays)

    def display(
        self, d: Any, wanted: Callable[[Section], bool], which: int, **arrays: Any
    ) -> tuple[Block, ...]:
        """Give some formulas of a section."""
        document = d.explain(**arrays).document
        (section,) = filter(wanted, document.sections)
        found = [b for b in section.blocks if isinstance(b, Display)]
        return self.own(d, document, [found[which]])

    def code(self, d: Any) -> tuple[Block, ...]:
        """Give the emitted source, its lines tied to their factors."""
        document = d.explain("code").document
        return self.own(d, document, [document.code])

    def own(self, d: Any, document: Document, blocks: list[Any]) -> tuple[Any, ...]:
        """Put the function's name before all ids."""
        prefix = f"{d.name.replace('_', '-')}-"
        known = {f.id for f in self.factors}
        for factor in document.factors:
            if prefix + factor.id not in known:
                self.factors.append(replace(factor, id=prefix + factor.id))
        return tuple(prefixed(b, prefix) for b in blocks)


def prose(text: str) -> Iterator[Block]:
    """Give paragraphs, lists and small headings."""
    for part in re.split(r"\n\s*\n", text.strip()):
        if part.startswith("### "):
            yield Paragraph((Strong(part[4:]),))
        elif part.startswith("- "):
            items = [i.removeprefix("- ") for i in part.splitlines()]
            rows = [re.split(r"(?<=\?) ", item, maxsplit=1) for item in items]
            yield Table(tuple(tuple(runs(cell) for cell in row) for row in rows))
        elif part:
            yield Paragraph(runs(part.replace("\n", " ")))


def runs(text: str) -> tuple[Run, ...]:
    """Read code, stress and links in a line."""
    parts: list[Run] = []
    for piece in SPANS.split(text):
        link = re.fullmatch(r"\[(.+)\]\((.+)\)", piece)
        if link:
            parts.append(Link(link[1], link[2]))
        elif piece.startswith("`"):
            parts.append(Mono(piece.strip("`")))
        elif piece.startswith("*") and len(piece) > 2:
            parts.append(Strong(piece.strip("*")))
        elif piece:
            parts.append(piece)
    return tuple(parts)


def prefixed(value: Any, prefix: str) -> Any:
    """Put a prefix before every id in a block."""
    if isinstance(value, tuple):
        return tuple(prefixed(v, prefix) for v in value)
    if not is_dataclass(value) or isinstance(value, type | Link | Section | Factor):
        return value
    if type(value).__module__.startswith("derivo.graph"):
        return value
    changed: dict[str, Any] = {}
    for field in fields(value):
        found = getattr(value, field.name)
        if field.name in IDS and isinstance(found, str):
            changed[field.name] = prefix + found if found else ""
        elif (
            field.name in IDS
            and isinstance(found, tuple)
            and all(isinstance(i, str) for i in found)
        ):
            changed[field.name] = tuple(prefix + i for i in found)
        elif field.name in KEYED and isinstance(found, Mapping):
            changed[field.name] = {prefix + k: v for k, v in found.items()}
        else:
            changed[field.name] = prefixed(found, prefix)
    return replace(value, **changed)


def main(folder: Path) -> None:
    """Write the article, its pictures, its page and its appendix to a folder."""
    document = Builder().document("source.md")
    text = markdown.write(document, pictures="pictures/article")
    (folder / "article.md").write_text(text, encoding="utf-8")
    (folder / "pictures").mkdir(exist_ok=True)
    for number, picture in enumerate(markdown.pictures_of(document), 1):
        name = f"article-{number}.svg"
        (folder / "pictures" / name).write_text(picture, encoding="utf-8")
    (folder / "article.html").write_text(page.write(document), encoding="utf-8")
    slips = markdown.write(Builder().document("slips.md"))
    (folder / "slips.md").write_text(slips, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE.parent)
