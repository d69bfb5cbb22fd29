"""Dimensions: an integer, or a polynomial in named sizes such as ``N*M - 1``.

Beside names it may hold floor divisions that do not come out even, and what a size is
above zero: ``max(N - 2, 0)`` elements stand in ``x[2:]``. The smaller and the larger of
two sizes are spelled with it, ``min(N, 10)`` is ``N - max(N - 10, 0)``, so that equal
sizes are equal polynomials. A name stands for 1 or more, or for as much as is known.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from math import gcd


@dataclass(frozen=True, slots=True)
class Name:
    """A size that is known by name only.

    Attributes
    ----------
    text
        The name.
    least
        It stands for this number or more.
    """

    text: str
    least: int = 1

    def __hash__(self) -> int:
        """Tell names apart by their text: that is soon done, and done often."""
        return hash(self.text)

    def __str__(self) -> str:
        """Give the name."""
        return self.text

    __repr__ = __str__


@dataclass(frozen=True, slots=True)
class Quotient:
    """A floor division that does not come out even: ``(H - 3) // 2``."""

    num: Dim
    den: Dim

    def __str__(self) -> str:
        """Write the quotient, with brackets where Python needs them."""
        num, den = str(self.num), str(self.den)
        num = f"({num})" if " " in num else num
        return f"{num}//{den}" if den.isalnum() else f"{num}//({den})"


@dataclass(frozen=True, slots=True)
class Excess:
    """What a size is above zero: ``max(N - 2, 0)``. Made by `excess`."""

    of: Dim

    def __str__(self) -> str:
        """Write it as Python does."""
        return f"max({self.of}, 0)"


Factor = Name | Quotient | Excess
Product = tuple[Factor, ...]


@dataclass(frozen=True, slots=True)
class Size:
    """A dimension that is known by name only: a sum of products of names.

    Attributes
    ----------
    terms
        Pairs (product, integer), sorted, no zero among the integers.
        Equal sizes have equal terms, so ``==`` decides equality.
    """

    terms: tuple[tuple[Product, int], ...]

    def __add__(self, other: Dim) -> Dim:
        return _collect((*self.terms, *_terms(other)))

    __radd__ = __add__

    def __neg__(self) -> Dim:
        return self * -1

    def __sub__(self, other: Dim) -> Dim:
        return self + other * -1

    def __rsub__(self, other: int) -> Dim:
        return self * -1 + other

    def __mul__(self, other: Dim) -> Dim:
        return _collect(
            (tuple(sorted(p + q, key=str)), m * n)
            for p, m in self.terms
            for q, n in _terms(other)
        )

    __rmul__ = __mul__

    def __floordiv__(self, other: Dim) -> Dim:
        return divide(self, other)

    def __rfloordiv__(self, other: int) -> Dim:
        return divide(other, self)

    def __mod__(self, other: Dim) -> Dim:
        return self - other * divide(self, other)

    def __rmod__(self, other: int) -> Dim:
        return other - self * divide(other, self)

    def __pow__(self, power: int) -> Dim:
        return product([self] * power)

    def __str__(self) -> str:
        """Write the size as a formula, positive terms first."""
        extreme = as_extreme(self)
        if extreme is not None:
            word, a, b = extreme
            return f"{word}({a}, {b})"
        text = ""
        for product, n in sorted(self.terms, key=lambda t: (t[1] < 0, not t[0])):
            sign = " - " if n < 0 else " + "
            # -(N//2), for -N//2 is another number.
            alone = len(product) == 1 and (n == 1 or (n == -1 and text != ""))
            factors = [
                f"({f})" if isinstance(f, Quotient) and not alone else str(f)
                for f in product
            ]
            if abs(n) != 1 or not factors:
                factors.insert(0, str(abs(n)))
            text += (sign if text else sign.strip(" +")) + "*".join(factors)
        return text

    __repr__ = __str__


Dim = int | Size
Shape = tuple[Dim, ...]


def symbol(name: str, least: int = 1) -> Size:
    """Give the dimension that is called `name`, and is `least` or more."""
    return Size((((Name(name, least),), 1),))


def name_of(dim: Dim) -> str | None:
    """Give the name that a dimension consists of; None for a number or a formula."""
    match dim:
        case Size(terms=(((Name(text=name),), 1),)):
            return name
        case _:
            return None


def least_of(dim: Dim) -> int:
    """Give the number that a name stands for at least."""
    match dim:
        case Size(terms=(((Name(least=least),), 1),)):
            return least
        case _:
            return 0


def divide(num: Dim, den: Dim) -> Dim:
    """Give ``num // den``: exact where nothing is left over, else a `Quotient`."""
    if isinstance(num, int) and isinstance(den, int):
        return num // den
    num, den = _without_common(num, den)
    even = _divided_evenly(num, den)
    if even is not None:
        return even
    if not isinstance(den, int) or den < 1:
        return Size((((Quotient(num, den),), 1),))
    # Whole multiples stand outside: (2*N + 1)//2 is N, (N + 3)//2 is (N + 1)//2 + 1.
    whole = _collect((p, abs(n) // den * (1 if n > 0 else -1)) for p, n in _terms(num))
    if whole == 0:
        return Size((((Quotient(num, den),), 1),))
    return whole + divide(num - whole * den, den)


def _divided_evenly(num: Dim, den: Dim) -> Dim | None:
    """Divide polynomials: ``(N*C - C)//(N - 1)`` is C; None if something is left."""
    result: Dim = 0
    lead = _collect([_leading(den)])
    while num != 0:
        term = _cancel(*_leading(num), lead)
        if term is None:
            return None
        part = _collect([term])
        result, num = result + part, num - part * den
    return result


def _leading(dim: Dim) -> tuple[Product, int]:
    """Give the term of the highest degree, the first of these by name."""
    return max(_terms(dim), key=lambda t: (len(t[0]), tuple(map(str, t[0]))))


def _without_common(num: Dim, den: Dim) -> tuple[Dim, Dim]:
    """Cancel what both sides of a floor division share: ``(C*N)//(4*N)`` is C//4."""
    if len(_terms(den)) != 1:
        return num, den
    terms = (*_terms(num), *_terms(den))
    shared = gcd(*(n for _, n in terms)) or 1
    common: list[Factor] = []
    left = [list(p) for p, _ in terms]
    for f in terms[-1][0]:
        if isinstance(f, Name) and all(f in p for p in left):
            common.append(f)
            for p in left:
                p.remove(f)
    reduced = [(tuple(p), n // shared) for p, (_, n) in zip(left, terms, strict=True)]
    return _collect(reduced[:-1]), _collect(reduced[-1:])


def excess(dim: Dim) -> Dim:
    """Give ``max(dim, 0)``: the size itself where it is never below zero."""
    if isinstance(dim, int):
        return max(dim, 0)
    if is_at_least(dim, 0):
        return dim
    if is_at_least(-dim, 0):
        return 0
    shared = gcd(*(n for _, n in dim.terms))
    part = divide(dim, shared)
    if shared == 1 and _is_turned(dim):  # max(-a, 0) is max(a, 0) - a
        return excess(-dim) + dim
    return Size((((Excess(part),), shared),))


def smaller(a: Dim, b: Dim) -> Dim:
    """Give the smaller of two sizes."""
    return a - excess(a - b)


def larger(a: Dim, b: Dim) -> Dim:
    """Give the larger of two sizes."""
    return b + excess(a - b)


def is_at_least(dim: Dim, bound: int) -> bool:
    """Tell whether a size is `bound` or more, whatever its names stand for.

    False where that is not known.
    """
    least = _least(dim)
    return least is not None and least > bound - 1  # whole numbers


@lru_cache(maxsize=4096)
def _least(dim: Dim) -> Fraction | None:
    """Give a number that a size is never below, if one is found."""
    if isinstance(dim, int):
        return Fraction(dim)
    atom = next((f for p, _ in dim.terms for f in p if not isinstance(f, Name)), None)
    if atom is None:
        # Of polynomials in N - 1, M - 1, ..., which are 0 or more.
        found = {f for p, _ in dim.terms for f in p if isinstance(f, Name)}
        shifted = substituted(dim, {f.text: symbol(f.text) + f.least for f in found})
        terms = dict(_terms(shifted))
        constant = terms.pop((), 0)
        return None if any(n < 0 for n in terms.values()) else Fraction(constant)
    with_it = [(p, n) for p, n in dim.terms if atom in p]
    rest = dim - _collect(with_it)
    if isinstance(atom, Excess):
        cases = [_least(_replaced(with_it, atom, v) + rest) for v in (0, atom.of)]
        known = [c for c in cases if c is not None]
        if all(n > 0 for _, n in with_it):  # it is either of them or more
            return max(known, default=None)
        return min(known) if len(known) == len(cases) else None
    return _least_with(atom, with_it, rest)


def _least_with(
    quotient: Quotient, with_it: list[tuple[Product, int]], rest: Dim
) -> Fraction | None:
    """Bound a size in which a quotient stands: ``n - d + 1 <= d*(n//d) <= n``."""
    num, den = quotient.num, quotient.den
    found: list[Fraction | None] = []
    if is_at_least(num, 0) and is_at_least(den, 1) and all(n > 0 for _, n in with_it):
        found.append(_least(rest))  # the quotient is 0 or more
    if isinstance(den, int) and den > 0:
        total = rest * den
        for term, n in with_it:
            inside = num - (den - 1 if n > 0 else 0)
            total = total + _replaced([(term, n)], quotient, inside)
        least = _least(total)
        found.append(None if least is None else least / den)
    return max((f for f in found if f is not None), default=None)


def _replaced(terms: Iterable[tuple[Product, int]], factor: Factor, value: Dim) -> Dim:
    """Write another size in the place of a factor."""
    total: Dim = 0
    for factors, n in terms:
        left, term = list(factors), n * value
        left.remove(factor)
        total = total + term * _collect([(tuple(left), 1)])
    return total


def _is_turned(dim: Size) -> bool:
    """Tell whether ``-dim`` is the one of the pair that is written."""
    numbers = [n for p, n in dim.terms if p]
    above, below = sum(n > 0 for n in numbers), sum(n < 0 for n in numbers)
    constant = sum(n for p, n in dim.terms if not p)
    return (below, -constant, -numbers[0]) > (above, constant, numbers[0])


def substituted(dim: Dim, sizes: Mapping[str, Dim]) -> Dim:
    """Write other sizes in the place of names."""
    total: Dim = 0
    for factors, n in _terms(dim):
        term: Dim = n
        for f in factors:
            if isinstance(f, Name):
                term = term * sizes.get(f.text, Size((((f,), 1),)))
            elif isinstance(f, Excess):
                term = term * excess(substituted(f.of, sizes))
            else:
                num, den = (substituted(d, sizes) for d in (f.num, f.den))
                term = term * divide(num, den)
        total = total + term
    return total


def as_extreme(dim: Dim) -> tuple[str, Dim, Dim] | None:
    """Read a size as the smaller or the larger of two, where that is shorter.

    Returns
    -------
    word, a, b
        "min" or "max", and of what; None for any other size.
    """
    for factors, n in _terms(dim):
        if len(factors) != 1 or abs(n) != 1 or not isinstance(factors[0], Excess):
            continue
        over = factors[0].of
        rest = dim - _collect([(factors, n)])
        a, b = (rest, rest - over) if n < 0 else (rest + over, rest)
        if len(_terms(a)) + len(_terms(b)) <= len(_terms(rest)) + len(_terms(over)):
            if isinstance(a, int):
                a, b = b, a
            return "max" if n > 0 else "min", a, b
    return None


def product(dims: Iterable[Dim]) -> Dim:
    """Multiply dimensions; the product of none is 1."""
    result: Dim = 1
    for d in dims:
        result = result * d
    return result


def evaluate(dim: Dim, sizes: Mapping[str, int]) -> int:
    """Give the integer that `dim` stands for, once its names are known."""
    total = 0
    for factors, n in _terms(dim):
        term = n
        for f in factors:
            if isinstance(f, Name):
                term *= sizes[f.text]
            elif isinstance(f, Excess):
                term *= max(evaluate(f.of, sizes), 0)
            else:
                term *= evaluate(f.num, sizes) // evaluate(f.den, sizes)
        total += term
    return total


def names(dim: Dim) -> tuple[str, ...]:
    """Give the names in `dim`, each once, in order of appearance."""
    found: list[str] = []
    for factors, _ in _terms(dim):
        for f in factors:
            found += names_in(f)
    return tuple(dict.fromkeys(found))


def parts_of(dim: Dim) -> tuple[Dim, Dim]:
    """Give the positive terms of a size, and the negative ones without their sign."""
    terms = _terms(dim)
    above = _collect((p, n) for p, n in terms if n > 0)
    return above, _collect((p, -n) for p, n in terms if n < 0)


def names_in(factor: Factor) -> tuple[str, ...]:
    """Give the names in one factor of a dimension."""
    if isinstance(factor, Name):
        return (factor.text,)
    if isinstance(factor, Excess):
        return names(factor.of)
    return (*names(factor.num), *names(factor.den))


def format_shape(shape: Shape) -> str:
    """Write a shape as Python writes a tuple: ``(N, M)``, ``(N,)``, ``()``."""
    inner = ", ".join(str(d) for d in shape)
    return f"({inner},)" if len(shape) == 1 else f"({inner})"


def _terms(dim: Dim) -> tuple[tuple[Product, int], ...]:
    return dim.terms if isinstance(dim, Size) else (((), dim),)


def _collect(terms: Iterable[tuple[Product, int]]) -> Dim:
    total: dict[Product, int] = {}
    for p, n in terms:
        total[p] = total.get(p, 0) + n
    kept = {p: n for p, n in total.items() if n}
    if not set(kept) - {()}:
        return kept.get((), 0)
    return Size(tuple(sorted(kept.items(), key=lambda t: str(t[0]))))


def _cancel(factors: Product, n: int, den: Dim) -> tuple[Product, int] | None:
    pairs = _terms(den)
    if len(pairs) != 1:
        return None
    (den_factors, m), left = pairs[0], list(factors)
    if m == 0 or (n % m and gcd(n, m) != abs(m)):
        return None
    for f in den_factors:
        if f not in left:
            return None
        left.remove(f)
    return tuple(left), n // m
