"""Reading documents: every formula that stands in one."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import derivo
from derivo.explain.document import (
    Badge,
    Display,
    Document,
    Fold,
    Link,
    Mono,
    Note,
    Paragraph,
    Picture,
    Row,
    Runs,
    Strong,
    Table,
    blocks_of,
)
from derivo.explain.formula.tree import Formula, Mark, walk
from derivo.explain.words import AREAS, texts
from tests.catalogue import CASES, LOOPS, Case


@cache
def _derived(name: str) -> Any:
    case = {**CASES, **LOOPS}[name]
    return derivo.derive(case.function, shapes=case.specs)


def derived(case: Case) -> Any:
    """Derive a program of the catalogue, once for all tests."""
    return _derived(case.name)


@cache
def _explained(name: str, *, numbers: bool) -> Document:
    arrays = {**CASES, **LOOPS}[name].arrays() if numbers else {}
    document: Document = _derived(name).explain(arrays=arrays).document
    return document


def explained(case: Case, *, numbers: bool = False) -> Document:
    """Explain a program of the catalogue, once for all tests."""
    return _explained(case.name, numbers=numbers)


def formulas_of(document: Document) -> Iterator[Formula]:
    """Give every formula of a document."""

    def rows(lines: tuple[Row, ...]) -> Iterator[Formula]:
        for row in lines:
            yield from () if row.left is None else (row.left,)
            yield row.right
            yield from inline(row.reason)

    def inline(runs: Runs) -> Iterator[Formula]:
        for run in runs:
            if not isinstance(run, str | Strong | Mono | Link | Badge):
                yield run

    for section in document.sections:
        yield from inline(section.title)
    for block in blocks_of(document):
        match block:
            case Paragraph(runs) | Note(_, runs):
                yield from inline(runs)
            case Display(lines):
                yield from rows(lines)
            case Table(cells):
                for row in cells:
                    for cell in row:
                        yield from inline(cell)
            case Picture(_, caption):
                yield from inline(caption)
            case Fold(title):
                yield from inline(title)
            case _:
                pass


def assert_links_lead_somewhere(document: Document) -> None:
    """See that each anchor is that of one section, and each link leads to one."""
    anchors = [s.anchor for s in document.sections]
    assert len(set(anchors)) == len(anchors)
    targets = {
        run.target.removeprefix("#")
        for b in blocks_of(document) if isinstance(b, Paragraph)
        for run in b.runs if isinstance(run, Link)
    }  # fmt: skip
    assert targets
    assert targets <= set(anchors)


SENTENCES = {
    f"{area}.{key}": said for area in AREAS for key, said in texts(area).items()
}


def factors_in(formula: Formula) -> tuple[str, ...]:
    """Give the ids of the factors marked in a formula, each once."""
    marks = (part.factor for part in walk(formula) if isinstance(part, Mark))
    return tuple(dict.fromkeys(marks))
