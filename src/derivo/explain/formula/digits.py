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
    Line,
    Root,
    Script,
    Sign,
)  # fmt: skip
from derivo.explain.formula.template import negative

MOST_IN_ROOT = 1000
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
    return None


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
