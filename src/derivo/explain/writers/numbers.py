"""Numbers and arrays as short text: never long, whatever the array is."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

DOTS = "…"


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
    return text.replace("-", "−")


def shape_text(shape: tuple[int, ...]) -> str:
    """Write a shape: ``3 × 4``."""
    return " × ".join(str(d) for d in shape)


def is_small(array: Any, most: int = 6) -> bool:
    """Tell whether an array is shown number by number."""
    a = np.asarray(array)
    return a.ndim <= 2 and a.size > 0 and all(d <= most for d in a.shape)


def matrix_cells(array: Any, rows: int = 6, cols: int = 6) -> list[list[str]]:
    """Write a matrix (or a row, or a number) as cells; what is cut shows as dots.

    The numbers of a column have their decimal points below each other.
    """
    a = np.atleast_2d(np.asarray(array))
    while a.ndim > 2:
        a = a[0] if a.shape[0] else a.reshape(0, a.shape[-1])
    shown = a[
        : rows if a.shape[0] > rows else None, : cols if a.shape[1] > cols else None
    ]
    cells = [[number(x) for x in line] for line in shown]
    if cells:
        for k in range(len(cells[0])):
            for line, text in zip(cells, _pointed([c[k] for c in cells]), strict=True):
                line[k] = text
    if a.shape[1] > cols:
        for line in cells:
            line.append(DOTS)
    if a.shape[0] > rows and cells:
        cells.append([DOTS] * len(cells[0]))
    return cells


def _pointed(texts: list[str]) -> list[str]:
    whole = [t.partition(".")[0] if "e" not in t else t for t in texts]
    width = max(len(w) for w in whole)
    padded = [" " * (width - len(w)) + t for w, t in zip(whole, texts, strict=True)]
    longest = max(map(len, padded))
    return [t.ljust(longest) for t in padded]


def summary(array: Any) -> str:
    """Describe an array in one line: shape, range, mean, and what is not finite."""
    a = np.asarray(array)
    if not a.ndim:
        return number(a[()])
    shape = shape_text(a.shape)
    if not a.size:
        return f"{shape}, empty"
    if a.dtype == bool:
        return f"{shape}, {int(a.sum())} True"
    finite = a[np.isfinite(a)] if a.dtype.kind == "f" else a
    parts = [shape]
    if finite.size:
        low, mean, high = finite.min(), finite.mean(dtype=np.float64), finite.max()
        parts.append(f"{number(low)} … {number(high)}, mean {number(mean)}")
    if a.dtype.kind == "f" and finite.size < a.size:
        bad = {"NaN": np.isnan(a).sum(), "∞": np.isinf(a).sum()}
        parts += [f"{n} {word}" for word, n in bad.items() if n]
    return ", ".join(parts)


def short(value: Any) -> str:
    """Write a value for a small place: a number, or the shape of an array."""
    a = np.asarray(value)
    if a.size == 1:
        return number(a.reshape(())[()])
    if a.ndim == 1 and 0 < a.size <= 3:
        if a.dtype.kind == "f" and np.isfinite(a).all():
            # What is left of rounding beside larger numbers is 0 to a reader.
            a = np.where(np.abs(a) < 1e-13 * np.abs(a).max(), 0.0, a)
        return "(" + ", ".join(number(x, 3) for x in a) + ")"
    return ""
