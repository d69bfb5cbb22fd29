"""Numbers as they stand in formulas."""

from __future__ import annotations

import math

from derivo.explain.formula.boxes import (
    FRACTION,
    POWER,
    PRODUCT,
    Bound,
    Box,
    Digits,
    Fraction,
    Letter,
    Line,
    Root,
    Script,
    Sign,
)  # fmt: skip
from derivo.explain.formula.template import negative

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
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    text = f"{value:.{digits}g}"
    return "0" if float(text) == 0 else text


def root_box(value: float) -> Bound | None:
    """Write a constant of the code that is a root as one: √2, or 1/√3."""
    if isinstance(value, int) or value == 0 or not math.isfinite(value):
        return None
    for under, number in ((False, abs(value)), (True, 1 / abs(value))):
        inner = round(min(number * number, MOST_IN_ROOT))
        is_root = 1 < inner < MOST_IN_ROOT and math.isqrt(inner) ** 2 != inner
        if is_root and math.isclose(math.sqrt(inner), number, rel_tol=4e-16):
            root: Box = Root(Digits(str(inner)))
            found = Bound(root, POWER)
            found = Bound(Fraction(Digits("1"), root), FRACTION) if under else found
            return negative(found) if value < 0 else found
    return _with_pi(value)


def _with_pi(value: float) -> Bound | None:
    """Write a constant that has π in it with π: 2 π, π/2, √(2/π), 1/√(2 π)."""
    size = abs(value)
    for number, is_root in ((size, False), (size * size, True)):
        for k in range(1, MOST_OF_PI + 1):
            many, part = k * math.pi, math.pi / k
            for found, under in (
                (many, False),
                (part, False),
                (many, True),
                (part, True),
            ):
                if math.isclose(number, 1 / found if under else found, rel_tol=1e-15):
                    box = _of_pi(k, is_many=found == many, under=under, is_root=is_root)
                    return negative(box) if value < 0 else box
    return None


def _of_pi(k: int, *, is_many: bool, under: bool, is_root: bool) -> Bound:
    """Give k π or π/k, or one over it, perhaps below a root."""
    pi, factor = Letter("π"), Digits(str(k))
    if is_many:
        product: Box = pi if k == 1 else Line((factor, pi))
        if not is_root:
            one = Fraction(Digits("1"), product)
            return Bound(one, FRACTION) if under else Bound(product, PRODUCT)
        return _root(product, under=under)
    if not is_root:
        return Bound(Fraction(factor, pi) if under else Fraction(pi, factor), FRACTION)
    whole = math.isqrt(k)
    if under and whole * whole == k:  # 2/√π, rather than √(4/π)
        return Bound(Fraction(Digits(str(whole)), Root(pi)), FRACTION)
    return _root(Fraction(factor, pi) if under else Fraction(pi, factor), under=False)


def _root(inner: Box, *, under: bool) -> Bound:
    root: Box = Root(inner)
    return Bound(Fraction(Digits("1"), root), FRACTION) if under else Bound(root, POWER)


def number_box(text: str) -> Bound:
    """Give the boxes of a number that was written as text."""
    minus, text = text.startswith("-"), text.lstrip("-")
    mantissa, _, exponent = text.partition("e")
    if text in {"inf", "nan"}:
        text = "∞" if text == "inf" else "NaN"
    digits: Bound = Bound(Digits(text.removesuffix(".0")))
    if exponent:
        power = int(exponent)
        low: Box = Digits(str(abs(power)))
        low = Line((Sign("−", "prefix"), low)) if power < 0 else low
        ten = Script(Digits("10"), high=low)
        parts = (Digits(mantissa), Sign("×"), ten)
        digits = Bound(ten if mantissa == "1" else Line(parts), PRODUCT)
    return negative(digits) if minus else digits
