"""What the terms of a sum share, and is written in front of it."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from derivo.simplify.factor import Factor, Product, Rational, Size, product


def shared(
    items: Mapping[Product, Fraction], *, all_sizes: bool
) -> tuple[Product, Fraction, dict[Product, Fraction]]:
    """Pull out what all terms share, and no more than each of them has.

    With `all_sizes`, 1/N is pulled out even where that multiplies some terms by N.
    """
    powers = [dict(m) for m in items]
    common: list[tuple[Factor, Rational]] = []
    for f in {f for m in items for f, _ in m}:
        own = [q.get(f, 0) for q in powers]
        if (isinstance(f, Size) and all_sizes) or min(own) > 0:
            common.append((f, min(own)))
        elif max(own) < 0:
            common.append((f, max(own)))
    scale = _shared_number(list(items.values()))
    inverse = [(f, -p) for f, p in common]
    rest = {product((*m, *inverse)): c / scale for m, c in items.items()}
    return product(common), scale, rest


def _shared_number(numbers: list[Fraction]) -> Fraction:
    """Choose the number to pull out of a sum, if that leaves fewer of them."""
    sign = -1 if all(n < 0 for n in numbers) else 1
    sizes = [abs(n) for n in numbers]
    left = {s: 1 + sum(t != s for t in sizes) for s in sizes if s != 1}
    best = min(left, key=lambda s: (left[s], s), default=Fraction(1))
    pays = left.get(best, len(sizes)) < sum(s != 1 for s in sizes)
    return sign * best if pays else Fraction(sign)


def most_shared(items: Mapping[Product, Fraction]) -> tuple[Factor, Rational] | None:
    """Find the factor that most terms share, though not all do.

    Among equals one whose terms may cancel comes first: ``h (1 - s)`` is accurate where
    s is near 1, ``h - h s`` is not. Then the widest.
    """
    sharing: dict[tuple[Factor, Rational], list[Fraction]] = {}
    for m, c in items.items():
        for f, p in m:
            if not isinstance(f, Size):
                sharing.setdefault((f, p), []).append(c)

    def rank(k: tuple[Factor, Rational]) -> tuple[object, ...]:
        numbers = sharing[k]
        balanced = sum(numbers) == 0
        return -len(numbers), not balanced, -len(k[0].labels()), k[0].key, k[1]

    some = [k for k, n in sharing.items() if 2 <= len(n) < len(items)]
    return min(some, key=rank, default=None)
