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
    return np.random.Generator(np.random.Philox(key=_key(seed, purpose, number)))


def _key(seed: object, purpose: str, number: int) -> Any:
    key_part = -1
    if isinstance(seed, int | np.integer) and not isinstance(seed, bool):
        key_part = int(seed)
    if not 0 <= key_part < 2**64:
        message = f"seed={seed!r} must be an integer from 0 to 2**64 - 1"
        raise UsageError(message)
    return np.array([key_part, (_PURPOSES[purpose] << 48) + number], dtype=np.uint64)


class Orders:
    """The orders in which rows are used in the epochs of a run.

    One generator draws them all: to make one takes longer than to shuffle some hundred
    rows, to give it another key does not.

    Parameters
    ----------
    rows
        How many.
    seed
        Integer.
    shuffle
        Without it the rows stay as they are.
    """

    def __init__(self, rows: int, seed: int, *, shuffle: bool) -> None:
        self.rows, self.seed = rows, seed
        self._draws = generator(seed, "shuffle") if shuffle else None

    def of_epoch(self, epoch: int) -> Any:
        """Give the order for an epoch, counted from 1."""
        if self._draws is None:
            return np.arange(self.rows)
        key = _key(self.seed, "shuffle", epoch)
        self._draws.bit_generator.state = _fresh(key)
        return self._draws.permutation(self.rows)


def _fresh(key: Any) -> dict[str, Any]:
    """Give the state that a Philox generator of a key begins with."""
    nothing = np.zeros(4, np.uint64)
    return {
        "bit_generator": "Philox", "state": {"counter": nothing, "key": key},
        "buffer": nothing, "buffer_pos": len(nothing), "has_uint32": 0, "uinteger": 0,
    }  # fmt: skip
