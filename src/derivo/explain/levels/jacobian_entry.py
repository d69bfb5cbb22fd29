"""An entry of a Jacobian: from the rule of its operations, and from their meaning."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from derivo.explain.formula.slopes import By, Slope, slopes
from derivo.explain.formula.tree import (
    Delta,
    Entry,
    Formula,
    Minus,
    Number,
    Partial,
    Plus,
    Symbol,
    Times,
)  # fmt: skip
from derivo.explain.levels.mixing import Part, pulled_back
from derivo.explain.levels.tell import Telling
from derivo.graph.node import Node
from derivo.simplify.factor import Atom, Factor, Product, Total, by, product, relabelled
from derivo.simplify.rules import distribute
from derivo.simplify.terms import NotAlgebraic, Terms
from derivo.simplify.translate import Reader

RESULT = 10**7  # label of the index that counts the results


@dataclass(frozen=True)
class JacobianEntry:
    """An entry of the Jacobian of a part of a graph.

    Attributes
    ----------
    sign
        ``∂p_ik/∂z_ij``.
    formula
        What it is, in terms of the result.
    definition
        The same from the definition of the operation; None if that is not at hand.
    along
        The axis within which entries are mixed, counted from the last.
    g, adjoint
        A free upstream gradient, and the operand's adjoint that follows from it.
    """

    sign: Partial
    formula: Formula
    definition: Formula | None
    along: int
    g: Node
    adjoint: Node


def jacobian_entry(part: Part, t: Telling) -> JacobianEntry | None:
    """Give an entry of the Jacobian; None if it cannot be read.

    The operand's adjoint is linear in the upstream gradient g. What multiplies g with
    the index of the operand itself stands on the diagonal; what multiplies g under a
    sum stands everywhere, and the index of that sum counts the results.
    """
    operand = part.operand
    if not operand.spec.rank:
        return None
    g, adjoint = pulled_back(part, t.builder)
    named = {n for n, f in t.names.items() if isinstance(f, Symbol) and not f.adjoint}
    atoms = {g, operand, part.result} | named
    try:
        terms = Reader(lambda n: n in atoms)(adjoint)
        terms = terms.like(distribute(terms.items))
    except NotAlgebraic:
        return None
    found = [_coefficient(m, g) for m in terms.items]
    axes = {axis for f in found if f is not None for axis in f[1:] if axis is not None}
    # Without a sum, entries are moved about at most: that is no matter of a Jacobian.
    is_read = None not in found and bool(terms.items) and len(axes) == int(part.mixes)
    if not is_read:
        return None
    along = axes.pop() if axes else -1
    if operand.spec.shape[along] == 1:
        return None
    e = t.entries
    labels = e.enter(operand)
    result, own = e.name(RESULT, operand.spec.shape[along]), e.scope[along]
    read = [
        Slope(f[0], c, along if f[1] is None else None)
        for f, c in zip(found, terms.items.values(), strict=True)
        if f is not None
    ]
    indices = tuple(e.scope[a] for a in labels if a is not None)
    moved = tuple(result if i == own else i for i in indices)
    sign = Partial(Entry(t.shown(part.result), moved), Entry(t.shown(operand), indices))
    formula = _written(read, e, Delta(own, result))
    definition = _from_definition(part, along, t)
    return JacobianEntry(sign, formula, definition, along, g, adjoint)


def _coefficient(m: Product, g: Node) -> tuple[Product, int | None] | None:
    """Take g out of a product: what multiplies it, and the axis of a sum over it."""
    for f, p in m:
        rest = product((*m, (f, -p)))
        if isinstance(f, Atom) and f.node is g and p == 1:
            return (rest, None) if not _reads(rest, g) else None
        if isinstance(f, Total) and p == 1 and _reads(((f, 1),), g):
            return _out_of_sum(f, rest, g)
    return None


def _out_of_sum(f: Total, rest: Product, g: Node) -> tuple[Product, int | None] | None:
    own = [i for i, _ in f.inner if isinstance(i, Atom) and i.node is g]
    inner = product((i, q) for i, q in f.inner if i not in own)
    if len(own) != 1 or len(f.bound) != 1 or _reads((*inner, *rest), g):
        return None
    # The bound index of g is the index of the result.
    (label,) = f.bound
    place = own[0].axes.index(label) - len(own[0].axes)
    return product((*rest, *relabelled(inner, by({label: RESULT})))), place


def _reads(m: Product, node: Node) -> bool:
    def within(f: Factor) -> bool:
        inner: Any = getattr(f, "inner", ())
        parts = [inner] if isinstance(inner, Factor) else [i for i, _ in inner]
        parts += [i for n, _ in getattr(f, "terms", ()) for i, _p in n]
        return getattr(f, "node", None) is node or any(within(i) for i in parts)

    return any(within(f) for f, _ in m)


def _from_definition(part: Part, along: int, t: Telling) -> Formula | None:
    """Differentiate what the operation means; None for one that is taken as it is."""
    if len(part.nodes) != 1 or part.result.op.lower is None:
        return None
    entry = By(part.operand, along, RESULT + 1)
    try:
        terms = Reader(lambda n: n is part.operand, exps=True).through(part.result)
    except NotAlgebraic:
        return None
    if terms.items == Terms.of(part.result).items:
        return None
    # The result's own index becomes that of results, the entry's that of the operand.
    change = by({along: RESULT, RESULT + 1: along})
    e = t.entries
    moved = [
        Slope(relabelled(s.product, change), s.coefficient, s.where)
        for s in slopes(terms, entry)
    ]
    return _written(moved, e, Delta(e.scope[along], e.scope[RESULT])) if moved else None


def _written(terms: list[Slope], e: Any, delta: Delta) -> Formula:
    """Write a sum; what counts on the diagonal only gets a delta."""
    summed: list[Formula] = []
    for s in sorted(terms, key=lambda s: (s.coefficient < 0, s.where is None)):
        body = e.product(s.product, abs(s.coefficient))
        body = body if s.where is None else _times_delta(body, delta)
        summed.append(Minus(body) if s.coefficient < 0 else body)
    return summed[0] if len(summed) == 1 else Plus(tuple(summed))


def _times_delta(body: Formula, delta: Delta) -> Formula:
    parts = body.factors if isinstance(body, Times) else (body,)
    kept = tuple(p for p in parts if p != Number(1))
    return Times((*kept, delta), "") if kept else delta


__all__ = ["RESULT", "JacobianEntry", "jacobian_entry"]
