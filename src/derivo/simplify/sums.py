"""Operations on sums of products, kept as a product with its number."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from math import gcd, isqrt, lcm

from derivo.graph import dim as _dim
from derivo.graph.dim import Dim
from derivo.simplify.factor import (
    Atom,
    Base,
    Exp,
    Factor,
    Product,
    Rational,
    Size,
    Total,
    labels_of,
    product,
    product_key,
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


def primitive(
    items: Mapping[Product, Fraction],
) -> tuple[Product, Fraction, dict[Product, Fraction]]:
    """Pull out what all terms share: factors, and a number."""
    all_factors = {f for m in items for f, _ in m}
    powers = [dict(m) for m in items]
    common = product(
        (f, p) for f in all_factors
        if (p := min(q.get(f, 0) for q in powers))
        # A positive power is shared only if it is in every term; so is a negative one,
        # once the terms without it are multiplied by its inverse.
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
