"""Derivatives of sums of products by one entry of a value, in index notation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from derivo.graph.node import Node
from derivo.simplify.factor import (
    Atom,
    Base,
    Exp,
    Factor,
    Log,
    Product,
    Total,
    by,
    product,
    relabelled,
)  # fmt: skip
from derivo.simplify.terms import Terms, add_up


@dataclass(frozen=True)
class Slope:
    """A term of a derivative: a product, its coefficient, and where it counts.

    `where` is the label that has to agree with that of the entry: there the term
    counts, elsewhere it is 0. None if it counts everywhere.
    """

    product: Product
    coefficient: Fraction
    where: int | None


@dataclass(frozen=True)
class By:
    """The entry by which is differentiated.

    Attributes
    ----------
    node
        The value.
    axis
        The axis, counted from the last, along which the entry has an index of its own;
        along the others it is in the same place as the result.
    label
        The label of that index.
    """

    node: Node
    axis: int
    label: int


def slopes(terms: Terms, by_entry: By) -> list[Slope]:
    """Differentiate a sum of products."""
    return [
        Slope(s.product, s.coefficient * c, s.where)
        for m, c in terms.items.items()
        for s in _of_product(m, by_entry)
    ]


def _of_product(m: Product, b: By) -> Iterator[Slope]:
    """Differentiate factor by factor, the others as they are."""
    for f, p in m:
        rest = product((*m, (f, -1)))
        for s in _of_factor(f, b):
            whole = product((*rest, *s.product))
            yield Slope(whole, s.coefficient * p, s.where)


def _of_factor(f: Factor, b: By) -> Iterator[Slope]:  # noqa: C901  a case each
    one = Fraction(1)
    match f:
        case Atom(node, axes) if node is b.node:
            yield Slope((), one, axes[b.axis])
        case Exp(inner):
            for s in _of_product(inner, b):
                yield Slope(product(((f, 1), *s.product)), s.coefficient, s.where)
        case Log(inner_factor):
            for s in _of_factor(inner_factor, b):
                under = product(((inner_factor, -1), *s.product))
                yield Slope(under, s.coefficient, s.where)
        case Base(terms):
            for m, c in terms:
                for s in _of_product(m, b):
                    yield Slope(s.product, s.coefficient * c, s.where)
        case Total(bound, inner):
            for s in _of_product(inner, b):
                yield _summed(s, bound, b)
        case _:
            return  # a size, or another value: it does not depend on the entry


def _summed(s: Slope, bound: tuple[int, ...], b: By) -> Slope:
    """Add a term up; of a sum over the entry's own index one term counts."""
    left, inner, where = set(bound), s.product, s.where
    if where in left:
        left.discard(where)
        inner = relabelled(inner, by({where: b.label}))
        where = None
    if not left:
        return Slope(inner, s.coefficient, where)
    result, count = add_up(inner, dict.fromkeys(left, 1))
    return Slope(result, s.coefficient * count, where)
