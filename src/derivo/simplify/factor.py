"""Factors of a product in index notation, and products of them.

``sum(g * x, axis=0)`` with `g` and `x` of shape (N, M) is the total over a bound label
of ``g[i, j] x[i, j]``. Axes carry labels instead of positions: a free label is a
negative number that counts from the last axis (so that broadcasting, which aligns last
axes, needs no work), a bound one is a positive number, an axis of size 1 carries None.
Transposing, adding an axis and broadcasting change labels only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
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
    """A part of a product. Equal keys mean equal factors; keys can be sorted.

    Attributes
    ----------
    length
        How many values it is made of, counted as often as they are written.
    """

    __slots__ = ("hashed", "key", "length")
    key: Any
    hashed: int
    length: int

    def _identify(self, key: Any, parts: Any, length: int = 1) -> None:
        object.__setattr__(self, "length", length)
        # Keys are deep; their hash is made once, out of the hashes of the parts.
        object.__setattr__(self, "key", key)
        object.__setattr__(self, "hashed", hash(parts))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Factor):
            return NotImplemented
        return self is other or (self.hashed == other.hashed and self.key == other.key)

    def __hash__(self) -> int:
        return self.hashed

    def labels(self) -> frozenset[int]:
        """Give the labels on which the factor depends."""
        raise NotImplementedError

    def relabel(self, change: Relabel) -> Factor:
        """Give the factor with other labels."""
        raise NotImplementedError


# Whole powers are kept as integers, which are equal to such fractions and much faster.
Rational = int | Fraction
Product = tuple[tuple[Factor, Rational], ...]


def product(parts: Iterable[tuple[Factor, Rational]]) -> Product:
    """Multiply: collect powers, drop those that are zero, sort."""
    powers: dict[Factor, Rational] = {}
    for factor, power in parts:
        powers[factor] = powers[factor] + power if factor in powers else power
    kept = [
        (f, p if p.denominator > 1 else p.numerator) for f, p in powers.items() if p
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
    return frozenset().union(*(f.labels() for f, _ in m)) if m else frozenset()


def relabelled(m: Product, change: Relabel) -> Product:
    """Give a product with other labels."""
    return product((f.relabel(change), p) for f, p in m)


@dataclass(frozen=True, eq=False, slots=True)
class Atom(Factor):
    """A value as it stands, with a label for each of its axes."""

    node: Node
    axes: tuple[Label, ...]

    def __post_init__(self) -> None:
        key = (0, self.node.index, tuple(a or 0 for a in self.axes))
        self._identify(key, key)

    def labels(self) -> frozenset[int]:
        """Give the labels on which the factor depends."""
        return frozenset(a for a in self.axes if a is not None)

    def relabel(self, change: Relabel) -> Factor:
        """Give the factor with other labels."""
        return Atom(
            self.node, tuple(None if a is None else change(a) for a in self.axes)
        )


@dataclass(frozen=True, eq=False, slots=True)
class Size(Factor):
    """A dimension as a number."""

    dim: Dim

    def __post_init__(self) -> None:
        self._identify((1, str(self.dim)), self.dim)

    def labels(self) -> frozenset[int]:
        """Give the labels on which the factor depends: none."""
        return frozenset()

    def relabel(self, change: Relabel) -> Factor:
        """Give the factor itself."""
        del change
        return self


@dataclass(frozen=True, eq=False, slots=True)
class Exp(Factor):
    """e to the power of a product."""

    inner: Product

    def __post_init__(self) -> None:
        key, parts = (2, product_key(self.inner)), (2, self.inner)
        self._identify(key, parts, length(self.inner))

    def labels(self) -> frozenset[int]:
        """Give the labels on which the factor depends."""
        return labels_of(self.inner)

    def relabel(self, change: Relabel) -> Factor:
        """Give the factor with other labels."""
        return Exp(relabelled(self.inner, change))


@dataclass(frozen=True, eq=False, slots=True)
class Log(Factor):
    """The logarithm of a total of exponentials, or of 1 + an exponential."""

    inner: Factor

    def __post_init__(self) -> None:
        self._identify((3, self.inner.key), (3, self.inner), self.inner.length)

    def labels(self) -> frozenset[int]:
        """Give the labels on which the factor depends."""
        return self.inner.labels()

    def relabel(self, change: Relabel) -> Factor:
        """Give the factor with other labels."""
        return Log(self.inner.relabel(change))


@dataclass(frozen=True, eq=False, slots=True)
class Total(Factor):
    """A product added up over bound labels, each of which stands for an axis."""

    bound: tuple[int, ...]
    inner: Product

    def __post_init__(self) -> None:
        key = (4, self.bound, product_key(self.inner))
        self._identify(key, (4, self.bound, self.inner), length(self.inner))

    def labels(self) -> frozenset[int]:
        """Give the labels on which the factor depends."""
        return labels_of(self.inner) - set(self.bound)

    def relabel(self, change: Relabel) -> Factor:
        """Give the factor with other labels; bound ones get out of the way first."""
        away = {b: next(_FRESH) for b in self.bound}
        inner = relabelled(self.inner, lambda a: away[a] if a in away else change(a))
        return total(away.values(), inner)


@dataclass(frozen=True, eq=False, slots=True)
class Base(Factor):
    """A sum that is kept together, to be raised to a power."""

    terms: tuple[tuple[Product, Fraction], ...]

    def __post_init__(self) -> None:
        key = (5, tuple((product_key(m), c) for m, c in self.terms))
        self._identify(key, (5, self.terms), sum(length(m) for m, _ in self.terms))

    def labels(self) -> frozenset[int]:
        """Give the labels on which the factor depends."""
        return frozenset().union(*(labels_of(m) for m, _ in self.terms))

    def relabel(self, change: Relabel) -> Factor:
        """Give the factor with other labels."""
        return base((relabelled(m, change), c) for m, c in self.terms)


def base(terms: Iterable[tuple[Product, Fraction]]) -> Base:
    """Give a sum as a factor, its terms in order."""
    return Base(tuple(sorted(terms, key=lambda t: product_key(t[0]))))


def total(bound: Iterable[int], inner: Product) -> Total:
    """Add up over labels, naming them so that equal totals are equal.

    Bound labels count upwards from the innermost total.
    """
    bound = tuple(bound)
    if len(inner) == 1 and isinstance(inner[0][0], Total) and inner[0][1] == 1:
        # A total of a total is one total over both sets of labels.
        nested = inner[0][0]
        fresh = {b: next(_FRESH) for b in nested.bound}
        bound = (*bound, *fresh.values())
        inner = relabelled(nested.inner, lambda a: fresh.get(a, a))
    # Through labels that occur nowhere, so that no two are mixed up on the way.
    away = {b: next(_FRESH) for b in sorted(bound)}
    inner = relabelled(inner, lambda a: away.get(a, a))
    level = 1 + max((_level(f) for f, _ in inner), default=0)
    names = {a: level + i for i, a in enumerate(away.values())}
    if labels_of(inner) & set(names.values()):
        # Inside a total that is not named yet itself; naming that one comes back here.
        return Total(tuple(away.values()), inner)
    inner = relabelled(inner, lambda a: names.get(a, a))
    return Total(tuple(names.values()), inner)


def _level(factor: Factor) -> int:
    """Tell how many labels are bound, one total inside another, in a factor."""
    if isinstance(factor, Total):
        return len(factor.bound) + max((_level(f) for f, _ in factor.inner), default=0)
    if isinstance(factor, Exp):
        return max((_level(f) for f, _ in factor.inner), default=0)
    if isinstance(factor, Log):
        return _level(factor.inner)
    if isinstance(factor, Base):
        return max((_level(f) for m, _ in factor.terms for f, _ in m), default=0)
    return 0
