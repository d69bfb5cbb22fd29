"""Build the article: docs/article.md, its page and its pictures, from the sources here.

    python docs/article/build.py [FOLDER]

A source is Markdown. A ```python block is run, and shown with what it prints. A ```show
block is an expression that gives blocks of an explanation; they are put in its place.
"""

from __future__ import annotations

import contextlib
import io
import linecache
import re
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

import derivo
from derivo.explain.document import (
    Block,
    Code,
    CodeLine,
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
SOURCES = ("source.md", "slips.md", "questions.md")
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
        self.told: dict[int, str] = {}
        self.namespace: dict[str, Any] = {
            "__name__": "article", "np": np, "derivo": derivo, "told": self.tell,
            "picture": self.picture, "code": self.code, "jacobian": self.jacobian,
        }  # fmt: skip
        self.count = 0

    def document(self) -> Document:
        """Give the whole article."""
        text = "\n".join((HERE / s).read_text(encoding="utf-8") for s in SOURCES)
        title, _, rest = text.partition("\n")
        found = list(self.sections(rest))
        return Document(
            title.removeprefix("# "), "en", tuple(found), tuple(self.factors)
        )

    def sections(self, text: str) -> Iterator[Section]:
        """Cut the text at its headings."""
        anchor, title, lines = "about", "About this page", []
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

    def tell(self, d: Any, *anchors: str, **arrays: Any) -> tuple[Block, ...]:
        """Give the sections of an explanation with these anchors."""
        document = d.explain(**arrays).document
        by_anchor = {s.anchor: s for s in document.sections}
        missing = [a for a in anchors if a not in by_anchor]
        if missing:
            message = f"{d.name}: no section {missing}; there are {sorted(by_anchor)}"
            raise LookupError(message)
        blocks = [b for a in anchors for b in by_anchor[a].blocks]
        return self.own(d, document, blocks)

    def jacobian(self, d: Any, **arrays: Any) -> tuple[Block, ...]:
        """Give the sections about Jacobians."""
        document = d.explain(**arrays).document
        anchors = [s.anchor for s in document.sections if "jacobian" in s.anchor]
        return self.tell(d, *anchors, **arrays)

    def picture(self, d: Any, **arrays: Any) -> tuple[Block, ...]:
        """Give the graph."""
        document = d.explain("graph", **arrays).document
        return self.own(d, document, [Picture(document.drawing)])

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
    """Write article.md, article.html and the pictures to a folder."""
    document = Builder().document()
    text = markdown.write(document, pictures="pictures/article")
    (folder / "article.md").write_text(text, encoding="utf-8")
    (folder / "pictures").mkdir(exist_ok=True)
    for number, picture in enumerate(markdown.pictures_of(document), 1):
        name = f"article-{number}.svg"
        (folder / "pictures" / name).write_text(picture, encoding="utf-8")
    (folder / "article.html").write_text(page.write(document), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE.parent)
