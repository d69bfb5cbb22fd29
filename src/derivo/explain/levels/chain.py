"""From a whole Jacobian to the short form of a gradient, one step a line."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from derivo.explain.document import Block, Display, Note, Paragraph, Row, Runs
from derivo.explain.formula.layout import layout
from derivo.explain.formula.of_node import formula_of
from derivo.explain.formula.tree import (
    Call,
    Entry,
    Formula,
    Index,
    Mark,
    Plus,
    Sum,
    Times,
    walk,
)  # fmt: skip
from derivo.explain.formula.tree import Size as SizeFormula
from derivo.explain.levels.jacobian_entry import JacobianEntry
from derivo.explain.levels.mixing import Part, substituted
from derivo.explain.levels.shorter import final_adjoint
from derivo.explain.levels.tell import Telling, numbers
from derivo.explain.words.rules import fact_text, rule_text
from derivo.graph.node import Node, order
from derivo.ops.leaf import argument
from derivo.run.reference import run_graph
from derivo.simplify.model import Step

MOST = 6


def chain(part: Part, entry: JacobianEntry, t: Telling) -> list[Block]:
    """Tell how the gradient of the operand comes out of the whole Jacobian."""
    s, operand = t.subject, part.operand
    upstream = s.raw.adjoints[part.result]
    final = final_adjoint(operand, t)
    if upstream.op is argument or final is None:
        return []
    # The rule with the true upstream gradient in place of a free one.
    made = substituted(order([entry.adjoint]), {entry.g: upstream}, t.builder)
    node = made.get(entry.adjoint, entry.adjoint)
    e, steps = t.entries, rewrites(operand, final, t)
    left = _left(part, t)
    rows = [_through_jacobian(part, entry, left, t)]

    def add(shown: Formula, reason: Runs) -> None:
        rows.append(Row(None, shown, reason))

    def written(of: Node, **options: Any) -> Formula:
        return e.equation(of, **options)[1]

    say = t.words.runs
    key = "jacobian.multiplied" if part.mixes else "jacobian.own_slope"
    add(written(node, multiply_out=True), say(key))
    e.inserted = {upstream: upstream}
    add(written(node, multiply_out=True), say("jacobian.inserted"))
    e.inserted = {}
    adjoints = set(s.raw.adjoints.values())
    through = {n: n for n in t.names if n in adjoints and n.op is not argument}
    add(written(node, through=through, multiply_out=True), say("jacobian.cancelled"))
    shown = written(final, multiply_out=True)
    reason = say("rules.rearranged")
    add(shown, rule_text(t.words, steps[-1], shown) if steps else reason)
    add(written(final), say("jacobian.pulled_out"))
    kept = without_detours(rows)
    blocks: list[Block] = [Paragraph(say("jacobian.chain")), Display(tuple(kept))]
    blocks += _remarks(kept, steps, t)
    matrix = Row(t.adjoint(operand), formula_of(final, t.names))
    return [*blocks, Display((matrix, *_final_numbers(final, t)))]


def rewrites(operand: Node, final: Node, t: Telling) -> list[Step]:
    """Give the steps by which the gradient of a value became shorter."""
    return [
        s
        for s in t.subject.derivation.backward.steps
        if s.kind == "rewrite"
        and (s.result is final or s.about is operand)
        and not (s.before is not None and s.rule.startswith("recognised"))
    ]


def _left(part: Part, t: Telling) -> Formula:
    labels = t.entries.enter(part.operand)
    indices = tuple(t.entries.scope[a] for a in labels if a is not None)
    return Entry(t.adjoint(part.operand), indices)


def _through_jacobian(
    part: Part, entry: JacobianEntry, left: Formula, t: Telling
) -> Row:
    """Write the chain rule with the Jacobian: added over every result of the row."""
    factor = t.subject.factor_of.get((part.result, 0))
    known = factor is not None and factor.operand is part.operand
    assert isinstance(entry.sign.of, Entry)  # noqa: S101
    assert isinstance(entry.sign.by, Entry)  # noqa: S101
    if not part.mixes:
        # One result depends on the entry: the one in the same place.
        indices = entry.sign.by.indices
        sign: Formula = type(entry.sign)(
            Entry(entry.sign.of.base, indices), entry.sign.by
        )
        shown = Mark(sign, factor.id) if known and factor is not None else sign
        right: Formula = Times((Entry(t.adjoint(part.result), indices), shown), "")
        return Row(left, right, t.words.runs("jacobian.own_rule"))
    shown = Mark(entry.sign, factor.id) if known and factor is not None else entry.sign
    index = next(i for i in entry.sign.of.indices if i not in entry.sign.by.indices)
    assert isinstance(index, Index)  # noqa: S101
    upstream = Entry(t.adjoint(part.result), entry.sign.of.indices)
    size = SizeFormula(part.operand.spec.shape[entry.along])
    body = Sum(index, size, Times((upstream, shown), ""))
    return Row(left, body, t.words.runs("jacobian.rule"))


def without_detours(rows: list[Row]) -> list[Row]:
    """Leave out lines that say the same again, and what lies between them."""
    kept: list[Row] = []
    for row in rows:
        same = [k for k, r in enumerate(kept) if _terms(r.right) == _terms(row.right)]
        del kept[same[0] + 1 if same else len(kept) :]
        kept += [] if same else [row]
    return kept


def _terms(formula: Formula) -> Counter[Any]:
    """Give the terms of a sum as they look, in no order."""
    parts = formula.terms if isinstance(formula, Plus) else (formula,)
    return Counter(layout(part) for part in parts)


def _remarks(rows: list[Row], steps: list[Step], t: Telling) -> list[Block]:
    """Say what is taken for granted; and where a sum is left, that nothing is."""
    found: list[Block] = [
        Note("assumption", t.words.runs("rules.assumes", fact=fact_text(t.words, fact)))
        for step in steps
        for fact in step.assumption.split("; ")
        if fact
    ]
    was_inserted = any(r.reason == t.words.runs("jacobian.inserted") for r in rows)
    sums = [f for f in walk(rows[-1].right) if isinstance(f, Sum)]
    # The sum below a softmax is no part of what could have cancelled.
    if was_inserted and any(not isinstance(f.body, Call) for f in sums):
        found.append(Note("reason", t.words.runs("jacobian.sum_left")))
    return found


def _final_numbers(final: Node, t: Telling) -> list[Row]:
    """Write the gradient as it is emitted in numbers."""
    s = t.subject
    given = {n for n in order([final]) if n.op is argument}
    if not s.values or not given <= s.values.keys():
        return []  # what comes back to a function that is called has no number here
    with np.errstate(all="ignore"):
        value = run_graph([final], s.values, s.sizes)[final]
    a = np.asarray(value)
    small = a.ndim <= 2 and a.size > 0 and max((*a.shape, 1)) <= MOST
    return [Row(None, numbers(a))] if small else []


__all__ = ["chain", "without_detours"]
