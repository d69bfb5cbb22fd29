"""Rewrite rules on sums of products: each has a name, and is tested by itself.

``xc / std`` is the forward value `xhat`; ``sum(e * xc) / std`` is ``sum(e * xhat)``.
Forward values that are single products are looked for in each product and in its
totals, as long as that makes it shorter.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from typing import Any

from derivo.graph.builder import Builder
from derivo.graph.node import Node
from derivo.simplify.factor import (
    Atom,
    Base,
    Factor,
    Label,
    Product,
    Rational,
    Size,
    Total,
    by,
    labels_of,
    length,
    product,
    total,
    unify,
)  # fmt: skip
from derivo.simplify.model import SumsToOne
from derivo.simplify.select import bases, divisors
from derivo.simplify.terms import ONE, Items, NotAlgebraic, Terms, add_up, collect
from derivo.simplify.translate import MOST_TERMS, MOST_VALUES, Reader, aligned
from derivo.trace.recorder import Recorder


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


@dataclass(frozen=True)
class Definition:
    """A forward value that is a number times a product.

    Attributes
    ----------
    value, inner, number
        The value, the product and the number.
    choosable
        Only some elements of the value may count: the others need not be finite, and
        what is finite there must not be written with them.
    """

    value: Atom
    inner: Product
    number: Fraction
    choosable: bool = False


def definition(
    node: Node, terms: Terms, *, choosable: bool = False
) -> Definition | None:  # fmt: skip
    """Read a forward value as a single product, if it is one."""
    if len(terms.items) != 1:
        return None
    ((m, c),) = terms.items.items()
    ((value, _),) = next(iter(Terms.of(node).items))
    assert isinstance(value, Atom)  # noqa: S101
    if not m or (len(m) == 1 and m[0][0] == value) or c == 0:
        return None
    if choosable and divides_in_vain(node, (m,)):
        return None
    return Definition(value, m, c, choosable)


def divides_in_vain(node: Node, items: Iterable[Product]) -> bool:
    """Tell whether a value divides by what its terms do not: ``(1 / y) * (y * z)``.

    That is z, but where y is 0 it is not a number.
    """
    divided = {b for n in bases(node) for d in divisors(n) for b in bases(d)}
    numbers = ("value", "dim")
    ends = [
        n for n in divided
        if not bases(n) - {n} and not any(k in n.attrs for k in numbers)
    ]  # fmt: skip
    return len(ends) > len({f for m in items for f, p in m if p < 0})


def part_products(
    definitions: Iterable[Definition], roots: Iterable[Definition], builder: Builder,
    known: frozenset[Node],
) -> Iterator[Definition]:  # fmt: skip
    """Give the parts of longer products that have an array to themselves.

    In ``gamma * xc / std`` that is ``xc / std``: the forward pass did not compute it,
    but the backward pass may find it worth while.
    """
    recorder = Recorder(builder)
    made: set[Node] = set()
    for d in definitions:
        inner = rebase(d.inner, roots)
        atoms = [(f, p) for f, p in inner if isinstance(f, Atom)]
        if len(atoms) != len(inner) or len(atoms) != 3 or d.number != 1:
            continue
        wide = [f for f, p in atoms if f.labels() == d.value.labels() and p == 1]
        for f in wide[:1]:
            for g, q in [a for a in atoms if a[0] != f and abs(a[1]) == 1]:
                a, b = (aligned(recorder.wrap(h.node), h.axes) for h in (f, g))
                node: Node = (a * b if q == 1 else a / b).node
                if node.spec == d.value.node.spec and node not in known | made:
                    made.add(node)
                    parts = product([(f, 1), (g, q)])
                    yield Definition(Atom(node, d.value.axes), parts, Fraction(1))


def is_root(d: Definition) -> bool:
    """Tell whether a forward value is a root of another: ``sqrt(v)``, ``v**-0.5``."""
    if len(d.inner) != 1 or d.number != 1:
        return False
    # A size is at hand as it is: nobody reads it off its root.
    return d.inner[0][1].denominator > 1 and not isinstance(d.inner[0][0], Size)


def rebase(m: Product, roots: Iterable[Definition]) -> Product:
    """Write powers of v as powers of a root of v that the forward pass has computed.

    With the root r = v**-0.5 as the unit, ``v**-1`` is ``r**2``, of which one r can go
    to another factor.
    """
    for d in roots:
        ((v, p),) = d.inner
        parts: list[tuple[Factor, Rational]] = []
        for f, q in m:
            labels = next(unify(v, f, {}), None)
            if d.choosable and Fraction(q).denominator == 1:
                labels = None  # a whole power of v is defined where its root is not
            if labels is None:
                inner = rebase(f.inner, (d,)) if isinstance(f, Total) else ()
                parts.append((total(f.bound, inner) if isinstance(f, Total) else f, q))
            else:
                parts.append((d.value.relabel(by(labels)), Fraction(q) / p))
        m = product(parts)
    return m


def complexity(m: Product) -> float:
    """Tell how long a product is to write: operations, roughly."""
    return sum(_cost(f, p) for f, p in m)


@lru_cache(maxsize=65536)
def _cost(f: Factor, p: Rational) -> float:
    p = p if p > 0 else -p
    one = 1.0
    if isinstance(f, Size):
        return 0.5
    if isinstance(f, Total):
        one = 1 + complexity(f.inner)
    elif isinstance(f, Base):
        one = len(f.terms) + sum(complexity(m) for m, _ in f.terms)
    if p == 1:
        return one
    # A higher power is no more work, but more to get rid of.
    return one + float(p) / 8 + (1 if p == Fraction(1, 2) or p.denominator == 1 else 2)


Shorter = tuple[float, Product, Fraction, Node]


class Folder:
    """Shortens products by definitions, the best one first.

    Parameters
    ----------
    definitions
        Forward values that are products.
    known
        A folder of other definitions, which is asked first: what it has found out is
        not worked out again.
    """

    def __init__(
        self, definitions: Iterable[Definition], known: Folder | None = None
    ) -> None:
        self.known = known
        self.definitions = tuple(definitions)
        # Under what a product has to contain, for a definition to be of any use.
        self.by_part: dict[object, list[int]] = {}
        for k, d in enumerate(self.definitions):
            for part in dict.fromkeys(_part(f) for f, _ in d.inner):
                self.by_part.setdefault(part, []).append(k)
        self.found: dict[Product, Shorter | None] = {}

    def __call__(self, m: Product) -> tuple[Product, Fraction, list[Node]]:
        """Shorten a product.

        Returns
        -------
        product, number, values
            The shorter product, what it is to be multiplied by, and the values found.
        """
        number = Fraction(1)
        values: list[Node] = []
        while (best := self.best(m)) is not None:
            _, m, c, node = best
            number *= c
            values.append(node)
        return m, number, values

    def best(self, m: Product) -> Shorter | None:
        """Give the shortest product that one definition leads to."""
        if m not in self.found:
            best = None if self.known is None else self.known.best(m)
            now = complexity(m)
            for d in self._of_use(m):
                for new, c in _candidates(m, d):
                    cost = complexity(new)
                    if cost < now and (best is None or cost < best[0]):
                        best = (cost, new, c, d.value.node)
            self.found[m] = best
        return self.found[m]

    def _of_use(self, m: Product) -> list[Definition]:
        """Give the definitions that have a part in common with a product."""
        parts = {_part(f) for f, _ in m}
        parts |= {_part(g) for f, _ in m if isinstance(f, Total) for g, _ in f.inner}
        at = {k for part in parts for k in self.by_part.get(part, ())}
        return [self.definitions[k] for k in sorted(at)]


def _part(f: Factor) -> object:
    """Give what two factors have in common that differ in labels at most."""
    return f.node if isinstance(f, Atom) else type(f)


def divides_by_nothing_new(
    powers: Mapping[Factor, Rational], inner: Product, sign: int
) -> bool:
    """Tell whether folding keeps clear of divisions that were not there.

    ``x**2`` is not to become ``x**3 / x`` although ``x**3`` has been computed: where x
    is 0 that is 0/0. A factor must be there as often as it is taken out.
    """
    for f, p in inner:
        q = powers.get(f, 0)
        if sign > 0 and p > 0 and q < p:
            return False
        if sign < 0 and p > 0 and q > -p:
            return False
    return True


def stays_defined(
    powers: Mapping[Factor, Rational], inner: Product, sign: int, d: Definition
) -> bool:
    """Tell whether folding keeps to where the product is defined.

    Of a value that is not defined everywhere, what it divides by and what it takes a
    root of must be in the product as well.
    """
    if not divides_by_nothing_new(powers, inner, sign):
        return False
    for f, p in inner if d.choosable else ():
        q = Fraction(powers.get(f, 0))
        if p < 0 and (q > p if sign > 0 else q < -p):
            return False
        if Fraction(p).denominator > 1 and q.denominator == 1:
            return False
    return True


def _candidates(m: Product, d: Definition) -> Iterator[tuple[Product, Fraction]]:
    for labels in _matches(d, m):
        value = d.value.relabel(by(labels))
        inner = tuple((f.relabel(by(labels)), p) for f, p in d.inner)
        for sign in (1, -1):
            if not stays_defined(dict(m), inner, sign, d):
                continue
            parts = [*m, (value, sign), *((f, -p * sign) for f, p in inner)]
            yield product(parts), Fraction(1) / d.number**sign
    for k, (t, p) in enumerate(m):
        if isinstance(t, Total) and p == 1:
            rest = m[:k] + m[k + 1 :]
            yield from _inside(t, rest, d)


def _inside(
    t: Total, rest: Product, d: Definition
) -> Iterator[tuple[Product, Fraction]]:
    """Fold inside a total; factors that do not depend on its labels may be drawn in."""
    bound = set(t.bound)
    for labels in _matches(d, t.inner):
        value = d.value.relabel(by(labels))
        inner = tuple((f.relabel(by(labels)), p) for f, p in d.inner)
        powers = {**dict(rest), **dict(t.inner)}
        for sign in (1, -1):
            if not stays_defined(powers, inner, sign, d):
                continue
            within = [*t.inner, (value, sign)]
            within += [(f, -p * sign) for f, p in inner if f.labels() & bound]
            outside = [(f, -p * sign) for f, p in inner if not f.labels() & bound]
            new = product(within)
            if not bound <= labels_of(new):
                continue
            yield (
                product([*rest, *outside, (total(t.bound, new), 1)]),
                Fraction(1) / d.number**sign,
            )


def _matches(d: Definition, m: Product) -> Iterator[dict[int, Label]]:
    """Find what the labels of a definition stand for in a product."""
    seen: list[dict[int, Label]] = []
    rank = len(d.value.axes)
    for pattern, _ in d.inner:
        for f, _ in m:
            for labels in unify(pattern, f, {}):
                if not {a for a in d.value.axes if a is not None} <= labels.keys():
                    continue  # an axis that this factor does not show
                if labels not in seen and rank == len(d.value.axes):
                    seen.append(labels)
                    yield labels
