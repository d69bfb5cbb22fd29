"""Randomness by number: the same (seed, purpose, number) always draws the same.

Philox is counter-based, so there is no state to carry along: a resumed run draws what
an unbroken one would have drawn.
Source: Salmon et al., Parallel random numbers: as easy as 1, 2, 3 (2011).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from derivo.errors import UsageError

_PURPOSES = {"shuffle": 1, "parameters": 2, "validation": 3}


def generator(seed: object, purpose: str, number: int = 0) -> np.random.Generator:
    """Give the generator for a purpose ("shuffle", "parameters", "validation")."""
    key_part = -1
    if isinstance(seed, int | np.integer) and not isinstance(seed, bool):
        key_part = int(seed)
    if not 0 <= key_part < 2**64:
        message = f"seed={seed!r} must be an integer from 0 to 2**64 - 1"
        raise UsageError(message)
    key = np.array([key_part, (_PURPOSES[purpose] << 48) + number], dtype=np.uint64)
    return np.random.Generator(np.random.Philox(key=key))


def epoch_order(rows: int, seed: int, epoch: int, *, shuffle: bool) -> Any:
    """Give the order in which rows are used in an epoch (counted from 1)."""
    if not shuffle:
        return np.arange(rows)
    return generator(seed, "shuffle", epoch).permutation(rows)
