"""Rows that training does not see."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from derivo.errors import UsageError
from derivo.train.draw import generator

Pair = tuple[Any, Any]


def hold_back(
    x: Any, t: Any, validation: Any, seed: int, read: Callable[[Any, Any], Pair]
) -> tuple[Any, Any, Pair | None]:
    """Give training inputs, training targets, and the pair to validate with.

    Parameters
    ----------
    validation
        None, a pair (x, t), or the share of rows to hold back at random.
    seed
        Chooses the rows: the same in every call, so that training never sees them.
    read
        Checks and encodes a pair.
    """
    if validation is None:
        return x, t, None
    if isinstance(validation, tuple | list) and len(validation) == 2:
        return x, t, read(*validation)
    share = isinstance(validation, float | np.floating) and 0 < validation < 1
    if not share or len(x) < 2:
        message = (
            f"validation={_brief(validation)} must be a pair (x, t), or the share of "
            "rows to hold "
            "back, such as 0.2"
        )
        raise UsageError(message)
    count = min(max(round(len(x) * validation), 1), len(x) - 1)
    order = generator(seed, "validation").permutation(len(x))
    held, kept = np.sort(order[:count]), np.sort(order[count:])
    return x[kept], t[kept], (x[held], t[held])


def _brief(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:40]}..."
