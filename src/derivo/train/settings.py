"""Settings of training: what makes no sense is refused before anything runs."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from derivo.errors import UsageError
from derivo.layers.names import unknown_name

ENGINES = ("auto", "numpy", "numba")


def check_settings(epochs: Any, batch_size: Any, learning_rate: Any, engine: Any) -> None:
    """Refuse settings that cannot work.

    Raises
    ------
    UsageError
        No epochs, no rows in a batch, a learning rate that is not positive, or an
        engine that does not exist.
    """
    _count("epochs", epochs, "how often all rows are used")
    _count("batch_size", batch_size, "the number of rows per step, such as 32")
    number = isinstance(learning_rate, int | float | np.number) and not isinstance(learning_rate, bool)
    if not number or not math.isfinite(learning_rate) or learning_rate <= 0:
        message = f"learning_rate={learning_rate!r} must be a positive number, such as 0.001"
        raise UsageError(message)
    if engine not in ENGINES:
        raise unknown_name("an engine", engine, ENGINES)


def _count(name: str, value: Any, meaning: str) -> None:
    whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not whole or value < 1:
        message = f"{name}={value!r} must be an integer of at least 1: it is {meaning}"
        raise UsageError(message)
