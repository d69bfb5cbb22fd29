"""Sums of products behind index notation: contractions, sizes of labels, powers."""

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
from derivo.simplify.factor import (
    Atom,
    Base,
    Exp,
    Factor,
    Label,
    Log,
    Product,
    Rational,
    Total,
    base,
    product,
    total,
)  # fmt: skip
from derivo.simplify.terms import Terms


def is_itself(terms: Terms, node: Node) -> bool:
    """Tell whether a value was read as nothing but itself."""
    return terms.items == Terms.of(node).items


def contracted(node: Node) -> Terms:
    """Read a product of matrices as the sum that it is."""
    specs = tuple(i.spec for i in node.inputs)
    if node.op.contraction is None:
        return Terms.of(node)
    text = node.op.contraction(node.attrs, *specs)
    letters_in = text.replace("->", "").replace(",", "")
    doubled = any(len(set(part)) < len(part) for part in text.split("->")[0].split(","))
    if not letters_in.isalpha() or doubled or "->" not in text:
        return Terms.of(node)
    operands, _, result = text.partition("->")
    sizes = {
        c: d
        for operand, letters in zip(node.inputs, operands.split(","), strict=True)
        for c, d in zip(letters, operand.spec.shape, strict=True)
    }
    # An axis of size 1 has no label.
    labels: dict[str, Label] = {
        c: None if sizes[c] == 1 else k - len(result) for k, c in enumerate(result)
    }
    bound: list[int] = []
    factors = []
    for operand, letters in zip(node.inputs, operands.split(","), strict=True):
        for c in letters:
            if c not in labels:
                labels[c] = None if sizes[c] == 1 else 1 + len(bound)
                bound += [] if sizes[c] == 1 else [1 + len(bound)]
        factors.append((Atom(operand, tuple(labels[c] for c in letters)), 1))
    whole = product(factors)
    if bound:
        whole = product([(total(bound, whole), 1)])
    return Terms(node.spec.shape, {whole: Fraction(1)})


def size_of(label: int, m: Product) -> Dim:  # noqa: C901  a case for each factor
    """Give the size of the axes that carry a label."""
    for f, _ in m:
        match f:
            case Atom(node, axes):
                for axis, d in zip(axes, node.spec.shape, strict=True):
                    if axis == label:
                        return d
            case Total(_, inner) | Exp(inner):
                found = size_of(label, inner)
                if found != 1:
                    return found
            case Base(terms):
                for inner, _c in terms:
                    found = size_of(label, inner)
                    if found != 1:
                        return found
            case Log(inner_factor):
                found = size_of(label, ((inner_factor, 1),))
                if found != 1:
                    return found
            case _:
                pass
    return 1


def in_order(m: Product) -> list[tuple[Factor, Rational]]:
    """Give the factors as they stand in a product of matrices: ``h_ik w_kl``.

    What has the first index of the result comes first; sums come last.
    """
    values = [part for part in m if isinstance(part[0], Atom)]
    ordered = iter(sorted(values, key=lambda part: _result_axes(part[0])))
    mixed = [next(ordered) if isinstance(part[0], Atom) else part for part in m]
    return sorted(mixed, key=lambda part: isinstance(part[0], Total))


def _result_axes(f: Factor) -> tuple[int, ...]:
    """Give the axes of the result that a value has, counted from the last."""
    assert isinstance(f, Atom)  # noqa: S101
    return tuple(sorted(a for a in f.axes if a is not None and a < 0))


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
    if isinstance(ahead, int) and ahead <= 0:
        return Plus((counted, Minus(Number(-ahead)))) if ahead else counted
    return Plus((counted, _whole(ahead)))


def _whole(dim: Dim) -> Formula:
    return Number(dim) if isinstance(dim, int) else SizeFormula(dim)
