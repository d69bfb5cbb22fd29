"""Numbers and arrays as short text: never long, whatever the array is."""

from __future__ import annotations

from typing import Any

import numpy as np

from derivo.explain.formula.spoken import word
from derivo.explain.formula.tree import Number
from derivo.explain.formula.unicode import inline


def is_small(array: Any, most: int = 6) -> bool:
    """Tell whether an array is shown number by number."""
    a = np.asarray(array)
    return a.ndim <= 2 and a.size > 0 and all(d <= most for d in a.shape)


def short(value: Any) -> str:
    """Write a value for a small place: a number, or a few of them, or nothing."""
    a = np.asarray(value)
    if a.size == 1:
        return inline(Number(a.item(), 4))
    if a.ndim != 1 or not 0 < a.size <= 3:
        return ""
    if a.dtype.kind == "f" and np.isfinite(a).all():
        # What is left of rounding beside larger numbers is 0 to a reader.
        a = np.where(np.abs(a) < 1e-13 * np.abs(a).max(), 0.0, a)
    return "(" + word("listing").join(inline(Number(x, 3)) for x in a.tolist()) + ")"
