"""Sums of products behind index notation: contractions, order, powers."""

from __future__ import annotations

from fractions import Fraction

from derivo.explain.formula.tree import (
    Call,
    Formula,
    Index,
    Minus,
    Number,
    Plus,
    Power,
    Quotient,
    Times,
)  # fmt: skip
from derivo.explain.formula.tree import Size as SizeFormula
from derivo.graph.dim import Dim, as_extreme
from derivo.graph.node import Node
from derivo.ops.elementwise import sqrt
from derivo.ops.leaf import eye
from derivo.simplify.factor import (
    Atom,
    Base,
    Factor,
    Product,
    Rational,
    Total,
    base,
    product,
)  # fmt: skip
from derivo.simplify.terms import Terms, add_up


def is_itself(terms: Terms, node: Node) -> bool:
    """Tell whether a value was read as nothing but itself."""
    return terms.items == Terms.of(node).items


def contracted(node: Node) -> Terms:
    """Read a product of matrices as the sum that it is."""
    subscripts = node.op.contraction or (lambda *_: "")
    text = subscripts(node.attrs, *(i.spec for i in node.inputs))
    operands, arrow, result = text.partition("->")
    parts = operands.split(",")
    doubled = any(len(set(part)) < len(part) for part in parts)
    if not arrow or doubled or not "".join((*parts, result)).isalpha():
        return Terms.of(node)
    sizes = {
        c: d
        for operand, letters in zip(node.inputs, parts, strict=True)
        for c, d in zip(letters, operand.spec.shape, strict=True)
    }
    places = {c: k - len(result) for k, c in enumerate(result)}
    bound = {c: k for k, c in enumerate((c for c in sizes if c not in places), 1)}
    # An axis of size 1 has no label.
    labels = {c: k for c, k in (places | bound).items() if sizes[c] != 1}
    whole = product(
        (Atom(operand, tuple(map(labels.get, letters))), 1)
        for operand, letters in zip(node.inputs, parts, strict=True)
    )
    over = {k: sizes[c] for c, k in bound.items() if c in labels}
    return Terms(node.spec.shape, dict([add_up(whole, over)]))


def in_order(m: Product) -> list[tuple[Factor, Rational]]:
    """Give the factors as they stand in a product of matrices: ``h_ik w_kl``.

    What has the first index of the result comes first; sums and deltas come last.
    """

    def place(part: tuple[Factor, Rational]) -> tuple[int, list[int]]:
        match part[0]:
            case Total():
                return 2, []
            case Atom(node, axes):
                own = sorted(a for a in axes if a is not None and a < 0)
                return (3, []) if node.op is eye else (0, own)
            case _:
                return 1, []

    return sorted(m, key=place)


def times(parts: list[Formula]) -> Formula:
    """Multiply; nothing is 1."""
    if not parts:
        return Number(1)
    return parts[0] if len(parts) == 1 else Times(tuple(parts), "")


def raised(f: Formula, p: Fraction) -> Formula:
    """Raise to a power; the first power is the formula itself."""
    if p == 1:
        return f
    if p == Fraction(1, 2):
        return Call(sqrt, (f,))
    exponent: Formula = Number(p.numerator)
    if p.denominator != 1:
        exponent = Quotient(exponent, Number(p.denominator))
    return Power(f, exponent)


def turned(item: tuple[Product, Fraction]) -> tuple[Product, Fraction]:
    """Write ``-(t - p)`` as ``p - t``."""
    m, c = item
    for f, p in m if c < 0 else ():
        if isinstance(f, Base) and p == 1 and any(d < 0 for _, d in f.terms):
            other = base((n, -d) for n, d in f.terms)
            return product((*((g, q) for g, q in m if g is not f), (other, 1))), -c
    return item


def shifted(index: Index | None, step: int, first: Dim) -> Formula:
    """Write which entry is taken, counted from 1: of the first one on, every `step`-th.

    Parameters
    ----------
    index
        Counts the entries that are taken; None if there is but one.
    step, first
        In code, where entries are counted from 0, number i is first + step i.
    """
    extreme = as_extreme(first)
    if extreme is not None and extreme[0] == "min":
        # Where the array ends before min(N, 2) there are no entries to write.
        first = next((d for d in extreme[1:] if isinstance(d, int)), first)
    if index is None:
        return _whole(first + 1)
    counted: Formula = index
    if abs(step) != 1:
        counted = Times((Number(abs(step)), index), "")
    ahead = first + 1 - step
    if step < 0:
        return Plus((_whole(ahead), Minus(counted)))
    return Plus((counted, _whole(ahead))) if ahead else counted


def _whole(dim: Dim) -> Formula:
    return Number(dim) if isinstance(dim, int) else SizeFormula(dim)
