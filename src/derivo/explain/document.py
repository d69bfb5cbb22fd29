"""The document: what is shown, in what order. Writers decide how it looks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from derivo.explain.drawing.model import Drawing
from derivo.explain.factors import Factor
from derivo.explain.formula.tree import Formula

# --- within a line --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Strong:
    """Words that matter."""

    text: str


@dataclass(frozen=True, slots=True)
class Mono:
    """A piece of code within a sentence."""

    text: str


@dataclass(frozen=True, slots=True)
class Link:
    """Words that lead to another place: a section's anchor, or an address."""

    text: str
    target: str


@dataclass(frozen=True, slots=True)
class Badge:
    """The number of a factor, in its colour."""

    factor: str


Run = str | Strong | Mono | Link | Badge | Formula
Runs = tuple[Run, ...]

# --- blocks ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph of text, with formulas in it."""

    runs: Runs


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a formula: ``left = right``, and why.

    Attributes
    ----------
    left
        None continues the line above.
    reason
        Why the line holds: the rule's name, a sentence, an assumption.
    about
        Ids of the values on the way of this gradient, the one that it is of last:
        sections about them tell the line at length.
    """

    left: Formula | None
    right: Formula
    reason: Runs = ()
    sign: str = "="
    about: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Display:
    """Lines of formulas, aligned at their signs."""

    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class CodeLine:
    """A line of code, the factors that it multiplies by, and the value it computes.

    Attributes
    ----------
    places
        Ids of the values that the line computes, or whose adjoints: the one that it is
        for, then those on the way to it that have no line of their own.
    backward
        The line computes an adjoint.
    """

    text: str
    factors: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    backward: bool = False


@dataclass(frozen=True, slots=True)
class Code:
    """Code, line by line; `language` is "text" for what a program printed."""

    lines: tuple[CodeLine, ...]
    language: str = "python"


@dataclass(frozen=True, slots=True)
class Table:
    """A table; the first row holds the headings."""

    rows: tuple[tuple[Runs, ...], ...]


@dataclass(frozen=True, slots=True)
class Picture:
    """The computation graph.

    Attributes
    ----------
    live
        A page that computes it, shown in its place where pages can be shown.
    """

    drawing: Drawing
    caption: Runs = ()
    live: str = ""


@dataclass(frozen=True, slots=True)
class Note:
    """A remark set apart: `kind` is "reason", "assumption" or "warning"."""

    kind: str
    runs: Runs


@dataclass(frozen=True, slots=True)
class Fold:
    """Blocks behind a title, opened at will."""

    title: Runs
    blocks: tuple[Block, ...]
    open: bool = False


Block = Paragraph | Display | Code | Table | Picture | Note | Fold


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the document.

    Attributes
    ----------
    anchor
        Where links lead to: ``"matrix-w"``; letters, digits and hyphens.
    title
        Nothing for the words that a document begins with.
    level
        "graph", "scalar", "matrix", "batch", "code" or "" for what is always shown.
    about
        Id of the value whose gradient it tells about; "" if of none alone.
    """

    anchor: str
    title: Runs
    blocks: tuple[Block, ...]
    level: str = ""
    about: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """An explanation, ready to be written.

    Attributes
    ----------
    asked
        Levels that were asked for by name; none if all were.
    """

    title: str
    language: str
    sections: tuple[Section, ...]
    factors: tuple[Factor, ...] = ()
    drawing: Drawing | None = None
    code: Code | None = None
    asked: tuple[str, ...] = ()


SHORT = "in-short"  # the section that tells everything in a few lines


def in_short(document: Document) -> Document:
    """Leave out all but the code and the few lines that tell everything.

    A document without such lines stays as it is.
    """
    sections = tuple(s for s in document.sections if s.anchor == SHORT)
    if not sections:
        return document
    return replace(document, sections=sections, drawing=None, factors=())


def blocks_of(document: Document) -> Iterator[Block]:
    """Give every block of a document, those within folds too."""
    for section in document.sections:
        yield from within(section.blocks)


def within(blocks: tuple[Block, ...]) -> Iterator[Block]:
    """Give blocks, and those within folds too."""
    for block in blocks:
        yield block
        if isinstance(block, Fold):
            yield from within(block.blocks)
