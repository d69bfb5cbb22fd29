"""Holding a part of the data back, to test with what training never saw."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from derivo.errors import DataError

Array = npt.NDArray[Any]


def split(
    x: npt.ArrayLike, t: npt.ArrayLike, held_back: float = 0.2, seed: int = 0
) -> tuple[Array, Array, Array, Array]:
    """Split rows at random into a part to train with and a part held back.

    Parameters
    ----------
    x : (N, ...)
        Inputs, a row each.
    t : (N, ...)
        Targets, in the same order.
    held_back
        Share of the rows that is held back, between 0 and 1; rounded to whole rows, at
        least one in either part.
    seed
        The same seed gives the same parts.

    Returns
    -------
    x_train, t_train, x_test, t_test
        Copies. The rows of each part are in random order.

    Raises
    ------
    DataError
        Fewer than two rows, `x` and `t` of different length, or a share that is not
        between 0 and 1.
    """
    x, t = np.asarray(x), np.asarray(t)
    rows = _rows(x, t)
    if not 0 < held_back < 1:
        message = f"held_back is {held_back}; give a share between 0 and 1, such as 0.2"
        raise DataError(message)
    order = np.random.default_rng(seed).permutation(rows)
    count = min(max(round(rows * held_back), 1), rows - 1)
    test, train = order[:count], order[count:]
    return x[train], t[train], x[test], t[test]


def _rows(x: Array, t: Array) -> int:
    if not x.ndim or not t.ndim or len(x) != len(t):
        message = (
            f"x has the shape {x.shape} and t {t.shape}: each row of x needs one target"
        )
        raise DataError(message)
    if len(x) < 2:
        message = f"there are {len(x)} rows; two are needed to hold one back"
        raise DataError(message)
    return len(x)
