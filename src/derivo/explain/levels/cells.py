"""Arrays of traced numbers, as operations on sums of products take them."""

from __future__ import annotations

from typing import Any

import numpy as np

from derivo.ops.arithmetic import log
from derivo.ops.elementwise import exp


def boxed(value: Any) -> Any:
    """Put one traced number into an array without axes; arrays are left alone."""
    if isinstance(value, np.ndarray):
        return value
    array = np.empty((), dtype=object)
    array[()] = value
    return array


class Cells:
    """Entries as `Op.algebra` takes them: with exp, log, and sums along axes."""

    def __init__(self, array: Any) -> None:
        self.array = array

    def _each(self, op: Any) -> Cells:
        return Cells(np.frompyfunc(op, 1, 1)(self.array))

    def exp(self) -> Cells:
        """Raise e to every entry."""
        return self._each(exp)

    def log(self) -> Cells:
        """Take the logarithm of every entry."""
        return self._each(log)

    def sum(self, axis: Any = None, keepdims: bool = False) -> Cells:
        """Add up along an axis."""
        total = np.sum(self.array, axis=axis, keepdims=keepdims)
        return Cells(boxed(total))

    def mean(self, axis: Any = None, keepdims: bool = False) -> Cells:
        """Add up along an axis, and divide by how many entries were added."""
        total = self.sum(axis, keepdims)
        count = self.array.size // max(total.array.size, 1)
        return total if count == 1 else Cells(boxed(total.array / count))

    def __truediv__(self, other: Cells) -> Cells:
        return Cells(self.array / other.array)
