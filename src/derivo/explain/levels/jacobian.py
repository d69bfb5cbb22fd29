"""Jacobians: what `grad * f'` leaves out, and what it is enough for."""

from __future__ import annotations

from typing import Any

import numpy as np

from derivo.explain.document import Block, Display, Note, Paragraph, Row, Section
from derivo.explain.formula.local import prime
from derivo.explain.formula.of_node import formula_of
from derivo.explain.formula.tree import (
    Delta,
    Entry,
    Formula,
    Mark,
    Number,
    Partial,
    Symbol,
    Words,
    walk,
)  # fmt: skip
from derivo.explain.levels.chain import chain
from derivo.explain.levels.jacobian_entry import JacobianEntry, jacobian_entry, lane
from derivo.explain.levels.mixing import Part, mixing_parts, next_part
from derivo.explain.levels.tell import Telling, numbers
from derivo.explain.rounding import run_rounded
from derivo.explain.subject import Subject
from derivo.explain.words import Words as Sentences

MOST = 6  # rows of a matrix with numbers
LONGEST = 90  # parts of a formula that is still read


def sections(subject: Subject, words: Sentences) -> tuple[Section, ...]:
    """Tell of everything that mixes the entries of a row.

    Where nothing does, the last function of single entries whose values have names
    shows what its Jacobian is.
    """
    t = Telling(subject, words)
    found = [s for part in mixing_parts(t) for s in _section(part, t)]
    for factor in () if found else subject.factors:
        part = next_part(factor.operand, t)
        alone = part is not None and part.nodes == (factor.reader,)
        named = {factor.operand, factor.reader} <= subject.names.keys()
        if part is not None and alone and named and prime(factor, t.names) is not None:
            return tuple(_section(part, t))
    return tuple(found)


def _section(part: Part, t: Telling) -> list[Section]:
    entry = jacobian_entry(part, t)
    if entry is None or len(list(walk(entry.formula))) > LONGEST:
        return []
    fields = {"value": t.shown(part.result), "operand": t.shown(part.operand)}
    key = "jacobian.mixes" if part.mixes else "jacobian.own"
    deltas = [f for f in walk(entry.formula) if isinstance(f, Delta)]
    blocks: list[Block] = [
        Paragraph(t.words.runs(key, lane=lane(entry, t), **fields)),
        Display((*_definition(part, entry, t),)),
        *(Note("reason", t.words.runs("jacobian.delta", index=d)) for d in deltas[:1]),
        *_numbers(part, entry, t),
        *chain(part, entry, t),
    ]
    title = t.words.runs("jacobian.title", **fields)
    anchor = f"jacobian-{t.anchor(part.result)}"
    about = t.subject.ids[part.operand]
    return [Section(anchor, title, tuple(blocks), "matrix", about)]


def _definition(part: Part, entry: JacobianEntry, t: Telling) -> list[Row]:
    """Write what the operation is, and one entry of its Jacobian."""
    say, whole = t.words.runs, entry.formula
    reason = say("jacobian.definition")
    if len(part.nodes) == 1:
        rows = [Row(*t.entries.equation(part.result), reason)]
        factor = t.subject.factor_of.get((part.result, 0))
        whole = whole if factor is None else Mark(whole, factor.id)
    else:
        rows = [
            Row(t.shown(node), formula_of(node, t.names), reason)
            for node in part.nodes if isinstance(t.names.get(node), Symbol)
        ]  # fmt: skip
    if entry.definition is None:
        return [*rows, Row(entry.sign, whole, say("jacobian.entry"))]
    key = "jacobian.differentiated" if part.mixes else "jacobian.own_differentiated"
    again = say("jacobian.again", value=t.shown(part.result))
    said = say(key, lane=lane(entry, t))
    return [*rows, Row(entry.sign, entry.definition, said), Row(None, whole, again)]


# --- numbers --------------------------------------------------------------------------


def _numbers(part: Part, entry: JacobianEntry, t: Telling) -> list[Block]:
    """Show the Jacobian of the first row, and what its diagonal alone would give."""
    s, upstream = t.subject, t.subject.raw.adjoints[part.result]
    if part.result not in s.values or upstream not in s.values:
        return []
    shape = np.shape(s.values[part.result])
    if len(shape) > 2 or 0 in shape or shape[entry.along] > MOST:
        return []
    jacobian = first_jacobian(part, entry, s)
    g, whole = (
        _first(np.broadcast_to(s.values[n], shape), entry.along)
        for n in (upstream, s.raw.adjoints[part.operand])
    )
    with np.errstate(all="ignore"):
        alone = g * np.diag(jacobian)

    def first(whole: Formula) -> Formula:
        """Write the row, or the column, that the numbers are of."""
        one, all_of_it = Number(1), Words(":")
        places = (one, all_of_it) if entry.along == -1 else (all_of_it, one)
        return whole if len(shape) < 2 else Entry(whole, places)

    def said(key: str) -> Any:
        return t.words.runs(f"jacobian.{key}", lane=lane(entry, t))

    operand, result = t.shown(part.operand), t.shown(part.result)
    own = "" if part.mixes else "own_"
    rows = [
        Row(Partial(first(result), first(operand)), numbers(jacobian), said("first")),
        Row(first(t.adjoint(part.result)), numbers(g), said("upstream")),
        Row(first(t.adjoint(part.operand)), numbers(whole), said(f"{own}whole")),
    ]
    if part.mixes:
        rows.append(Row(None, numbers(alone), said("diagonal"), "≠"))
    return [Paragraph(said(f"{own}product")), Display(tuple(rows))]


def first_jacobian(part: Part, entry: JacobianEntry, subject: Subject) -> Any:
    """Compute the Jacobian of the first row, one result after the other."""
    shape = np.shape(subject.values[part.result])
    rows = []
    for k in range(shape[entry.along]):
        unit = np.zeros(shape)
        _first(unit, entry.along)[k] = 1
        known = {**subject.values, entry.g: unit}
        with np.errstate(all="ignore"):
            found = run_rounded([entry.adjoint], known, subject.sizes)
        whole = np.broadcast_to(found[entry.adjoint], shape)
        rows.append(_first(whole, entry.along))
    return np.array(rows)


def _first(array: Any, along: int) -> Any:
    """Give the first row, or the first column where entries are mixed along it."""
    if array.ndim == 1:
        return array
    return array[0] if along == -1 else array[:, 0]


__all__ = ["first_jacobian", "sections"]
