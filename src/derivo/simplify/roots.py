"""Roots of products: when they may be taken factor by factor."""

from __future__ import annotations

from fractions import Fraction
from math import isqrt

from derivo.simplify.factor import Atom, Exp, Factor, Product, Size, Total


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
