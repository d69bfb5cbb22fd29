"""The numbers in front of a product: decimals, fractions, and sizes as counts."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from derivo.graph import dim as _dim
from derivo.graph.dim import Dim
from derivo.ops.leaf import as_float
from derivo.simplify.factor import Factor, Product, Rational, Size
from derivo.trace.recorder import Recorder

# Fractions such as x / 3 or x / 6 are written as quotients; 0.75 is written as itself.
PLAIN_DENOMINATORS = (1, 2, 3, 4, 6, 8)


def is_count(f: Factor, p: Rational) -> bool:
    """Tell whether a factor is a size to a whole power."""
    return isinstance(f, Size) and p.denominator == 1


def as_number(value: Any) -> Any:
    """Make numbers of a mask that is added: to NumPy, True + True is True."""
    is_mask = hasattr(value, "node") and value.node.spec.kind == "bool"
    return as_float(value) if is_mask else value


def scalars(recorder: Recorder, m: Product, c: Fraction) -> tuple[Any, Any]:
    """Give the number in front as a numerator and a denominator, with the sizes."""
    counts = [(f, int(p)) for f, p in m if isinstance(f, Size) and is_count(f, p)]
    over: Any = recorder.size(_power_product((f.dim, p) for f, p in counts if p > 0))
    under: Any = recorder.size(_power_product((f.dim, -p) for f, p in counts if p < 0))
    decimal = c.denominator not in PLAIN_DENOMINATORS and _is_decimal(c)
    if decimal or (c.denominator in (2, 4, 8) and abs(c.numerator) != 1):
        number: Any = float(c)
        number = int(number) if number.is_integer() else number
    else:
        number = c.numerator
        under = under * c.denominator if c.denominator != 1 else under
    return (over if number == 1 else number * over), under


def times(ups: list[Any], top: Any, bottom: Any) -> Any:
    """Multiply values by the number ``top / bottom``: ``2 / n * x``, ``x / n``."""
    negative = isinstance(top, int | float) and top == -1
    plain_top = isinstance(top, int) and abs(top) == 1
    plain_bottom = isinstance(bottom, int) and bottom == 1
    if negative:
        top = 1
    value: Any = None
    if not plain_top or not ups:
        value = top if plain_bottom else top / bottom
    for v in ups:
        value = v if value is None else value * v
    if negative:
        value = -as_number(value)
    return value / bottom if plain_top and ups and not plain_bottom else value


def _power_product(powers: Any) -> Dim:
    return _dim.product(d for d, p in powers for _ in range(p))


def _is_decimal(c: Fraction) -> bool:
    d = c.denominator
    for prime in (2, 5):
        while d % prime == 0:
            d //= prime
    return d == 1
