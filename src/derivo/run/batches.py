"""The data that steps are made on: arrays of which each step sees some rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np


@dataclass(frozen=True)
class Batches:
    """Arrays that share an axis of examples, and others that every step sees whole.

    Attributes
    ----------
    arrays
        The data, in the order of the step's arguments.
    axes
        For each array its axis of examples; None where it has none.
    rows
        How many examples there are; 1 where no array has that axis.
    dtype
        The floating type that is trained in.
    """

    arrays: tuple[Any, ...]
    axes: tuple[int | None, ...]
    rows: int
    dtype: np.dtype[Any]

    @classmethod
    def of_rows(cls, *arrays: Any) -> Self:
        """Give arrays of one floating type with a row for each example."""
        return cls(arrays, (0,) * len(arrays), len(arrays[0]), arrays[0].dtype)

    def taken(self, rows: Any) -> list[Any]:
        """Give what a step sees that is made on some rows."""
        return [
            a if axis is None else a[rows] if axis == 0 else np.take(a, rows, axis)
            for a, axis in zip(self.arrays, self.axes, strict=True)
        ]
