"""Numbers as they stand in formulas."""

from __future__ import annotations

import math
from collections.abc import Iterator

from derivo.explain.formula.boxes import Bound, Digits
from derivo.explain.formula.spoken import decimal
from derivo.explain.formula.template import negative, read

MOST_IN_ROOT = 1000
MOST_OF_PI = 8
LONG, SHOWN = 8, 6  # digits of a constant that are printed whole; of a longer one


def number_text(value: float, digits: int | None) -> str:
    """Write a number; with `digits`, rounded to so many significant ones."""
    if isinstance(value, int):
        return repr(value)
    if digits is None:  # a constant of the code: of a long one, where it begins
        text = repr(float(value))
        if len(text.partition("e")[0].strip("-0.")) <= LONG:
            return text
        digits = SHOWN
    text = f"{value:.{digits}g}"
    return "0" if float(text) == 0 else text


def constant_box(value: float) -> Bound | None:
    """Write a constant of the code that is a root, or has π in it, as one: √2, π/2."""
    if isinstance(value, int) or value == 0 or not math.isfinite(value):
        return None
    for number, template in (*_roots(abs(value)), *WITH_PI):
        if math.isclose(number, abs(value), rel_tol=4e-16):
            return negative(read(template)) if value < 0 else read(template)
    return None


def _roots(number: float) -> Iterator[tuple[float, str]]:
    """Give the roots that are next to a number: √2, 1/√3."""
    for near, look in ((number, "{}"), (1 / number, r"\frac{{1}}{{{}}}")):
        inner = round(min(near * near, MOST_IN_ROOT))
        if 1 < inner < MOST_IN_ROOT and math.isqrt(inner) ** 2 != inner:
            root = math.sqrt(inner)
            value = root if near == number else 1 / root
            yield value, look.format(rf"\sqrt{{{inner}}}")


def _with_pi() -> Iterator[tuple[float, str]]:
    """Give numbers with π: 2 π, π/2, √(2/π), 1/√(2 π)."""
    for k in range(1, MOST_OF_PI + 1):
        many, whole = rf"{k} \pi" if k > 1 else r"\pi", math.isqrt(k)
        yield k * math.pi, many
        yield math.sqrt(k * math.pi), rf"\sqrt{{{many}}}"
        yield 1 / (k * math.pi), rf"\frac{{1}}{{{many}}}"
        yield 1 / math.sqrt(k * math.pi), rf"\frac{{1}}{{\sqrt{{{many}}}}}"
        yield math.pi / k, rf"\frac{{\pi}}{{{k}}}"
        yield math.sqrt(math.pi / k), rf"\sqrt{{\frac{{\pi}}{{{k}}}}}"
        yield k / math.pi, rf"\frac{{{k}}}{{\pi}}"
        if whole * whole == k:  # 2/√π, rather than √(4/π)
            yield math.sqrt(k / math.pi), rf"\frac{{{whole}}}{{\sqrt{{\pi}}}}"
        else:
            yield math.sqrt(k / math.pi), rf"\sqrt{{\frac{{{k}}}{{\pi}}}}"


WITH_PI = tuple(_with_pi())


def number_box(text: str) -> Bound:
    """Give the boxes of a number that was written as text."""
    size = text.lstrip("-")
    mantissa, is_small, exponent = size.partition("e")
    if size in {"inf", "nan"}:
        found = Bound(Digits("∞" if size == "inf" else "NaN"))
    elif is_small:
        ten = f"10^{{{int(exponent)}}}"
        found = read(ten if mantissa == "1" else rf"{mantissa} \times {ten}")
    else:
        found = Bound(Digits(decimal(size.removesuffix(".0"))))
    return negative(found) if text.startswith("-") else found
