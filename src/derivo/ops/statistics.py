"""Variance, averages, medians and the like: spelled with sums, means and sorting."""

from __future__ import annotations

from typing import Any

import numpy as np

from derivo.ops.catalogue import spells
from derivo.ops.elementwise import sqrt, where
from derivo.ops.index import getitem
from derivo.ops.infer import normal_axis
from derivo.ops.pick import sort_along
from derivo.ops.piecewise import isnan
from derivo.ops.reduce import count, max_of, mean_of, min_of, restore, sum_of
from derivo.ops.shape import expand_dims, reshape


@spells(np.var)
def var(
    x: Any, axis: Any = None, ddof: float = 0, keepdims: Any = False, **other: Any
) -> Any:
    """Give the mean square of the distance from the mean."""
    ddof = other.pop("correction", ddof)
    if other:
        message = f"np.var with {', '.join(other)}= has no rule"
        raise NotImplementedError(message)
    centred = x - mean_of(x, axis=axis, keepdims=True)
    if not ddof:
        return mean_of(centred * centred, axis=axis, keepdims=keepdims)
    total = sum_of(centred * centred, axis=axis, keepdims=keepdims)
    return total / (count(x, axis) - ddof)


@spells(np.std)
def std(
    x: Any, axis: Any = None, ddof: float = 0, keepdims: Any = False, **other: Any
) -> Any:
    """Give the square root of the variance."""
    return sqrt(var(x, axis=axis, ddof=ddof, keepdims=keepdims, **other))


@spells(np.average)
def average(
    x: Any, axis: Any = None, weights: Any = None, keepdims: Any = False
) -> Any:
    """Give the weighted mean."""
    if weights is None:
        return mean_of(x, axis=axis, keepdims=keepdims)
    if np.ndim(weights) == 1 and x.ndim > 1:
        (a,) = normal_axis(axis, x.ndim)
        for _ in range(x.ndim - 1 - a):
            weights = expand_dims(weights, axis=-1)
    total = sum_of(x * weights, axis=axis, keepdims=keepdims)
    if np.ndim(weights) == x.ndim:
        return total / sum_of(weights, axis=axis, keepdims=keepdims)
    return total / sum_of(weights)


@spells(np.ptp)
def ptp(x: Any, axis: Any = None, keepdims: Any = False) -> Any:
    """Give the distance between the largest and the smallest element."""
    return max_of(x, axis=axis, keepdims=keepdims) - min_of(
        x, axis=axis, keepdims=keepdims
    )


@spells(np.median)
def median(x: Any, axis: Any = None, keepdims: Any = False) -> Any:
    """Give the middle element along one axis, or the mean of the middle two."""
    full = axis is None
    row, a = (
        (reshape(x, shape=(x.size,)), 0) if full else (x, normal_axis(axis, x.ndim)[0])
    )
    ordered, n = sort_along(row, axis=a), row.shape[a]
    front = (slice(None),) * a
    middle = getitem(ordered, (*front, (n - 1) // 2)) + getitem(
        ordered, (*front, n // 2)
    )
    return restore(middle / 2, x, axis, keepdims=False) if keepdims else middle / 2


@spells(np.nansum)
def nansum(x: Any, axis: Any = None, keepdims: Any = False) -> Any:
    """Give the sum of the elements that are numbers."""
    return sum_of(where(isnan(x), 0, x), axis=axis, keepdims=keepdims)


@spells(np.nanmean)
def nanmean(x: Any, axis: Any = None, keepdims: Any = False) -> Any:
    """Give the mean of the elements that are numbers."""
    numbers = sum_of(~isnan(x), axis=axis, keepdims=keepdims)
    return nansum(x, axis=axis, keepdims=keepdims) / numbers
