"""Numbers and arrays as short text: never long, whatever the array is."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from derivo.explain.formula.spoken import decimal, word


def number(x: Any, digits: int = 4) -> str:
    """Write a number with so many significant digits: ``0.0225``, ``−1.3``."""
    if isinstance(x, bool | np.bool_):
        return str(bool(x))
    if isinstance(x, int | np.integer):
        return str(int(x)).replace("-", "−")
    value = float(x)
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if value == 0:
        return "0"
    text = f"{value:.{digits}g}"
    if "e" in text:
        mantissa, _, exponent = text.partition("e")
        text = f"{mantissa}e{int(exponent)}"
    return decimal(text.replace("-", "−"))


def is_small(array: Any, most: int = 6) -> bool:
    """Tell whether an array is shown number by number."""
    a = np.asarray(array)
    return a.ndim <= 2 and a.size > 0 and all(d <= most for d in a.shape)


def short(value: Any) -> str:
    """Write a value for a small place: a number, or the shape of an array."""
    a = np.asarray(value)
    if a.size == 1:
        return number(a.reshape(())[()])
    if a.ndim == 1 and 0 < a.size <= 3:
        if a.dtype.kind == "f" and np.isfinite(a).all():
            # What is left of rounding beside larger numbers is 0 to a reader.
            a = np.where(np.abs(a) < 1e-13 * np.abs(a).max(), 0.0, a)
        return "(" + word("listing").join(number(x, 3) for x in a) + ")"
    return ""
