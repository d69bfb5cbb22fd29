"""Formulas of the scalar level."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from derivo.explain.document import Block, Display, Fold, Row
from derivo.explain.factors import Factor
from derivo.explain.formula.of_node import gradient_of, names_of
from derivo.explain.formula.tree import (
    Entry,
    Formula,
    Mark,
    Plus,
    Symbol,
    Times,
)  # fmt: skip
from derivo.explain.levels.scalarise import (
    Expanded,
)
from derivo.explain.subject import Subject
from derivo.explain.words import Words as Sentences


def as_it_is(subject: Subject) -> Expanded:
    """Take a graph of numbers as it is: it needs no expansion."""
    names = dict(names_of(subject))
    forward = set(subject.graph.nodes())
    return Expanded(
        subject.graph,
        {n: f for n, f in names.items() if n in forward},
        {n: np.array(n, dtype=object) for n in forward},
        dict(subject.factor_of),
    )


def mark(expanded: Expanded, f: Factor, body: Formula) -> Formula:
    """Colour a factor, if the graph that is shown has it."""
    known = expanded.factors.get((f.reader, f.position))
    return body if known is None else Mark(body, known.id)


def adjoint_of(formula: Formula) -> Formula:
    """Write the adjoint of what a formula stands for."""
    match formula:
        case Symbol():
            return replace(formula, adjoint=True)
        case Entry(base, indices):
            return Entry(adjoint_of(base), indices)
        case _:
            return gradient_of(formula)


def added(terms: list[Formula]) -> Formula:
    """Add terms; one alone is itself."""
    return terms[0] if len(terms) == 1 else Plus(tuple(terms))


def multiplied(parts: list[Formula]) -> Formula:
    """Multiply factors; one alone is itself."""
    return parts[0] if len(parts) == 1 else Times(tuple(parts), "×")


def folded(words: Sentences, rows: list[Row], most: int) -> list[Block]:
    """Show the first rows, the rest behind a fold."""
    if len(rows) <= most:
        return [Display(tuple(rows))]
    title = words.runs("page.more", count=str(len(rows) - most))
    rest = Fold(title, (Display(tuple(rows[most:])),))
    return [Display(tuple(rows[:most])), rest]
