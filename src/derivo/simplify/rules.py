"""Rewrite rules on sums of products: each has a name, and is tested by itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from derivo.graph.node import Node
from derivo.simplify.assume import SumsToOne
from derivo.simplify.factor import (
    Atom,
    Base,
    Factor,
    Product,
    Rational,
    Total,
    by,
    length,
    product,
    total,
)  # fmt: skip
from derivo.simplify.read import MOST_TERMS, MOST_VALUES, Reader
from derivo.simplify.sums import ONE, Items, add_up, collect
from derivo.simplify.terms import NotAlgebraic, Terms


def distribute(items: Mapping[Product, Fraction]) -> Items:
    """Multiply sums out: ``a (b + c) = a b + a c``, also inside totals.

    A sum to a power other than 1, 2 or 3 is left together, and so is what would become
    long: k factors of two terms have 2^k products.
    """
    result: Items = {}
    for m, c in items.items():
        try:
            expanded = _expanded(m)
        except TooLong:
            return dict(items)
        for n, d in expanded.items():
            result[n] = result.get(n, Fraction(0)) + c * d
        if len(result) > MOST_TERMS:
            return dict(items)
    return {m: c for m, c in result.items() if c}


class TooLong(Exception):  # noqa: N818 (not an error: the sum is left together)
    """A sum would have more terms, multiplied out, than are of any use."""


def _expanded(m: Product) -> Items:
    done: Items = {ONE: Fraction(1)}
    for f, p in m:
        parts: Items = {((f, p),): Fraction(1)}
        if isinstance(f, Base) and p in (1, 2, 3):
            once = distribute(dict(f.terms))
            parts = once
            for _ in range(int(p) - 1):
                parts = _times(parts, once)
        elif isinstance(f, Total) and p == 1:
            parts = _expanded_total(f)
        done = _times(done, parts)
    return done


def _expanded_total(t: Total) -> Items:
    inner = _expanded(t.inner)
    if len(inner) == 1 and next(iter(inner)) == t.inner:
        return {((t, 1),): Fraction(1)}
    # A term that does not depend on the labels would be multiplied by their number,
    # which a total does not know: leave such a total together.
    if any(not set(t.bound) <= _labels(m) for m in inner):
        return {((t, 1),): Fraction(1)}
    sizes = dict.fromkeys(t.bound, 1)
    return collect((add_up(m, sizes)[0], c) for m, c in inner.items())


def _labels(m: Product) -> frozenset[int]:
    return frozenset().union(*(f.labels() for f, _ in m)) if m else frozenset()


def _times(a: Items, b: Items) -> Items:
    # Some terms may cancel later, so this is more than is kept in the end.
    if len(a) * len(b) > 4 * MOST_TERMS:
        raise TooLong
    return collect(
        (product((*m, *n)), c * d) for m, c in a.items() for n, d in b.items()
    )


@dataclass
class SumFacts:
    """Totals that are known: of a centred value, of a softmax, of a target's row.

    Attributes
    ----------
    deep
        Reads forward values by their definitions, all the way down.
    targets
        Arguments that may be assumed to sum to 1: the axis, and the assumption.
    known
        Totals that were worked out before.
    used
        The assumptions that were made use of.
    fired
        Names of the facts that were made use of.
    """

    deep: Reader
    targets: Mapping[Node, tuple[int, SumsToOne]]
    known: dict[Total, tuple[Fraction | None, frozenset[SumsToOne]]] = field(
        default_factory=dict
    )
    used: set[SumsToOne] = field(default_factory=set)
    fired: list[str] = field(default_factory=list)

    def apply(self, items: Mapping[Product, Fraction]) -> Items:
        """Replace the totals that are known, wherever they stand."""
        return collect(self._product(m, c) for m, c in items.items())

    def _product(self, m: Product, c: Fraction) -> tuple[Product, Fraction]:
        parts: list[tuple[Factor, Rational]] = []
        for f, p in m:
            new, number = self._factor(f)
            if number == 0 and p <= 0:
                new, number = f, Fraction(1)
            if number != 1 and p.denominator != 1:
                new, number = f, Fraction(1)
            if number != 1:
                c *= number ** int(p)
            terms = new.terms if isinstance(new, Base) else ()
            if isinstance(new, Base) and not terms and p > 0:
                return ONE, Fraction(0)
            if len(terms) == 1 and p.denominator == 1:
                # All but one of its terms are gone: it is a sum no longer.
                ((m_left, c_left),) = terms
                c *= c_left ** int(p)
                parts += [(g, q * p) for g, q in m_left]
            elif new is not None:
                parts.append((new, p))
        return product(parts), c

    def _factor(self, f: Factor) -> tuple[Factor | None, Fraction]:
        if isinstance(f, Base):
            return Base(
                tuple(sorted(self.apply(dict(f.terms)).items(), key=_by_key))
            ), Fraction(1)
        if not isinstance(f, Total):
            return f, Fraction(1)
        inner, c = self._product(f.inner, Fraction(1))
        if c == 0:
            return None, c
        if not set(f.bound) <= _labels(inner):
            return f, Fraction(1)
        t = total(f.bound, inner)
        value = self._value(t)
        return (t, c) if value is None else (None, c * value)

    def _value(self, t: Total) -> Fraction | None:
        assumed = self._assumed(t)
        if assumed is not None:
            return assumed
        if t not in self.known:
            before, self.used = self.used, set()
            try:
                self.known[t] = self._computed(t), frozenset(self.used)
            except TooLong:
                self.known[t] = None, frozenset()
            self.used = before
        value, used = self.known[t]
        self.used |= used
        if value is not None:
            self.fired.append("probabilities sum to 1" if value else
                              "the total of a centred value is 0")  # fmt: skip
        return value

    def _assumed(self, t: Total) -> Fraction | None:
        if len(t.inner) != 1 or len(t.bound) != 1:
            return None
        (f, p), *_ = t.inner
        if p != 1 or not isinstance(f, Atom):
            return None
        if "rows_sum_to_one" in f.node.op.traits:
            square = f.node.attrs.get("n") is not None
            return Fraction(1) if (square and _is_identity(f.node)) or (
                not square and f.axes[-1] == t.bound[0]) else None  # fmt: skip
        if f.node not in self.targets:
            return None
        axis, fact = self.targets[f.node]
        if f.axes[axis] != t.bound[0]:
            return None
        self.used.add(fact)
        return Fraction(1)

    def _computed(self, t: Total) -> Fraction | None:
        """Work a total out from the definitions of the values in it."""
        powers = [(f, p) for f, p in t.inner if isinstance(f, Atom)]
        atoms = [f for f, _ in powers]
        if len(atoms) != len(t.inner) or all(not f.node.inputs for f in atoms):
            return None
        sizes = {
            a: d
            for f in atoms
            for a, d in zip(f.axes, f.node.spec.shape, strict=True)
            if a is not None
        }
        result: Items = {ONE: Fraction(1)}
        for f, p in powers:
            try:
                value = in_frame(self.deep(f.node), f) ** p
            except NotAlgebraic:
                return None
            result = _times(result, distribute(value.items))
            if sum(map(length, result)) > MOST_VALUES:
                return None
        bound = {b: sizes[b] for b in t.bound}
        summed = collect(
            (n, c * d) for m, c in result.items() for n, d in [add_up(m, bound)]
        )
        summed = collect(
            (n, c * d) for m, c in summed.items() for n, d in _expanded(m).items()
        )
        summed = self._with_assumed(summed)
        if not summed:
            return Fraction(0)
        return summed[ONE] if set(summed) == {ONE} else None

    def _with_assumed(self, items: Items) -> Items:
        """Replace the totals of targets: a smoothed target sums to 1, too.

        What is assumed is noted where that leads to a number, and only there.
        """
        before = set(self.used)
        result: list[tuple[Product, Fraction]] = []
        for m, c in items.items():
            parts, number = [], c
            for f, p in m:
                value = self._assumed(f) if isinstance(f, Total) and p == 1 else None
                parts += [(f, p)] if value is None else []
                number *= 1 if value is None else value
            result.append((product(parts), number))
        found = collect(result)
        if found and set(found) != {ONE}:
            self.used = before
            return items
        return found


def _is_identity(node: Node) -> bool:
    return bool(node.attrs["n"] == node.attrs["m"]) and node.attrs["k"] == 0


def in_frame(terms: Terms, atom: Atom) -> Terms:
    """Give the definition of an atom with the labels that the atom carries."""
    rank = len(atom.axes)
    names = {i - rank: a for i, a in enumerate(atom.axes)}
    items: Items = {}
    for m, c in terms.items.items():
        n = product((f.relabel(by(names)), p) for f, p in m)
        items[n] = items.get(n, Fraction(0)) + c
    return terms.like(items)


def _by_key(item: tuple[Product, Fraction]) -> Any:
    return tuple((f.key, p) for f, p in item[0])
