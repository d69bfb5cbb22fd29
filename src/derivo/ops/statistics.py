"""Variance, averages, covariance: spelled with sums and means."""

from __future__ import annotations

from typing import Any

import numpy as np

from derivo.errors import ShapeError
from derivo.graph.dim import format_shape
from derivo.ops.catalogue import spells
from derivo.ops.diagonal import diagonal
from derivo.ops.elementwise import sqrt, where
from derivo.ops.index import getitem
from derivo.ops.infer import normal_axis
from derivo.ops.join import concatenate
from derivo.ops.linalg import matmul
from derivo.ops.pick import sort_along
from derivo.ops.reduce import (
    combine_axes,
    count,
    count_where,
    max_of,
    mean_of,
    min_of,
    restore,
    sum_of,
)
from derivo.ops.shape import as_array, as_shape, broadcast_to, expand_dims, transpose


@spells(np.var)
def var(
    x: Any, axis: Any = None, ddof: Any = 0, keepdims: Any = False,
    where: Any = True, mean: Any = None, correction: Any = None,
) -> Any:  # fmt: skip
    """Give the mean square of the distance from the mean."""
    x, ddof = as_array(x), ddof if correction is None else correction
    if mean is None:
        mean = _mean(x, axis, where, keepdims=True)
    centred = x - mean
    if isinstance(ddof, int | float) and not ddof:
        return _mean(centred * centred, axis, where, keepdims=keepdims)
    squares = _kept(centred * centred, where)
    total = sum_of(squares, axis=axis, keepdims=keepdims)
    return total / (count_where(x, where, axis, keepdims=keepdims) - ddof)


def _kept(x: Any, selection: Any) -> Any:
    return x if selection is True else where(selection, x, 0)


def _mean(x: Any, axis: Any, selection: Any, *, keepdims: Any) -> Any:
    if selection is True:
        return mean_of(x, axis=axis, keepdims=keepdims)
    total = sum_of(_kept(x, selection), axis=axis, keepdims=keepdims)
    return total / count_where(x, selection, axis, keepdims=keepdims)


@spells(np.std)
def std(x: Any, axis: Any = None, ddof: Any = 0, **options: Any) -> Any:
    """Give the square root of the variance; of single numbers it is 0, and stays so."""
    x = as_array(x)
    n, is_plain = count(x, axis), set(options) <= {"keepdims"}
    plain_number = isinstance(ddof, int | float) and not ddof
    if isinstance(n, int) and n == 1 and plain_number and is_plain:
        return sum_of(x * 0.0, axis=axis, **options)
    return sqrt(var(x, axis=axis, ddof=ddof, **options))


@spells(np.average)
def average(
    x: Any, axis: Any = None, weights: Any = None, returned: bool = False,
    keepdims: Any = False,
) -> Any:  # fmt: skip
    """Give the weighted mean, and the sum of the weights if asked for."""
    x = as_array(x)
    if weights is None:
        result = mean_of(x, axis=axis, keepdims=keepdims)
        total = count(x, axis) + 0 * result if returned else None
        return (result, total) if returned else result
    weights = _along(x, axis, as_array(weights))
    total = sum_of(weights, axis=axis, keepdims=keepdims)
    result = sum_of(x * weights, axis=axis, keepdims=keepdims) / total
    return (result, total + 0 * result) if returned else result


def _along(x: Any, axis: Any, weights: Any) -> Any:
    """Lay weights along the axes that they belong to."""
    shape, given = as_shape(x.shape), as_shape(np.shape(weights))
    if shape == given:
        return weights
    axes = [normal_axis(a, x.ndim)[0] for a in _listed(axis)]
    if given != tuple(shape[a] for a in axes) or axis is None:
        shapes = f"{format_shape(given)} and {format_shape(shape)}"
        message = f"weights and array have the shapes {shapes}; say along which axis="
        raise ShapeError(message)
    order = tuple(int(i) for i in np.argsort(axes))
    weights = weights if len(axes) < 2 else transpose(weights, axes=order)
    for a in range(x.ndim):
        if a not in axes:
            weights = expand_dims(weights, axis=a)
    if len(axes) < x.ndim and len(axes) > 1:
        return broadcast_to(weights, shape=x.shape)
    return weights


def _listed(axis: Any) -> tuple[Any, ...]:
    return (
        tuple(axis) if isinstance(axis, tuple | list) else (axis,) * (axis is not None)
    )


@spells(np.ptp)
def ptp(x: Any, axis: Any = None, keepdims: Any = False) -> Any:
    """Give the distance between the largest and the smallest element."""
    x = as_array(x)
    return max_of(x, axis=axis, keepdims=keepdims) - min_of(
        x, axis=axis, keepdims=keepdims
    )


@spells(np.median)
def median(
    x: Any, axis: Any = None, overwrite_input: bool = False, keepdims: Any = False
) -> Any:
    """Give the middle element along axes, or the mean of the middle two."""
    del overwrite_input  # a traced value is never written to
    x = as_array(x)
    axes = normal_axis(axis, x.ndim)
    if not axes:
        return x
    row, a = (combine_axes(x, axes)[0], -1) if len(axes) > 1 else (x, axes[0])
    a = normal_axis(a, row.ndim)[0]
    ordered, n = sort_along(row, axis=a), row.shape[a]
    front = (slice(None),) * a
    middle = getitem(ordered, (*front, (n - 1) // 2)) + getitem(
        ordered, (*front, n // 2)
    )
    return restore(middle / 2, x, axis, keepdims=not keepdims)


# --- how variables go together -------------------------------------------------------


@spells(np.cov)
def cov(
    m: Any, y: Any = None, rowvar: bool = True, bias: bool = False, ddof: Any = None,
    fweights: Any = None, aweights: Any = None,
) -> Any:  # fmt: skip
    """Give the covariance of variables: rows of `m`, or columns without `rowvar`."""
    x = _variables(m, rowvar=rowvar)
    if y is not None:
        x = concatenate(x, _variables(y, rowvar=rowvar), axis=0)
    ddof = int(not bias) if ddof is None else ddof
    given = [as_array(w) for w in (fweights, aweights) if w is not None]
    if not given:
        centred = x - mean_of(x, axis=1, keepdims=True)
        weighted, factor = centred, x.shape[1] - ddof
    else:
        w = given[0] if len(given) == 1 else given[0] * given[1]
        total = sum_of(w)
        centred = x - sum_of(x * w, axis=1, keepdims=True) / total
        weighted, factor = centred * w, total
        if ddof and aweights is None:
            factor = total - ddof
        elif ddof:
            factor = total - ddof * sum_of(w * given[-1]) / total
    c = matmul(weighted, transpose(centred, axes=(1, 0))) / factor
    return c if as_shape(x.shape)[0] != 1 else c[0, 0]


def _variables(m: Any, *, rowvar: bool) -> Any:
    m = as_array(m)
    if m.ndim > 2:
        message = f"cov takes up to two axes, not the shape {format_shape(m.shape)}"
        raise ShapeError(message)
    if m.ndim < 2:
        return expand_dims(m if m.ndim else expand_dims(m, axis=0), axis=0)
    return m if rowvar else transpose(m, axes=(1, 0))


@spells(np.corrcoef)
def corrcoef(x: Any, y: Any = None, rowvar: bool = True) -> Any:
    """Give the correlation of variables."""
    c = cov(x, y, rowvar=rowvar)
    if not np.ndim(c):
        return c / c
    deviation = sqrt(diagonal(c))
    return c / expand_dims(deviation, axis=1) / deviation
