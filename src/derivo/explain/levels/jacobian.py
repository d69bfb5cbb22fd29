"""Jacobians: what `grad * f'` leaves out, and what it is enough for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from derivo.explain.document import Block, Display, Note, Paragraph, Row, Section
from derivo.explain.factors import Factor
from derivo.explain.formula.local import prime
from derivo.explain.formula.of_node import adjoint_symbol, formula_of
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
from derivo.explain.levels import jacobian_entry as entries
from derivo.explain.levels.chain import chain
from derivo.explain.levels.jacobian_entry import JacobianEntry
from derivo.explain.levels.mixing import (
    Part,
    mixing_parts,
    next_part,
    readers_of,
)
from derivo.explain.levels.tell import Telling, numbers
from derivo.explain.subject import Subject
from derivo.explain.words import Words as Sentences
from derivo.graph.node import Node
from derivo.run.reference import run_graph

MOST = 6  # rows of a matrix with numbers
LONGEST = 90  # parts of a formula that is still read
ALIASES = "yxzuvh"  # for values that the user gave no name


def sections(subject: Subject, words: Sentences) -> tuple[Section, ...]:
    """Tell of everything that mixes the entries of a row.

    Where nothing does, a function of single entries shows what its Jacobian is.
    """
    t = Telling(subject, words)
    found = [s for part in mixing_parts(subject) for s in _section(part, t)]
    return tuple(found) or _own_entries(t)


def _own_entries(t: Telling) -> tuple[Section, ...]:
    """Tell of the last function of single entries whose values have names."""
    named, readers = t.subject.names, readers_of(t.subject)
    for factor in t.subject.factors:
        if not {factor.operand, factor.reader} <= named.keys():
            continue
        part = next_part(factor.operand, readers, t.subject)
        alone = part is not None and part.nodes == (factor.reader,)
        if part is not None and alone and prime(factor, t.names) is not None:
            return tuple(_section(part, t))
    return ()


def jacobian_entry(factor: Factor, t: Telling) -> tuple[Partial, Formula] | None:
    """Give an entry of the Jacobian of one operation: its sign, and what it is."""
    part = Part(factor.operand, factor.reader, (factor.reader,))
    found = entries.jacobian_entry(part, t)
    return None if found is None else (found.sign, found.formula)


def _section(part: Part, t: Telling) -> list[Section]:
    with _named(part, t) as rows:
        entry = entries.jacobian_entry(part, t)
        if entry is None or len(list(walk(entry.formula))) > LONGEST:
            return []
        fields = {"value": t.shown(part.result), "operand": t.shown(part.operand)}
        key = "jacobian.mixes" if part.mixes else "jacobian.own"
        if part.mixes and entry.along != -1:
            key = "jacobian.mixes_slice"
        blocks: list[Block] = [Paragraph(t.words.runs(key, **fields))]
        blocks.append(Display((*rows, *_definition(part, entry, rows, t))))
        blocks += _delta(entry, t)
        blocks += [*_numbers(part, entry, t), *chain(part, entry, t)]
        title = t.words.runs("jacobian.title", **fields)
    anchor = f"jacobian-{t.anchor(part.result)}"
    about = t.subject.ids[part.operand]
    return [Section(anchor, title, tuple(blocks), "matrix", about)]


@contextmanager
def _named(part: Part, t: Telling) -> Iterator[list[Row]]:
    """Give values without a name a letter for a while, and say what it stands for."""
    taken = {s.name for s in t.names.values() if isinstance(s, Symbol)}
    free = [c for c in ALIASES if c not in {*taken, *t.entries.letter_of.values()}]
    rows: list[Row] = []
    added: list[Node] = []
    for node in (part.operand, part.result):
        if node not in t.names and free:
            right = formula_of(node, t.names)
            symbol = Symbol(free.pop(0), node.spec.rank)
            added.append(node)
            rows.append(Row(symbol, right, t.words.runs("jacobian.called")))
            t.names[node] = symbol
            adjoint = t.subject.raw.adjoints[node]
            if adjoint not in t.names and adjoint.inputs:
                added.append(adjoint)
                t.names[adjoint] = adjoint_symbol(symbol)
    yield rows
    for node in added:
        del t.names[node]


def _definition(
    part: Part, entry: JacobianEntry, called: list[Row], t: Telling
) -> list[Row]:
    """Write what the operation is, and one entry of its Jacobian."""
    told = {row.left for row in called}
    ids = {t.subject.factor_of.get((part.result, k)) for k in range(len(part.nodes))}
    factor = next((f for f in ids if f is not None), None)
    is_one = len(part.nodes) == 1 and factor is not None
    whole = Mark(entry.formula, factor.id) if is_one and factor else entry.formula
    reason = t.words.runs("jacobian.definition")
    rows = [Row(*t.entries.equation(part.result), reason)] if is_one else []
    for node in () if is_one else part.nodes:
        if isinstance(t.names.get(node), Symbol) and t.names[node] not in told:
            rows.append(Row(t.shown(node), formula_of(node, t.names), reason))  # noqa: PERF401  with a condition
    left: Formula | None = entry.sign
    if entry.definition is not None:
        key = "jacobian.differentiated" if part.mixes else "jacobian.own_differentiated"
        reason = t.words.runs(key)
        rows.append(Row(left, entry.definition, reason))
        left = None
    key = "jacobian.entry" if left is not None else "jacobian.again"
    rows.append(Row(left, whole, t.words.runs(key, value=t.shown(part.result))))
    return rows


def _delta(entry: JacobianEntry, t: Telling) -> list[Block]:
    deltas = [part for part in walk(entry.formula) if isinstance(part, Delta)]
    return [Note("reason", t.words.runs("jacobian.delta", index=d)) for d in deltas[:1]]


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
    g = _first(np.broadcast_to(s.values[upstream], shape), entry.along)
    with np.errstate(all="ignore"):
        whole, alone = _clean(g @ jacobian, g, jacobian), g * np.diag(jacobian)
    keys = ["first", "whole", "diagonal"] if part.mixes else ["first", "own_whole"]
    if entry.along != -1:
        keys[0] = "first_slice"
    reasons = [t.words.runs(f"jacobian.{key}") for key in keys]

    def first(whole: Formula) -> Formula:
        """Write the row, or the column, that the numbers are of."""
        if len(shape) < 2:
            return whole
        one, all_of_it = Number(1), Words(":")
        places = (one, all_of_it) if entry.along == -1 else (all_of_it, one)
        return Entry(whole, places)

    sign = Partial(first(t.shown(part.result)), first(t.shown(part.operand)))
    rows = [
        Row(sign, numbers(jacobian), reasons[0]),
        Row(first(t.adjoint(part.operand)), numbers(whole), reasons[1]),
    ]
    if part.mixes:
        rows.append(Row(None, numbers(alone), reasons[2], "≠"))
    key = "jacobian.product" if part.mixes else "jacobian.own_product"
    return [Paragraph(t.words.runs(key)), Display(tuple(rows))]


def first_jacobian(part: Part, entry: JacobianEntry, subject: Subject) -> Any:
    """Compute the Jacobian of the first row, one result after the other."""
    shape = np.shape(subject.values[part.result])
    rows = []
    for k in range(shape[entry.along]):
        unit = np.zeros(shape)
        _first(unit, entry.along)[k] = 1
        known = {**subject.values, entry.g: unit}
        with np.errstate(all="ignore"):
            found = run_graph([entry.adjoint], known, subject.sizes)
        whole = np.broadcast_to(found[entry.adjoint], shape)
        rows.append(_first(whole, entry.along))
    return np.array(rows)


def _first(array: Any, along: int) -> Any:
    """Give the first row, or the first column where entries are mixed along it."""
    if array.ndim == 1:
        return array
    return array[0] if along == -1 else array[:, 0]


def _clean(whole: Any, g: Any, jacobian: Any) -> Any:
    """Take what is left of rounding where everything cancels for 0."""
    scale = np.abs(g) @ np.abs(jacobian)
    return np.where(np.abs(whole) <= 1e-14 * scale, 0.0, whole)


__all__ = ["first_jacobian", "jacobian_entry", "sections"]
