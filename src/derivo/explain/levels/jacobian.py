"""Jacobians: what `grad * f'` leaves out, and how a long chain becomes p - t."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from derivo.explain.document import Block, Display, Note, Paragraph, Row, Section
from derivo.explain.factors import Factor
from derivo.explain.formula.layout import layout
from derivo.explain.formula.of_node import formula_of
from derivo.explain.formula.tree import (
    Delta,
    Entry,
    Formula,
    Index,
    Mark,
    Minus,
    Number,
    Partial,
    Plus,
    Sum,
    Symbol,
    Times,
    walk,
)  # fmt: skip
from derivo.explain.formula.tree import Size as SizeFormula
from derivo.explain.levels.shorter import final_adjoint
from derivo.explain.levels.tell import Telling, numbers
from derivo.explain.subject import Subject
from derivo.explain.words import Words as Sentences
from derivo.explain.words.rules import fact_text, rule_text
from derivo.graph.node import Node
from derivo.ops.leaf import argument
from derivo.simplify.factor import Atom, Product, Total, by, product
from derivo.simplify.factor import Size as SizeFactor
from derivo.simplify.read import Reader
from derivo.simplify.rules import distribute
from derivo.simplify.terms import NotAlgebraic, Terms
from derivo.trace.recorder import Recorder

MOST = 6
RESULT = 10**7  # label of the index that counts the results


def sections(subject: Subject, words: Sentences) -> tuple[Section, ...]:
    """Tell of every operation that mixes the entries of a row."""
    t = Telling(subject, words)
    found = []
    for factor in subject.factors:
        reader = factor.reader
        mixing = reader.op.lower is not None and len(reader.inputs) == 1
        if mixing and reader.spec.shape == factor.operand.spec.shape:
            found += _section(factor, t)
    return tuple(found)


def _section(factor: Factor, t: Telling) -> list[Section]:
    entry = jacobian_entry(factor, t)
    if entry is None:
        return []
    of, formula = entry
    reader, operand = factor.reader, factor.operand
    forward = t.entries.equation(reader)
    rows = [
        Row(*forward, t.words.runs("jacobian.definition")),
        Row(of, Mark(formula, factor.id), t.words.runs("jacobian.entry")),
    ]
    fields = {"value": t.shown(reader), "operand": t.shown(operand)}
    deltas = [part for part in walk(formula) if isinstance(part, Delta)]
    blocks: list[Block] = [
        Paragraph(t.words.runs("jacobian.mixes", **fields)), Display(tuple(rows)),
        *(Note("reason", t.words.runs("jacobian.delta", index=d)) for d in deltas[:1]),
        *_numbers(factor, t), *_chain(factor, t),
    ]  # fmt: skip
    title = t.words.runs("jacobian.title", **fields)
    return [Section(f"jacobian-{t.anchor(reader)}", title, tuple(blocks), "matrix")]


# --- the entries of the Jacobian ------------------------------------------------------


def jacobian_entry(factor: Factor, t: Telling) -> tuple[Formula, Formula] | None:
    """Give an entry of the Jacobian, read off from the operation's rule.

    The rule is linear in the upstream gradient g. What multiplies g with the index of
    the operand itself stands on the diagonal; what multiplies g under a sum stands
    everywhere, and the index of that sum counts the results.

    Returns
    -------
    tuple
        The sign of the entry and its formula, over the last axis; None if the rule
        cannot be read.
    """
    reader, operand = factor.reader, factor.operand
    recorder = Recorder(t.builder)
    g = t.builder.make(argument, (), {"name": "upstream gradient", "spec": reader.spec})
    assert reader.op.vjp is not None  # noqa: S101
    parts = reader.op.vjp(
        recorder.wrap(g), recorder.wrap(reader), recorder.wrap(operand), **reader.attrs
    )
    try:
        terms = Reader(lambda n: n in {g, reader, operand})(recorder.lift(parts[0]))
        terms = terms.like(distribute(terms.items))
    except NotAlgebraic:
        return None
    e = t.entries
    labels = e.enter(operand)
    mixed = [
        a for m in terms.items for f, _ in m if isinstance(f, Total) for a in f.bound
    ]
    along = _axis(terms, g)
    if along is None or not mixed:
        return None
    # The result's index: one letter more than the operand's own.
    result = e.name(RESULT, operand.spec.shape[along])
    own = e.scope[along]
    summed: list[Formula] = []
    for m, c in terms.items.items():
        shown = _coefficient(m, g, e, along)
        if shown is None:
            return None
        body, is_diagonal = shown
        if is_diagonal:
            body = _times_delta(body, Delta(own, result))
        scaled = body if abs(c) == 1 else Times((Number(float(abs(c))), body), "")
        summed.append(Minus(scaled) if c < 0 else scaled)
    summed.sort(key=lambda f: isinstance(f, Minus))
    indices = tuple(e.scope[a] for a in labels if a is not None)
    moved = tuple(result if i == own else i for i in indices)
    of = Partial(Entry(t.shown(reader), moved), Entry(t.shown(operand), indices))
    return of, summed[0] if len(summed) == 1 else Plus(tuple(summed))


def _times_delta(body: Formula, delta: Delta) -> Formula:
    parts = body.factors if isinstance(body, Times) else (body,)
    kept = tuple(p for p in parts if p != Number(1))
    return Times((*kept, delta), "") if kept else delta


def _axis(terms: Terms, g: Node) -> int | None:
    """Give the axis over which the rule adds up: the one that g has bound."""
    for m in terms.items:
        for f, _ in m:
            if isinstance(f, Total):
                for inner, _p in f.inner:
                    if isinstance(inner, Atom) and inner.node is g:
                        bound = [k for k, a in enumerate(inner.axes) if a in f.bound]
                        return bound[0] - len(inner.axes) if len(bound) == 1 else None
    return None


def _coefficient(
    m: Product, g: Node, e: Any, along: int
) -> tuple[Formula, bool] | None:
    """Take g out of a product: what multiplies it, and whether on the diagonal."""
    rest = []
    diagonal = False
    for f, p in m:
        if isinstance(f, Atom) and f.node is g:
            diagonal = True
        elif isinstance(f, Total) and any(
            isinstance(i, Atom) and i.node is g for i, _ in f.inner
        ):
            # The bound index of g is the index of the result.
            (label,) = f.bound
            inner = product(
                (i, q) for i, q in f.inner if not (isinstance(i, Atom) and i.node is g)
            )
            moved = [(i.relabel(by({label: RESULT})), q) for i, q in inner]
            rest += moved
        else:
            rest.append((f, p))
    del along
    return e.product(product(rest), Fraction(1)), diagonal


def _numbers(factor: Factor, t: Telling) -> list[Block]:
    """Show the Jacobian of the first row, and what its diagonal alone would give."""
    s, reader = t.subject, factor.reader
    if reader not in s.values or factor.operand not in s.values:
        return []
    value = np.atleast_1d(np.asarray(s.values[reader], dtype=float))
    upstream = s.values.get(s.raw.adjoints[reader])
    if value.ndim > 2 or value.shape[-1] > MOST or not value.size or upstream is None:
        return []
    size = value.shape[-1]
    operand = np.atleast_1d(np.asarray(s.values[factor.operand], dtype=float))
    first = operand[:1] if operand.ndim == 2 else operand
    jacobian = np.empty((size, size))
    for k in range(size):
        unit = np.zeros_like(first)
        unit[..., k] = 1
        assert reader.op.vjp is not None  # noqa: S101
        y = reader.op.compute(first, **reader.attrs)
        jacobian[k] = np.ravel(reader.op.vjp(unit, y, first, **reader.attrs)[0])
    row = np.broadcast_to(np.asarray(upstream, dtype=float), value.shape)
    g = np.ravel(row[:1] if row.ndim == 2 else row)
    adjoint = t.adjoint(factor.operand)
    matrix = Partial(t.shown(reader), t.shown(factor.operand))
    rows = (
        Row(matrix, numbers(jacobian), t.words.runs("jacobian.first")),
        Row(adjoint, numbers(g @ jacobian), t.words.runs("jacobian.whole")),
        Row(
            None, numbers(g * np.diag(jacobian)), t.words.runs("jacobian.diagonal"), "≠"
        ),
    )
    return [Paragraph(t.words.runs("jacobian.product")), Display(rows)]


# --- from the Jacobian to the short form ---------------------------------------------


def _chain(factor: Factor, t: Telling) -> list[Block]:
    """Go from the whole Jacobian to the short form, one step a line."""
    s, operand, reader = t.subject, factor.operand, factor.reader
    raw = s.raw.adjoints[operand]
    upstream = s.raw.adjoints[reader]
    final = final_adjoint(operand, t)
    if len(t.readers.get(operand, ())) != 1 or upstream.op is argument or final is None:
        return []
    e = t.entries
    own, multiplied = e.equation(raw, multiply_out=True)
    adjoint = t.adjoint(operand)
    left = Entry(adjoint, own.indices) if isinstance(own, Entry) else adjoint
    rows: list[Row] = [_through_jacobian(factor, left, t)]
    rows.append(Row(None, multiplied, t.words.runs("jacobian.multiplied")))
    e.inserted = {upstream: upstream}
    rows.append(
        Row(
            None,
            e.equation(raw, multiply_out=True)[1],
            t.words.runs("jacobian.inserted"),
        )
    )
    e.inserted = {}
    held = set(s.raw.adjoints.values())
    through = {n: n for n in t.names if n in held and n.op is not argument}
    cancelled = e.equation(raw, through=through, multiply_out=True)[1]
    rows.append(Row(None, cancelled, t.words.runs("jacobian.cancelled")))
    d = s.derivation
    steps = [
        x
        for x in d.backward.steps
        if x.kind == "rewrite" and (x.result is final or x.about is operand)
    ]
    steps = [
        x for x in steps if x.before is None or not x.rule.startswith("recognised")
    ]
    reason = (
        rule_text(t.words, steps[-1]) if steps else t.words.runs("rules.rearranged")
    )
    rows.append(Row(None, e.equation(final, multiply_out=True)[1], reason))
    kept = [rows[0]]
    for row in rows[1:]:
        if layout(row.right) != layout(kept[-1].right):
            kept.append(row)
    blocks: list[Block] = [
        Paragraph(t.words.runs("jacobian.chain")),
        Display(tuple(kept)),
    ]
    assumed = [x.assumption for x in steps if x.assumption]
    blocks += [
        Note("assumption", t.words.runs("rules.assumes", fact=fact_text(t.words, a)))
        for a in assumed
    ]
    matrix = [Row(adjoint, formula_of(final, t.names)), *t.in_numbers(final)]
    return [*blocks, Display(tuple(matrix))]


def _through_jacobian(factor: Factor, left: Formula, t: Telling) -> Row:
    """Write the chain rule with the Jacobian: added over every result of the row."""
    e = t.entries
    entry = jacobian_entry(factor, t)
    assert entry is not None  # noqa: S101
    of, _ = entry
    assert isinstance(of, Partial)  # noqa: S101
    assert isinstance(of.of, Entry)  # noqa: S101
    own = (
        {i.name for i in left.indices if isinstance(i, Index)}
        if isinstance(left, Entry)
        else set()
    )
    index = next(i for i in of.of.indices if isinstance(i, Index) and i.name not in own)
    size = SizeFormula(e.sizes[RESULT])
    upstream = Entry(t.adjoint(factor.reader), of.of.indices)
    body = Times((upstream, Mark(of, factor.id)), "")
    return Row(left, Sum(index, size, body), t.words.runs("jacobian.rule"))


__all__ = ["SizeFactor", "Symbol", "jacobian_entry", "sections"]
