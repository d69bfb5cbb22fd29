"""From a whole Jacobian to the short form of a gradient, one step a line."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from derivo.explain.document import Block, Display, Note, Paragraph, Row
from derivo.explain.formula.of_node import formula_of
from derivo.explain.formula.tree import (
    Call,
    Formula,
    Mark,
    Partial,
    Plus,
    Sum,
    Symbol,
    Times,
    walk,
)  # fmt: skip
from derivo.explain.formula.tree import Size as SizeFormula
from derivo.explain.formula.unicode import inline
from derivo.explain.levels.jacobian_entry import JacobianEntry, lane
from derivo.explain.levels.mixing import Part
from derivo.explain.levels.shorter import assumed, final_adjoint, rewrites, rules_of
from derivo.explain.levels.tell import Telling
from derivo.explain.words.rules import rule_text
from derivo.graph.builder import substitute
from derivo.graph.node import Node
from derivo.ops.leaf import argument
from derivo.simplify.rules import distribute
from derivo.simplify.translate import Reader


def chain(part: Part, entry: JacobianEntry, t: Telling) -> list[Block]:
    """Tell how the gradient of the operand comes out of the whole Jacobian."""
    s, operand, e, say = t.subject, part.operand, t.entries, t.words.runs
    upstream, final = s.raw.adjoints[part.result], final_adjoint(operand, t)
    if upstream.op is argument or final is None:
        return []
    # The rule with the true upstream gradient in place of a free one.
    rule = substitute([entry.adjoint], {entry.g: upstream}, t.builder)[entry.adjoint]

    def written(of: Node, **options: Any) -> Formula:
        return e.equation(of, **{"multiply_out": part.mixes, **options})[1]

    put_in = say("jacobian.multiplied" if part.mixes else "jacobian.own_slope")
    rows = [_chain_rule(part, entry, t), Row(None, written(rule), put_in)]
    inserted = written(rule, inserted=upstream)
    rows.append(Row(None, inserted, say("jacobian.inserted")))
    computed = {n: n for n in s.raw.adjoints.values() if n.op is not argument}
    cancelled = written(rule, through=computed, multiply_out=True)
    if len(inline(cancelled)) < len(inline(inserted)):
        rows.append(Row(None, cancelled, say("jacobian.cancelled")))
    steps, known = rewrites(operand, t), {operand, part.result}
    before, after = (Reader(known.__contains__)(n).items for n in (rule, final))
    shown = written(final)
    if distribute(before) != distribute(after):
        rules = [rule_text(t.words, r) for s in steps[-1:] for r in rules_of(s, shown)]
        why = t.words.joined(rules, "page.semicolon") or say("rules.rearranged")
        rows.append(Row(None, shown, why))
    elif not _symbols(shown) <= _symbols(rows[-1].right):
        rows.append(Row(None, shown, say("jacobian.named")))
    rows.append(Row(None, e.equation(final)[1], say("jacobian.pulled_out")))
    rows = without_detours(rows)
    matrix = Row(t.adjoint(operand), formula_of(final, t.names))
    return [
        Paragraph(say("jacobian.chain")),
        Display(tuple(rows)),
        *assumed(steps, t),
        *_sum_left(rows, entry, t),
        Display((matrix, *t.in_numbers_only(s.raw.adjoints[operand]))),
    ]


def _chain_rule(part: Part, entry: JacobianEntry, t: Telling) -> Row:
    """Write the chain rule with the Jacobian: added over every result of the row.

    Where nothing is mixed one result depends on the entry: that in the same place.
    """
    whole = entry.of if part.mixes else replace(entry.of, indices=entry.by.indices)
    sign: Formula = Partial(whole, entry.by)
    factor = t.subject.factor_of.get((part.result, 0))
    if factor is not None and factor.operand is part.operand:
        sign = Mark(sign, factor.id)
    right: Formula = Times((replace(whole, base=t.adjoint(part.result)), sign), "")
    if part.mixes:
        size = SizeFormula(part.operand.spec.shape[entry.along])
        right = Sum(entry.result, size, right)
    left = replace(entry.by, base=t.adjoint(part.operand))
    key = "jacobian.rule" if part.mixes else "jacobian.own_rule"
    return Row(left, right, t.words.runs(key, lane=lane(entry, t)))


def without_detours(rows: list[Row]) -> list[Row]:
    """Leave out lines that say the same again, and what lies between them."""
    kept: list[Row] = []
    for row in rows:
        same = [k for k, r in enumerate(kept) if _terms(r.right) == _terms(row.right)]
        del kept[same[0] + 1 if same else len(kept) :]
        kept += [] if same else [row]
    return kept


def _terms(formula: Formula) -> list[str]:
    """Give the terms of a sum as they look, in no order."""
    parts = formula.terms if isinstance(formula, Plus) else (formula,)
    return sorted(map(inline, parts))


def _symbols(formula: Formula) -> set[Formula]:
    return {f for f in walk(formula) if isinstance(f, Symbol)}


def _sum_left(rows: list[Row], entry: JacobianEntry, t: Telling) -> list[Block]:
    """Say, where a sum is left, that nothing known gives its value."""
    was_inserted = any(r.reason == t.words.runs("jacobian.inserted") for r in rows)
    sums = [f for f in walk(rows[-1].right) if isinstance(f, Sum)]
    # The sum below a softmax is no part of what could have cancelled.
    if not was_inserted or all(isinstance(f.body, Call) for f in sums):
        return []
    return [Note("reason", t.words.runs("jacobian.sum_left", lane=lane(entry, t)))]


__all__ = ["chain"]
