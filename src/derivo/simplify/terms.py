"""Sums of products with broadcasting: what algebra sees of an array expression."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from functools import lru_cache
from math import gcd, isqrt, lcm
from typing import Any

from derivo.graph import dim as _dim
from derivo.graph.dim import Dim, Shape
from derivo.graph.node import Node
from derivo.graph.spec import broadcast
from derivo.ops.infer import normal_axis
from derivo.ops.shape import copied_axes
from derivo.simplify.factor import (
    Atom,
    Base,
    Exp,
    Factor,
    Label,
    Log,
    Product,
    Rational,
    Size,
    Total,
    base,
    labels_of,
    product,
    product_key,
    relabelled,
    total,
)

ONE: Product = ()
UNIT = Fraction(1)
Items = dict[Product, Fraction]


def size_product(dim: Dim) -> tuple[Fraction, Product]:
    """Take a dimension apart into a number and named sizes."""
    if isinstance(dim, int):
        return (UNIT if dim == 1 else Fraction(dim)), ONE
    if len(dim.terms) > 1:
        return UNIT, ((Size(dim), 1),)
    ((factors, n),) = dim.terms
    return (UNIT if n == 1 else Fraction(n)), product(
        (Size(_dim.Size((((f,), 1),))), 1) for f in factors
    )


def add_up(m: Product, sizes: Mapping[int, Dim]) -> tuple[Product, Fraction]:
    """Add a product up over labels; give the result and a number to multiply it by."""
    inside = [(f, p) for f, p in m if f.labels() & sizes.keys()]
    outside = [(f, p) for f, p in m if not f.labels() & sizes.keys()]
    used = labels_of(tuple(inside)) & sizes.keys()
    count, extra = size_product(
        _dim.product(d for a, d in sizes.items() if a not in used)
    )
    for group, labels in _connected(inside, used):
        outside.append((total(sorted(labels), product(group)), 1))
    return product((*outside, *extra)), count


def _connected(
    parts: list[tuple[Factor, Rational]], labels: frozenset[int]
) -> list[tuple[list[tuple[Factor, Rational]], set[int]]]:
    """Separate a product into parts that share no label: their totals multiply."""
    groups: list[tuple[list[tuple[Factor, Rational]], set[int]]] = []
    for part in parts:
        own = set(part[0].labels() & labels)
        touching = [g for g in groups if g[1] & own]
        merged = (
            [p for g in touching for p in g[0]] + [part],
            own.union(*(g[1] for g in touching)),
        )
        groups = [g for g in groups if g not in touching] + [merged]
    return groups


def _shared_power(f: Factor, own: Sequence[Rational]) -> Rational:
    """Give the power of a factor that can be pulled out of terms that have these.

    A positive power is shared only if it is in every term. So is a negative one, unless
    the factor cannot be 0: then the terms without it are multiplied by its inverse.
    """
    least, most = min(own), max(own)
    if least > 0 or is_never_zero(f):
        return least
    return min(0, most)


def primitive(
    items: Mapping[Product, Fraction],
) -> tuple[Product, Fraction, dict[Product, Fraction]]:
    """Pull out what all terms share: factors, and a number."""
    all_factors = {f for m in items for f, _ in m}
    powers = [dict(m) for m in items]
    common = product(
        (f, p) for f in all_factors
        if (p := _shared_power(f, [q.get(f, 0) for q in powers]))
    )  # fmt: skip
    inverse = [(f, -p) for f, p in common]
    ordered = sorted(items.items(), key=lambda t: product_key(t[0]))
    scale = _shared_number([c for _, c in ordered])
    rest = {product((*m, *inverse)): c / scale for m, c in ordered}
    first = min(rest, key=product_key)
    if rest[first] < 0:
        rest, scale = {m: -c for m, c in rest.items()}, -scale
    return common, scale, rest


def _shared_number(numbers: list[Fraction]) -> Fraction:
    if len({abs(n) for n in numbers}) == 1:
        return abs(numbers[0])
    if any(n.denominator > 64 for n in numbers):
        return Fraction(1)
    bottom = lcm(*(n.denominator for n in numbers))
    return Fraction(gcd(*(int(n * bottom) for n in numbers)), bottom)


def collect(items: Iterable[tuple[Product, Fraction]]) -> dict[Product, Fraction]:
    """Add up the coefficients of equal products."""
    result: dict[Product, Fraction] = {}
    for m, c in items:
        result[m] = result[m] + c if m in result else c
    return {m: c for m, c in result.items() if c}


def of_exponentials(f: Factor) -> bool:
    """Tell whether a factor is a total of exponentials, or a sum of 1 and one."""
    if isinstance(f, Total):
        return is_exponential(f.inner)
    if isinstance(f, Base):
        return one_plus_total(f) is not None or two_exponentials(f) is not None
    return False


def is_exponential(m: Product) -> bool:
    """Tell whether a product is made of exponentials alone; 1 is one."""
    return all(isinstance(f, Exp) for f, _ in m)


def two_exponentials(f: Factor) -> tuple[Product, Product] | None:
    """Give both exponentials if a factor is the sum of two, one of which may be 1."""
    if not isinstance(f, Base) or len(f.terms) != 2:
        return None
    (a, c), (b, d) = f.terms
    return (a, b) if c == d == 1 and is_exponential(a) and is_exponential(b) else None


def one_minus(f: Factor) -> Product | None:
    """Give E if a factor is 1 - E with an exponential E."""
    if not isinstance(f, Base) or len(f.terms) != 2:
        return None
    (a, c), (b, d) = f.terms
    return b if not a and c == 1 and d == -1 and is_exponential(b) else None


def one_plus_total(f: Factor) -> Total | None:
    """Give the total if a factor is 1 + a total of exponentials."""
    if not isinstance(f, Base) or len(f.terms) != 2:
        return None
    (a, c), (b, d) = f.terms
    if a or c != 1 or d != 1 or len(b) != 1 or b[0][1] != 1:
        return None
    t = b[0][0]
    return t if isinstance(t, Total) and is_exponential(t.inner) else None


def known_number(f: Factor) -> tuple[Product, Fraction] | None:
    """Give a positive number, and the sizes it is multiplied by, if that is all."""
    if not isinstance(f, Base) or len(f.terms) != 1:
        return None
    ((m, c),) = f.terms
    return (m, c) if c > 0 and all(isinstance(g, Size) for g, _ in m) else None


def one_plus(f: Factor) -> Product | None:
    """Give E if a factor is 1 + E with an exponential E."""
    pair = two_exponentials(f)
    return pair[1] if pair is not None and not pair[0] and pair[1] else None


# --- roots ----------------------------------------------------------------------------
#
# Roots of products: when they may be taken factor by factor.


def may_split(m: Product, c: Fraction) -> bool:
    """Tell whether a root of a product is the product of roots.

    A single factor to the power 1 must be positive for the root to exist; of several,
    two could be negative together.
    """
    if c < 0:
        return False
    bare = [(f, p) for f, p in m if not is_positive(f)]
    return not bare or (len(bare) == 1 and bare[0][1].numerator % 2 == 1)


def is_positive(f: Factor) -> bool:
    """Tell whether a factor is positive whatever its operands are."""
    if isinstance(f, Atom):
        return "positive" in f.node.op.traits
    if isinstance(f, Total):
        return all(is_positive(g) or p % 2 == 0 for g, p in f.inner)
    return isinstance(f, Exp | Size)


def is_never_zero(f: Factor) -> bool:
    """Tell whether a factor can be divided by, whatever its operands are."""
    if isinstance(f, Base):
        return all(c > 0 and all(is_positive(g) for g, _ in m) for m, c in f.terms)
    return is_positive(f)


def power(c: Fraction, k: Fraction) -> Fraction | None:
    """Raise a number to a power, if the result is a fraction."""
    if k.denominator == 1:
        return c**k.numerator
    if k.denominator == 2 and c > 0:
        top, bottom = isqrt(c.numerator), isqrt(c.denominator)
        if Fraction(top * top, bottom * bottom) == c:
            return Fraction(top, bottom) ** k.numerator
    if c == 1:
        return c
    return None


class NotAlgebraic(Exception):  # noqa: N818  a signal, never shown
    """Says that an operation is not algebra on these operands."""


class Terms:
    """A sum of products over a frame of axes.

    Parameters
    ----------
    shape
        The frame.
    items
        Product to its coefficient.
    exps
        Whether exp and log are taken apart; off while gradients are shortened.
    """

    __slots__ = ("exps", "items", "shape")
    __array_ufunc__ = None

    def __init__(
        self, shape: Shape, items: Mapping[Product, Fraction], *, exps: bool = False
    ) -> None:
        self.shape = shape
        self.items = {m: c for m, c in items.items() if c}
        self.exps = exps

    # --- making --------------------------------------------------------------

    @classmethod
    def of(cls, node: Node, *, exps: bool = False) -> Terms:
        """Give a value as the sum of one product of one factor."""
        shape = node.spec.shape
        axes: tuple[Label, ...] = tuple(
            None if isinstance(d, int) and d == 1 else i - len(shape)
            for i, d in enumerate(shape)
        )
        return cls(shape, {((Atom(node, axes), 1),): UNIT}, exps=exps)

    @classmethod
    def number(cls, value: Any, *, exps: bool = False) -> Terms:
        """Give a number, exactly as it was written."""
        if str(value) == "-0.0":  # which algebra would take for 0.0
            raise NotAlgebraic
        try:
            return cls((), {ONE: _as_written(str(value))}, exps=exps)
        except ValueError:
            raise NotAlgebraic from None

    @classmethod
    def size(cls, dim: Dim, *, exps: bool = False) -> Terms:
        """Give a dimension as a number."""
        coefficient, m = size_product(dim)
        return cls((), {m: coefficient}, exps=exps)

    def like(
        self, items: Mapping[Product, Fraction], shape: Shape | None = None
    ) -> Terms:
        """Give other terms on the same frame, or on another."""
        return Terms(self.shape if shape is None else shape, items, exps=self.exps)

    def _read(self, other: Any) -> Terms:
        return (
            other if isinstance(other, Terms) else Terms.number(other, exps=self.exps)
        )

    # --- arithmetic ----------------------------------------------------------

    def __add__(self, other: Any) -> Terms:
        other = self._read(other)
        items = dict(self.items)
        for m, c in other.items.items():
            items[m] = items[m] + c if m in items else c
        return self.like(items, broadcast(self.shape, other.shape))

    __radd__ = __add__

    def __neg__(self) -> Terms:
        return self.like({m: -c for m, c in self.items.items()})

    def __sub__(self, other: Any) -> Terms:
        return self.__add__(-self._read(other))

    def __rsub__(self, other: Any) -> Terms:
        return self.__neg__().__add__(other)

    def __mul__(self, other: Any) -> Terms:
        other = self._read(other)
        shape = broadcast(self.shape, other.shape)
        if not self.items or not other.items:
            return self.like({}, shape)
        for a, b in ((self, other), (other, self)):
            if set(a.items) == {ONE}:
                return self.like(
                    {m: c * a.items[ONE] for m, c in b.items.items()}, shape
                )
        (m, c), (n, d) = self.single(), other.single()
        return self.like({product((*m, *n)): c * d}, shape)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Terms:
        return self * self._read(other) ** -1

    def __rtruediv__(self, other: Any) -> Terms:
        return self._read(other) * self**-1

    def __pow__(self, other: Any) -> Terms:
        k = self._read(other).as_number()
        if k is None or k.denominator > 4 or abs(k) > 64:
            raise NotAlgebraic
        if not self.items:
            raise NotAlgebraic
        m, c = self.single()
        if k.denominator != 1 and not may_split(m, c):
            m, c = ((base(self.items.items()), 1),), Fraction(1)
        number = power(c, k)
        if number is None:
            raise NotAlgebraic
        return self.like({product((f, p * k) for f, p in m): number})

    def single(self) -> tuple[Product, Fraction]:
        """Give the sum as one product: common factors, times the rest kept together."""
        if len(self.items) == 1:
            return next(iter(self.items.items()))
        common, c, rest = primitive(self.items)
        if self.exps and ONE not in rest and len(rest) == 2:
            # e^a + e^b as e^a (1 + e^(b - a)), where one of the two stands for itself.
            (a, _), (b, _) = sorted(rest.items(), key=lambda t: product_key(t[0]))
            if is_exponential(a) and is_exponential(b):
                turned = [(f, -p) for f, p in a]
                rest = {product((*m, *turned)): k for m, k in rest.items()}
                common = product((*common, *a))
        return product((*common, (base(rest.items()), 1))), c

    def as_number(self) -> Fraction | None:
        """Give the number, if it is one."""
        if not self.items:
            return Fraction(0)
        return self.items[ONE] if set(self.items) == {ONE} else None

    # --- exp and log ---------------------------------------------------------

    def exp(self) -> Terms:
        """Raise e to the sum: a product with one factor for each term."""
        if not self.exps:
            raise NotAlgebraic
        parts: list[tuple[Factor, Rational]] = []
        for m, c in self.items.items():
            if len(m) == 1 and isinstance(m[0][0], Log) and m[0][1] == 1:
                parts.append((m[0][0].inner, c))
            else:
                parts.append((Exp(m), c))
        return self.like({product(parts): Fraction(1)})

    def log(self) -> Terms:
        """Take the logarithm of a product of exponentials and of 1 + them."""
        if not self.exps or not self.items:
            raise NotAlgebraic
        k = max(self.items.values())
        pair = base((m, c / k) for m, c in self.items.items())
        if ONE not in self.items and k > 0 and two_exponentials(pair) is not None:
            return self.like({((Log(pair), 1),): Fraction(1), **_log_of_number(k)})
        m, c = complement(self).single()
        if c <= 0 or not m:
            raise NotAlgebraic
        items = _log_of_number(c)
        for f, p in m:
            if isinstance(f, Exp):
                items[f.inner] = items.get(f.inner, Fraction(0)) + p
            elif of_exponentials(f):
                items[((Log(f), 1),)] = Fraction(p)
            elif isinstance(f, Size):
                number = base([(((f, 1),), Fraction(1))])
                items[((Log(number), 1),)] = Fraction(p)
            else:
                raise NotAlgebraic
        return self.like(items)

    # --- axes ----------------------------------------------------------------

    def _relabel(self, shape: Shape, change: Any) -> Terms:
        items: dict[Product, Fraction] = {}
        for m, c in self.items.items():
            n = relabelled(m, lambda a: change(a) if a < 0 else a)
            items[n] = items[n] + c if n in items else c
        return self.like(items, shape)

    def transpose(self, axes: tuple[int, ...]) -> Terms:
        """Put the axes in another order."""
        rank = len(self.shape)
        moved = {a - rank: k - rank for k, a in enumerate(axes)}
        return self._relabel(tuple(self.shape[a] for a in axes), lambda a: moved[a])

    def expand_dims(self, axis: int) -> Terms:
        """Add an axis of size 1."""
        rank = len(self.shape)
        a = axis % (rank + 1)
        shape = (*self.shape[:a], 1, *self.shape[a:])
        return self._relabel(shape, lambda b: b - 1 if b < a - rank else b)

    def squeeze(self, axis: int) -> Terms:
        """Drop an axis of size 1."""
        rank = len(self.shape)
        a = axis % rank
        shape = self.shape[:a] + self.shape[a + 1 :]
        return self._relabel(shape, lambda b: b + 1 if b < a - rank else b)

    def broadcast_to(self, shape: Shape) -> Terms:
        """Copy along axes: in index notation nothing happens."""
        return self.like(self.items, shape)

    def sum(self, axis: Any = None, keepdims: bool = False) -> Terms:
        """Add up along axes; what does not depend on them is pulled out."""
        rank = len(self.shape)
        axes = normal_axis(axis, rank)
        items: dict[Product, Fraction] = {}
        for m, c in self.items.items():
            n, d = add_up(m, {a - rank: self.shape[a] for a in axes})
            items[n] = items[n] + c * d if n in items else c * d
        shape = tuple(1 if i in axes else d for i, d in enumerate(self.shape))
        result = self.like(items, shape)
        for a in () if keepdims else reversed(axes):
            result = result.squeeze(a)
        return result

    def mean(self, axis: Any = None, keepdims: bool = False) -> Terms:
        """Add up along axes and divide by the number of elements added."""
        count = _dim.product(self.shape[a] for a in normal_axis(axis, len(self.shape)))
        return self.sum(axis, keepdims) / Terms.size(count, exps=self.exps)

    def sum_to(self, shape: Shape) -> Terms:
        """Add up along the axes along which a value of this shape was copied."""
        result = self.sum(copied_axes(shape, self.shape), True)
        for _ in range(len(self.shape) - len(shape)):
            result = result.squeeze(0)
        return result


@lru_cache(maxsize=256)
def _as_written(text: str) -> Fraction:
    return Fraction(text)


def _log_of_number(c: Fraction) -> dict[Product, Fraction]:
    """Give the logarithm of a positive number as a sum: that of 1/N is -log N."""
    if c == 1:
        return {}
    sign = Fraction(-1 if c < 1 else 1)
    number = base([(ONE, c**sign.numerator)])
    return {((Log(number), 1),): sign}


def complement(t: Terms) -> Terms:
    """Rewrite 1 - E/(1 + E) as 1/(1 + E): the probability of the other outcome."""
    if t.items.get(ONE) != 1 or len(t.items) != 2:
        return t
    ((m, c),) = [(m, c) for m, c in t.items.items() if m]
    for f, p in m:
        e = one_plus(f)
        if e is not None and p == -1 and c == -1 and product((*e, (f, -1))) == m:
            return t.like({((f, -1),): Fraction(1)})
        if e is not None and c == -1 and m == ((f, -1),):
            return t.like({product((*e, (f, -1))): Fraction(1)})
    return t
