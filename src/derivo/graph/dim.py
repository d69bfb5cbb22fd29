"""Dimensions: an integer, or a polynomial in named sizes such as ``N*M - 1``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import gcd

from derivo.errors import ShapeError


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


Factor = str | Quotient
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

    def __str__(self) -> str:
        """Write the size as a formula, positive terms first."""
        text = ""
        for product, n in sorted(self.terms, key=lambda t: (t[1] < 0, not t[0])):
            sign = " - " if n < 0 else " + "
            alone = len(product) == 1 and abs(n) == 1
            factors = [
                str(f) if isinstance(f, str) or alone else f"({f})" for f in product
            ]
            if abs(n) != 1 or not factors:
                factors.insert(0, str(abs(n)))
            text += (sign if text else sign.strip(" +")) + "*".join(factors)
        return text

    __repr__ = __str__


Dim = int | Size
Shape = tuple[Dim, ...]


def symbol(name: str) -> Size:
    """Give the dimension that is called `name`."""
    return Size((((name,), 1),))


def divide(num: Dim, den: Dim) -> Dim:
    """Give ``num // den``: exact where each term divides, else a `Quotient`."""
    if isinstance(num, int) and isinstance(den, int):
        return num // den
    parts = [(p, n, _cancel(p, n, den)) for p, n in _terms(num)]
    if all(q is not None for _, _, q in parts):
        return _collect(q for _, _, q in parts if q is not None)
    return Size((((Quotient(num, den),), 1),))


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
            if isinstance(f, str):
                term *= sizes[f]
            else:
                term *= evaluate(f.num, sizes) // evaluate(f.den, sizes)
        total += term
    return total


def names(dim: Dim) -> tuple[str, ...]:
    """Give the names in `dim`, each once, in order of appearance."""
    found: list[str] = []
    for factors, _ in _terms(dim):
        for f in factors:
            found += [f] if isinstance(f, str) else (*names(f.num), *names(f.den))
    return tuple(dict.fromkeys(found))


def parse_shape(text: str) -> Shape:
    """Read a shape such as ``"N L"``, ``"N 1"`` or ``""`` (a scalar)."""
    dims: list[Dim] = []
    for word in text.replace(",", " ").split():
        if re.fullmatch(r"\d+", word):
            dims.append(int(word))
        elif re.fullmatch(r"[^\W\d]\w*", word):
            dims.append(symbol(word))
        else:
            message = (
                f"{word!r} in the shape {text!r} is not a dimension; write a name "
                "(N) or a number (3), with spaces between: 'N 3'"
            )
            raise ShapeError(message)
    return tuple(dims)


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
