"""Sizes that are divided: ``int((n + 2*p - f) / s)`` is a size again.

The quotient of two sizes is a number like any other, and remembers what it is a
quotient of, so that rounding it gives a size.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from derivo.graph.dim import Dim, Size, divide, is_at_least, larger, smaller

# Of a floating number such as 0.5, a multiple is exact: it is no rounded product.
_MOST_PARTS = 1024


@dataclass(frozen=True)
class Ratio:
    """A quotient of sizes that need not be whole; `den` is 1 or more."""

    num: Dim
    den: Dim

    def combined(self, word: str, other: Ratio) -> Ratio | None:
        """Give the sum ("add"), difference, product or quotient; None for others."""
        a, b, c, d = self.num, self.den, other.num, other.den
        if word == "add":
            return Ratio(a * d + c * b, b * d)
        if word == "sub":
            return Ratio(a * d - c * b, b * d)
        if word == "mul":
            return Ratio(a * c, b * d)
        return Ratio(a * d, b * c) if word == "div" and is_at_least(c, 1) else None

    def floor(self) -> Dim:
        """Round down."""
        return divide(self.num, self.den)

    def ceil(self) -> Dim:
        """Round up."""
        return divide(self.num + self.den - 1, self.den)


def ratio_of(value: Any) -> Ratio | None:
    """Read a size, a quotient of sizes, or a plain number; None for anything else."""
    if hasattr(value, "as_dim"):
        return Ratio(value.as_dim(), 1)
    if hasattr(type(value), "ratio"):
        own: Ratio = value.ratio
        return own
    if isinstance(value, bool) or not isinstance(value, int | float | Size):
        return None
    if not isinstance(value, float):
        return Ratio(value, 1)
    if value != value or abs(value) == float("inf"):  # noqa: PLR0124
        return None
    num, den = value.as_integer_ratio()
    return Ratio(num, den) if den <= _MOST_PARTS else None


def smallest(values: tuple[Any, ...]) -> Dim | None:
    """Give the smallest of several sizes; None if these are others."""
    return _folded(smaller, values)


def largest(values: tuple[Any, ...]) -> Dim | None:
    """Give the largest of several sizes; None if these are others."""
    return _folded(larger, values)


def _folded(choose: Any, values: tuple[Any, ...]) -> Dim | None:
    found = [ratio_of(v) for v in values]
    dims = [r.num for r in found if r is not None and r.den == 1]
    if len(dims) < len(values):
        return None
    result = dims[0]
    for d in dims[1:]:
        result = choose(result, d)
    return result
