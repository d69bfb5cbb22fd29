"""An entry of a Jacobian, read from the rule of its operations."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction

from derivo.explain.formula.tree import Entry, Formula, Index, Partial, Symbol
from derivo.explain.levels.mixing import Part, pulled_back
from derivo.explain.levels.tell import Telling
from derivo.graph.node import Node
from derivo.ops.leaf import eye
from derivo.simplify.factor import Atom, Product, Total, by, product, relabelled
from derivo.simplify.patterns import atoms_in
from derivo.simplify.rules import distribute
from derivo.simplify.terms import NotAlgebraic
from derivo.simplify.translate import Reader

RESULT = 10**7  # label of the index that counts the results


@dataclass(frozen=True)
class JacobianEntry:
    """An entry of the Jacobian of a part of a graph.

    Attributes
    ----------
    of, by
        The entries of the result and of the operand: ``p_ik``, ``z_ij``.
    result
        The index that counts the results: ``k``.
    formula
        What it is, in terms of the result.
    definition
        The same in terms of the operand alone; None if that says nothing new.
    along
        The axis within which entries are mixed, counted from the last.
    g, adjoint
        A free upstream gradient, and the operand's adjoint that follows from it.
    """

    of: Entry
    by: Entry
    result: Index
    formula: Formula
    definition: Formula | None
    along: int
    g: Node
    adjoint: Node

    @property
    def sign(self) -> Partial:
        """``∂p_ik/∂z_ij``."""
        return Partial(self.of, self.by)


def jacobian_entry(part: Part, t: Telling) -> JacobianEntry | None:
    """Give an entry of the Jacobian; None if it cannot be read.

    The operand's adjoint is linear in the upstream gradient g. What multiplies g with
    the index of the operand itself stands on the diagonal; what multiplies g under a
    sum stands everywhere, and the index of that sum counts the results.
    """
    operand, e = part.operand, t.entries
    if not operand.spec.rank:
        return None
    g, adjoint = pulled_back(part, t.builder)
    named = {n for n, f in t.names.items() if isinstance(f, Symbol) and not f.adjoint}
    known = {g, operand, part.result} | named
    found = _coefficients(Reader(known.__contains__), adjoint, g)
    axes = {c.axis for c in found if c.axis is not None}
    # Without a sum, entries are moved about at most: that is no matter of a Jacobian.
    if not found or len(axes) != int(part.mixes):
        return None
    along = axes.pop() if axes else -1
    size = operand.spec.shape[along]
    if size == 1:
        return None
    labels = [a for a in e.enter(operand) if a is not None]
    result = e.name(RESULT, size)
    of = Entry(
        t.shown(part.result),
        tuple(result if a == along else e.scope[a] for a in labels),
    )
    wrt = Entry(t.shown(operand), tuple(e.scope[a] for a in labels))
    identity = t.builder.make(eye, (), {"n": size, "m": size, "k": 0})
    delta = (Atom(identity, (along, RESULT)), 1)

    def written(coefficients: list[Coefficient]) -> Formula:
        """Write a sum; what is on the diagonal only comes first."""
        ordered = sorted(coefficients, key=lambda c: c.axis is not None)
        return e.items(
            [
                (
                    c.product if c.axis is not None else product((*c.product, delta)),
                    c.number,
                )
                for c in ordered
            ]
        )

    formula, definition = written(found), None
    if len(part.nodes) == 1 and part.result.op.lower is not None:
        plain = Reader({g, operand}.__contains__, exps=True)
        definition = written(_coefficients(plain, adjoint, g))
    definition = None if definition == formula else definition
    return JacobianEntry(of, wrt, result, formula, definition, along, g, adjoint)


def lane(entry: JacobianEntry, t: Telling) -> str:
    """Say what entries are mixed within: a row, or a column."""
    return t.words.text(f"jacobian.{'row' if entry.along == -1 else 'column'}")


@dataclass(frozen=True)
class Coefficient:
    """What multiplies g in a term, and the axis along which that is added up."""

    product: Product
    number: Fraction
    axis: int | None


def _coefficients(read: Reader, adjoint: Node, g: Node) -> list[Coefficient]:
    """Read an adjoint as a sum of products with g; nothing if it is none."""
    items = read(adjoint).items
    # What a product of exponentials is shows when it is multiplied out.
    for written in (items, distribute(items))[int(read.exps) :]:
        with suppress(NotAlgebraic):
            return [_coefficient(m, c, g) for m, c in written.items()]
    return []


def _coefficient(m: Product, number: Fraction, g: Node) -> Coefficient:
    """Take g out of a product; under a sum, its index is that of the results."""
    reading = [f for f, _ in m if any(a.node is g for a in atoms_in(((f, 1),)))]
    rest = product((f, p) for f, p in m if f not in reading)
    match reading:
        case [Atom()]:
            return Coefficient(rest, number, None)
        case [Total((label,), inner)]:
            own = _coefficient(inner, number, g)
            (axes,) = {a.axes for a in atoms_in(inner) if a.node is g}
            if own.axis is None:
                moved = relabelled(own.product, by({label: RESULT}))
                axis = axes.index(label) - len(axes)
                return Coefficient(product((*rest, *moved)), number, axis)
        case _:
            pass
    raise NotAlgebraic


__all__ = ["RESULT", "JacobianEntry", "jacobian_entry", "lane"]
