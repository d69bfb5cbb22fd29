"""The NumPy engine: calls the emitted step once per batch."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from derivo.run.batches import Batches
from derivo.run.engine import EpochResult


class NumpyEngine:
    """Runs the emitted text as it stands.

    Parameters
    ----------
    step
        ``step(*data, *values, learning_rate, step_number) -> (loss, *values)``.
    data
        What steps are made on.
    batch_size
        Rows per step; the last batch takes what is left.
    learning_rate
        A Python float, so that float32 stays float32.
    """

    name = "numpy"

    def __init__(
        self,
        step: Callable[..., Any],
        data: Batches,
        batch_size: int,
        learning_rate: float,
    ) -> None:
        self.step = step
        self.data = data
        self.batch_size = batch_size
        self.learning_rate = float(learning_rate)

    def epoch(
        self,
        values: tuple[Any, ...],
        order: Any,
        first: int,
        tick: Callable[[int], None],
    ) -> EpochResult:
        """Make one step for each batch; see `derivo.run.engine.Engine`."""
        total, size = 0.0, self.batch_size
        # What overflows shows in the loss, which is looked at below.
        with np.errstate(
            over="ignore", under="ignore", invalid="ignore", divide="ignore"
        ):
            for k in range(-(-len(order) // size)):
                rows = order[k * size : (k + 1) * size]
                loss, *new = self.step(
                    *self.data.taken(rows), *values, self.learning_rate, first + k
                )
                if not math.isfinite(loss):
                    return EpochResult(values, float(loss), k)
                values = tuple(new)
                total += float(loss) * len(rows)
                tick(k + 1)
        return EpochResult(values, total / len(order))
