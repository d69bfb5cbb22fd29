"""The lines of a function: statements, comments in a column, what is returned."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from derivo.emit.program import Comment
from derivo.emit.statement import Statement, listed
from derivo.emit.wrap import wrapped
from derivo.graph.node import Node

WIDEST_COLUMN, WIDEST_LINE, WIDEST_NOTE = 44, 88, 80


@dataclass(frozen=True)
class Lines:
    """Text, and the node that a line computes, by line number from 1."""

    text: list[str] = field(default_factory=list)
    places: dict[int, Node] = field(default_factory=dict)

    def __add__(self, other: Lines) -> Lines:
        """Put other lines below these."""
        shift = len(self.text)
        moved = {k + shift: n for k, n in other.places.items()}
        return Lines([*self.text, *other.text], self.places | moved)


def function(
    head: str,
    statements: list[Statement],
    tail: str,
    comment: Comment,
    bound: Mapping[Node, str],
) -> Lines:
    """Lay out a function, its comments in a column."""
    notes = [comment(s.node, bound) if s.node is not None else "" for s in statements]
    widths = [len(s.code) + 4 for s, n in zip(statements, notes, strict=True) if n]
    column = max([w for w in widths if w <= WIDEST_COLUMN], default=30) + 2
    lines = Lines(wrapped(head))
    for s, note in zip(statements, notes, strict=True):
        above, code = _commented(f"    {s.code}", note, column)
        lines.text.extend(above)
        if s.node is not None:
            lines.places[len(lines.text) + 1] = s.node
        lines.text.extend(code)
    lines.text.extend(wrapped(f"    {tail}"))
    return lines


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
    indent = code[: len(code) - len(code.lstrip())]
    above = [f"{indent}# {part}" for part in textwrap.wrap(note, WIDEST_NOTE)]
    return above, wrapped(code)


def returned(structure: Any, results: list[str]) -> str:
    """Write results in the tuple, list or dict that the user's function gives."""
    if isinstance(structure, int):
        return results[structure]
    if isinstance(structure, dict):
        parts = [f"{k!r}: {returned(v, results)}" for k, v in structure.items()]
        return f"{{{', '.join(parts)}}}"
    parts = [returned(s, results) for s in structure]
    return f"[{', '.join(parts)}]" if isinstance(structure, list) else listed(parts)


def array_text(name: str, array: Any) -> str:
    """Write the definition of an array so that reading it gives the same bits."""
    head = f"{name} = np.array("
    with np.printoptions(nanstr="np.nan", infstr="np.inf", floatmode="unique"):
        text = np.array2string(
            array,
            separator=", ",
            threshold=array.size + 1,
            max_line_width=WIDEST_LINE,
            prefix=head,
        )
    return f"{head}{text}, dtype=np.{array.dtype})"
