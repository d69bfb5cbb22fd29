"""Factors of a product in index notation, and products of them.

``sum(g * x, axis=0)`` with `g` and `x` of shape (N, M) is the total over a bound label
of ``g[i, j] x[i, j]``. Axes carry labels instead of positions: a free label is a
negative number that counts from the last axis (so that broadcasting, which aligns last
axes, needs no work), a bound one is a positive number, an axis of size 1 carries None.
Transposing, adding an axis and broadcasting change labels only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import count
from typing import Any

from derivo.graph.dim import Dim
from derivo.graph.node import Node

Label = int | None
_FRESH = count(10**6)  # labels for passing through; none is left in a result
Relabel = Callable[[int], Label]


def by(names: Mapping[int, Label]) -> Relabel:
    """Change the labels that have a new name; leave the others."""
    return lambda a: names.get(a, a)


class Factor:
    """A part of a product. Equal parts of equal nodes are equal; keys can be sorted.

    What a factor is made of never changes, so that its hash, labels and length are
    worked out once, from those of the parts.

    Attributes
    ----------
    parts
        What makes it equal to another one.
    key
        Where it stands among others.
    own
        The labels on which it depends.
    length
        How many values it is made of, counted as often as they are written.
    level
        How many labels are bound in it, one total inside another.
    """

    __slots__ = ("hashed", "key", "length", "level", "own", "parts", "renamings")
    parts: tuple[Any, ...]
    key: Any
    own: frozenset[int]
    hashed: int
    length: int
    level: int
    renamings: dict[Any, Factor]

    def _identify(
        self, parts: tuple[Any, ...], key: Any, own: frozenset[int], length: int = 1,
        level: int = 0,
    ) -> None:  # fmt: skip
        put = object.__setattr__
        put(self, "parts", parts)
        put(self, "key", key)
        put(self, "own", own)
        put(self, "length", length)
        put(self, "level", level)
        put(self, "hashed", hash(parts))
        put(self, "renamings", {})

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, Factor):
            return NotImplemented
        return self.hashed == other.hashed and self.parts == other.parts

    def __hash__(self) -> int:
        return self.hashed

    def labels(self) -> frozenset[int]:
        """Give the labels on which the factor depends."""
        return self.own

    def relabel(self, change: Relabel) -> Factor:
        """Give the factor with other labels; itself, if none of its own changes."""
        names = tuple((a, b) for a in self.own if (b := change(a)) != a)
        if not names:
            return self
        # A factor is read on many ways, and moved to the same few places each time.
        found = self.renamings.get(names)
        if found is None:
            found = self.renamings[names] = self._renamed(dict(names))
        return found

    def _renamed(self, names: Mapping[int, Label]) -> Factor:
        raise NotImplementedError


# Whole powers are kept as integers, which are equal to such fractions and much faster.
Rational = int | Fraction
Product = tuple[tuple[Factor, Rational], ...]


@dataclass
class Made:
    """How many products and totals have been made so far: what algebra costs."""

    products: int = 0
    totals: int = 0


MADE = Made()


def product(parts: Iterable[tuple[Factor, Rational]]) -> Product:
    """Multiply: collect powers, drop those that are zero, sort."""
    MADE.products += 1
    powers: dict[Factor, Rational] = {}
    for factor, power in parts:
        powers[factor] = powers[factor] + power if factor in powers else power
    kept = [
        (f, p if type(p) is int or p.denominator > 1 else p.numerator)
        for f, p in powers.items()
        if p
    ]
    if len(kept) > 1:
        kept.sort(key=_by_factor)
    return tuple(kept)


def _by_factor(part: tuple[Factor, Rational]) -> Any:
    return part[0].key


def product_key(m: Product) -> Any:
    """Give a sortable key of a product."""
    return tuple((f.key, p) for f, p in m)


def length(m: Product) -> int:
    """Tell how many values a product is made of, inside its sums as well."""
    return sum(f.length for f, _ in m)


def labels_of(m: Product) -> frozenset[int]:
    """Give the labels on which a product depends."""
    if len(m) == 1:
        return m[0][0].own
    return frozenset().union(*[f.own for f, _ in m])


def level_of(m: Product) -> int:
    """Tell how many labels are bound in a product, one total inside another."""
    return max([f.level for f, _ in m], default=0)


def relabelled(m: Product, change: Relabel) -> Product:
    """Give a product with other labels."""
    moved = [f.relabel(change) for f, _ in m]
    if all(new is f for new, (f, _) in zip(moved, m, strict=True)):
        return m
    return product((new, p) for new, (_, p) in zip(moved, m, strict=True))


@dataclass(frozen=True, eq=False, slots=True)
class Atom(Factor):
    """A value as it stands, with a label for each of its axes."""

    node: Node
    axes: tuple[Label, ...]

    def __post_init__(self) -> None:
        key = (0, self.node.index, tuple(a or 0 for a in self.axes))
        own = frozenset(a for a in self.axes if a is not None)
        self._identify((Atom, self.node, self.axes), key, own)

    def _renamed(self, names: Mapping[int, Label]) -> Factor:
        axes = tuple(None if a is None else names.get(a, a) for a in self.axes)
        return Atom(self.node, axes)


@dataclass(frozen=True, eq=False, slots=True)
class Size(Factor):
    """A dimension as a number."""

    dim: Dim

    def __post_init__(self) -> None:
        self._identify((Size, self.dim), (1, str(self.dim)), frozenset())


@dataclass(frozen=True, eq=False, slots=True)
class Exp(Factor):
    """e to the power of a product."""

    inner: Product

    def __post_init__(self) -> None:
        m = self.inner
        key = (2, product_key(m))
        self._identify((Exp, m), key, labels_of(m), length(m), level_of(m))

    def _renamed(self, names: Mapping[int, Label]) -> Factor:
        return Exp(relabelled(self.inner, by(names)))


@dataclass(frozen=True, eq=False, slots=True)
class Log(Factor):
    """The logarithm of a total of exponentials, or of 1 + an exponential."""

    inner: Factor

    def __post_init__(self) -> None:
        f = self.inner
        self._identify((Log, f), (3, f.key), f.own, f.length, f.level)

    def _renamed(self, names: Mapping[int, Label]) -> Factor:
        return Log(self.inner.relabel(by(names)))


@dataclass(frozen=True, eq=False, slots=True)
class Total(Factor):
    """A product added up over bound labels, each of which stands for an axis."""

    bound: tuple[int, ...]
    inner: Product

    def __post_init__(self) -> None:
        m, bound = self.inner, self.bound
        key = (4, bound, product_key(m))
        own = labels_of(m) - set(bound)
        level = len(bound) + level_of(m)
        self._identify((Total, bound, m), key, own, length(m), level)

    def _renamed(self, names: Mapping[int, Label]) -> Factor:
        bound = self.bound
        if not set(bound).isdisjoint(names.values()):
            # Bound labels get out of the way first.
            away = {b: next(_FRESH) for b in bound}
            names, bound = {**names, **away}, tuple(away.values())
        return total(bound, relabelled(self.inner, by(names)))


@dataclass(frozen=True, eq=False, slots=True)
class Base(Factor):
    """A sum that is kept together, to be raised to a power."""

    terms: tuple[tuple[Product, Fraction], ...]

    def __post_init__(self) -> None:
        key = (5, tuple((product_key(m), c) for m, c in self.terms))
        products = [m for m, _ in self.terms]
        own = frozenset().union(*map(labels_of, products))
        size, level = (
            sum(map(length, products)),
            max(map(level_of, products), default=0),
        )
        self._identify((Base, self.terms), key, own, size, level)

    def _renamed(self, names: Mapping[int, Label]) -> Factor:
        return base((relabelled(m, by(names)), c) for m, c in self.terms)


def base(terms: Iterable[tuple[Product, Fraction]]) -> Base:
    """Give a sum as a factor, its terms in order."""
    return Base(tuple(sorted(terms, key=lambda t: product_key(t[0]))))


def total(bound: Iterable[int], inner: Product) -> Total:
    """Add up over labels, naming them so that equal totals are equal.

    Bound labels count upwards from the innermost total.
    """
    MADE.totals += 1
    bound = tuple(bound)
    if len(inner) == 1 and isinstance(inner[0][0], Total) and inner[0][1] == 1:
        # A total of a total is one total over both sets of labels.
        nested = inner[0][0]
        fresh = {b: next(_FRESH) for b in nested.bound}
        bound = (*bound, *fresh.values())
        inner = relabelled(nested.inner, by(fresh))
    first = 1 + level_of(inner)
    names = {b: first + i for i, b in enumerate(sorted(bound))}
    if all(a == b for a, b in names.items()):
        return Total(tuple(names), inner)
    if not (labels_of(inner) - set(bound)).isdisjoint(names.values()):
        # Inside a total that is not named yet itself; naming that one comes back here.
        away = {b: next(_FRESH) for b in names}
        return Total(tuple(away.values()), relabelled(inner, by(away)))
    return Total(tuple(names.values()), relabelled(inner, by(names)))


# --- unify ----------------------------------------------------------------------------
#
# Matching factors that differ in their labels only.

Matches = Iterator[dict[int, Label]]


def unify(
    pattern: Factor, f: Factor, labels: dict[int, Label]
) -> Iterator[dict[int, Label]]:
    """Match a factor with another one that differs in labels only."""
    if type(pattern) is type(f):
        yield from _UNIFY[type(pattern)](pattern, f, labels)


def _unify_atoms(p: Any, f: Any, labels: dict[int, Label]) -> Matches:
    found = _unify_axes(p.axes, f.axes, labels) if p.node is f.node else None
    if found is not None:
        yield found


def _unify_totals(p: Any, f: Any, labels: dict[int, Label]) -> Matches:
    if p.bound == f.bound:
        fixed = labels | {b: b for b in p.bound}
        for found in unify_products(p.inner, f.inner, fixed):
            yield {a: b for a, b in found.items() if a not in p.bound}


def _unify_bases(p: Any, f: Any, labels: dict[int, Label]) -> Matches:
    if [c for _, c in p.terms] == [c for _, c in f.terms]:
        yield from _unify_terms(p.terms, f.terms, labels)


_UNIFY: dict[type[Factor], Callable[..., Matches]] = {
    Atom: _unify_atoms,
    Total: _unify_totals,
    Base: _unify_bases,
    Exp: lambda p, f, labels: unify_products(p.inner, f.inner, labels),
    Log: lambda p, f, labels: unify(p.inner, f.inner, labels),
    Size: lambda p, f, labels: iter([labels] if p == f else []),
}


def _unify_axes(
    a: tuple[Label, ...], b: tuple[Label, ...], labels: dict[int, Label]
) -> dict[int, Label] | None:
    result = dict(labels)
    for p, q in zip(a, b, strict=True):
        if p is None or q is None:
            if p is not q:
                return None
        elif result.setdefault(p, q) != q:
            return None
    return result


def unify_products(
    a: Product, b: Product, labels: dict[int, Label]
) -> Iterator[dict[int, Label]]:
    """Match two products that differ in labels only."""
    if len(a) != len(b):
        return
    if not a:
        yield labels
        return
    (f, p), *rest = a
    for k, (g, q) in enumerate(b):
        if p == q:
            for found in unify(f, g, labels):
                yield from unify_products(tuple(rest), b[:k] + b[k + 1 :], found)


def _unify_terms(a: Any, b: Any, labels: dict[int, Label]) -> Matches:
    if not a:
        yield labels
        return
    for found in unify_products(a[0][0], b[0][0], labels):
        yield from _unify_terms(a[1:], b[1:], found)
