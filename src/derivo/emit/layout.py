"""The lines of a function: statements, comments in a column, what is returned."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from derivo.emit.places import nest_expression
from derivo.emit.program import Comment
from derivo.emit.statement import Statement, empty_lists_together
from derivo.emit.wrap import wrapped
from derivo.graph.nest import as_written
from derivo.graph.node import Node

WIDEST_COLUMN, WIDEST_LINE, WIDEST_NOTE = 44, 88, 80


@dataclass(frozen=True)
class Lines:
    """Text, and the node that a line computes, by line number from 1.

    Those of `backward` are lines of backward functions.
    """

    text: list[str] = field(default_factory=list)
    places: dict[int, Node] = field(default_factory=dict)
    backward: frozenset[int] = frozenset()

    def __add__(self, other: Lines) -> Lines:
        """Put other lines below these."""
        shift = len(self.text)
        moved = {k + shift: n for k, n in other.places.items()}
        backward = self.backward | {k + shift for k in other.backward}
        return Lines([*self.text, *other.text], self.places | moved, backward)

    def all_backward(self) -> Lines:
        """Give the same as lines of a backward function."""
        return replace(self, backward=frozenset(range(1, len(self.text) + 1)))


@dataclass(frozen=True)
class Written:
    """A function as written, before its comments are put into a column.

    Attributes
    ----------
    head, tail
        The line that begins with ``def``, and what is returned.
    statements
        The lines between them.
    notes
        A comment for each of these, which may be empty.
    result
        What is computed where it is returned, if anything is.
    """

    head: str
    statements: tuple[Statement, ...]
    notes: tuple[str, ...]
    tail: str
    result: Node | None = None

    @property
    def code(self) -> tuple[str, ...]:
        """What runs: all but the comments."""
        return (self.head, *(s.code for s in self.statements), self.tail)

    def lines(self) -> Lines:
        """Lay the function out."""
        pairs = tuple(zip(self.statements, self.notes, strict=True))
        widths = [len(s.code) + 4 for s, note in pairs if note]
        column = max([w for w in widths if w <= WIDEST_COLUMN], default=30) + 2
        lines = Lines(wrapped(self.head))
        for s, note in pairs:
            above, code = _commented(f"    {s.code}", note, column)
            lines.text.extend(above)
            if s.node is not None:
                lines.places[len(lines.text) + 1] = s.node
            lines.text.extend(code)
        if self.result is not None:
            lines.places[len(lines.text) + 1] = self.result
        lines.text.extend(wrapped(f"    {self.tail}"))
        return lines

    def common(self, other: Written) -> Written:
        """Give the function with those comments alone that `other` has, too."""
        pairs = zip(self.notes, other.notes, strict=True)
        return replace(self, notes=tuple(a if a == b else "" for a, b in pairs))


def function(
    head: str,
    statements: list[Statement],
    tail: str,
    comment: Comment,
    bound: Mapping[Node, str],
    unnamed: Iterable[Node] = (),
) -> Written:
    """Write a function, with the reasons for its lines.

    Results that have no name, `unnamed`, are computed where they are returned.
    """
    statements = empty_lists_together(statements)
    notes = (comment(s.node, bound) if s.node is not None else "" for s in statements)
    result = next((n for n in unnamed if n.inputs), None)
    return Written(head, tuple(statements), tuple(notes), tail, result)


def _commented(code: str, note: str, column: int) -> tuple[list[str], list[str]]:
    """Write a comment behind a line, or above it where the line gets too long.

    Returns
    -------
    above, lines
        Lines of the comment alone, and those of the code.
    """
    if not note:
        return [], wrapped(code)
    whole = f"{code}{' ' * max(column - len(code), 2)}# {note}"
    if len(whole) <= WIDEST_LINE:
        return [], [whole]
    if note.startswith("(") and ":" not in note:
        return [], wrapped(code)  # shapes alone are not worth a line of their own
    indent = code[: len(code) - len(code.lstrip())]
    above = [f"{indent}# {part}" for part in textwrap.wrap(note, WIDEST_NOTE)]
    return above, wrapped(code)


def comment_lines(notes: Iterable[str]) -> Lines:
    """Write what a reader must know as comments above a function."""
    parts = (part for note in notes for part in textwrap.wrap(note, WIDEST_LINE - 2))
    return Lines([f"# {part}" for part in parts])


def returned(structure: Any, results: list[str]) -> str:
    """Write results in the tuple, list or dict that the user's function gives."""
    written = as_written(structure)
    return ast.unparse(nest_expression(written, lambda k: ast.Name(results[k])))


def array_text(name: str, array: Any) -> str:
    """Write the definition of an array so that reading it gives the same numbers."""
    dtype = array.dtype.name  # in the machine's own order of bytes
    if not array.size and array.ndim > 1:  # its rows cannot be written
        return f"{name} = np.zeros({array.shape}, dtype=np.{dtype})"
    head = f"{name} = np.array("
    with np.printoptions(nanstr="np.nan", infstr="np.inf", floatmode="unique"):
        text = np.array2string(
            array,
            separator=", ",
            threshold=array.size + 1,
            max_line_width=WIDEST_LINE,
            prefix=head,
        )
    return f"{head}{text}, dtype=np.{dtype})"
