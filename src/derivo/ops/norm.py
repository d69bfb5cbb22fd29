"""Norms of vectors and matrices, spelled with sums and maxima."""

from __future__ import annotations

from typing import Any

import numpy as np

from derivo.errors import ShapeError
from derivo.ops.arithmetic import power
from derivo.ops.axes import moveaxis
from derivo.ops.catalogue import spells
from derivo.ops.decompose import singular_norm
from derivo.ops.elementwise import abs_, sqrt
from derivo.ops.infer import normal_axis
from derivo.ops.reduce import max_of, min_of, sum_of
from derivo.ops.shape import expand_dims


@spells(np.linalg.norm)
def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: Any = False) -> Any:
    """Give a norm along one axis (of vectors) or along two (of matrices)."""
    if ord is None and axis is None:
        return _vector_norm(x, 2, None, keepdims=keepdims)
    if axis is None and x.ndim > 2:
        message = "np.linalg.norm with ord= needs axis= for more than two axes"
        raise NotImplementedError(message)
    axes = (
        tuple(range(x.ndim))
        if axis is None
        else axis
        if isinstance(axis, tuple | list)
        else (axis,)
    )
    if len(axes) > 2 or not axes:
        message = f"np.linalg.norm takes one axis or two, not {axis}"
        raise ShapeError(message)
    if len(axes) == 1:
        return _vector_norm(x, 2 if ord is None else ord, axes[0], keepdims=keepdims)
    return _matrix_norm(
        x, "fro" if ord is None else ord, tuple(axes), keepdims=keepdims
    )


def _vector_norm(x: Any, ord: Any, axis: Any, *, keepdims: Any) -> Any:
    options = {"axis": axis, "keepdims": keepdims}
    if ord == 2:
        return sqrt(sum_of(x * x, **options))
    if ord == np.inf:
        return max_of(abs_(x), **options)
    if ord == -np.inf:
        return min_of(abs_(x), **options)
    if ord == 0:
        return sum_of(x != 0, **options) + 0.0
    if ord == 1:
        return sum_of(abs_(x), **options)
    return power(sum_of(power(abs_(x), ord), **options), 1 / ord)


def _matrix_norm(x: Any, ord: Any, axes: tuple[int, ...], *, keepdims: Any) -> Any:
    if ord == "fro":
        return sqrt(sum_of(x * x, axis=axes, keepdims=keepdims))
    rows, columns = (normal_axis(a, x.ndim)[0] for a in axes)
    if rows == columns:
        message = f"axis {axes} names an axis twice"
        raise ShapeError(message)
    if ord in (2, -2, "nuc"):
        result = singular_norm(moveaxis(x, (rows, columns), (-2, -1)), ord=ord)
        for a in sorted((rows, columns)) if keepdims else ():
            result = expand_dims(result, axis=a)
        return result
    if ord not in (1, -1, np.inf, -np.inf):
        message = (
            f"there is no matrix norm ord={ord!r}, only 'fro', 'nuc', 1, -1, 2, -2, "
            "inf and -inf"
        )
        raise NotImplementedError(message)
    summed, rest = (rows, columns) if abs(ord) == 1 else (columns, rows)
    sums = sum_of(abs_(x), axis=summed, keepdims=True)
    extreme = max_of if ord > 0 else min_of
    result = extreme(sums, axis=rest, keepdims=True)
    return result if keepdims else _dropped(result, normal_axis(axes, x.ndim))


def _dropped(x: Any, axes: tuple[int, ...]) -> Any:
    return np.squeeze(x, axis=axes)


@spells(np.linalg.vector_norm)
def vector_norm(
    x: Any,
    /,
    *,
    axis: Any = None,
    keepdims: Any = False,
    ord: Any = 2,
) -> Any:
    """Give the norm of vectors along axes."""
    return _vector_norm(x, ord, axis, keepdims=keepdims)


@spells(np.linalg.matrix_norm)
def matrix_norm(x: Any, /, *, keepdims: Any = False, ord: Any = "fro") -> Any:
    """Give the norm of matrices in the last two axes."""
    return _matrix_norm(x, ord, (-2, -1), keepdims=keepdims)
