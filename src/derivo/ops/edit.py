"""Leaving elements out, putting some in, and functions applied piece by piece."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np

from derivo.errors import ShapeError
from derivo.ops.axes import moveaxis
from derivo.ops.catalogue import spells
from derivo.ops.elementwise import where
from derivo.ops.index import cut, gather, getitem
from derivo.ops.infer import normal_axis
from derivo.ops.join import concatenate, stack
from derivo.ops.leaf import arange, made
from derivo.ops.shape import as_array, as_dim, as_shape, copied, expand_dims, reshape


def _flat_if(x: Any, axis: Any) -> tuple[Any, int]:
    """Give the array and the axis; the flattened array if no axis is given."""
    if axis is None:
        x, axis = (x if x.ndim == 1 else reshape(x, shape=(x.size,))), 0
    return x, normal_axis(axis, x.ndim)[0]


def _known_size(x: Any, axis: int, what: str) -> int:
    n = as_shape(x.shape)[axis]
    if not isinstance(n, int):
        message = f"{what} needs the size of that axis as a number; it is {n}"
        raise ShapeError(message)
    return n


@spells(np.delete)
def delete(arr: Any, obj: Any, axis: Any = None) -> Any:
    """Leave out some places of an axis."""
    x, a = _flat_if(as_array(arr), axis)
    if hasattr(obj, "record"):
        return _without(x, obj, a)
    if isinstance(obj, int | np.integer) and not isinstance(obj, bool):
        i = int(obj)
        n = as_shape(x.shape)[a]
        if isinstance(n, int) and not -n <= i < n:
            message = f"index {i} is outside an axis of size {n}"
            raise ShapeError(message)
        if i in (0, -1):
            return cut(x, a, 1, None) if i == 0 else cut(x, a, None, -1)
        after = i + 1 if i != -1 else None
        return concatenate(cut(x, a, None, i), cut(x, a, after, None), axis=a)
    n = _known_size(x, a, "np.delete of several places")
    return gather(x, np.delete(np.arange(n), obj), axis=a)


def _without(x: Any, place: Any, axis: int) -> Any:
    """Leave out one place that is traced: those from there on move up."""
    if place.ndim:
        message = "np.delete of several places needs them to be known while tracing"
        raise NotImplementedError(message)
    n = x.shape[axis]
    kept = made(arange, x, stop=as_dim(n) - 1)
    kept = kept + (kept >= where(place < 0, place + n, place))
    return gather(x, kept, axis=axis)


@spells(np.insert)
def insert(arr: Any, obj: Any, values: Any, axis: Any = None) -> Any:
    """Put values before some places of an axis."""
    x, a = _flat_if(as_array(arr), axis)
    values = as_array(values)
    shape = as_shape(x.shape)
    if hasattr(obj, "record"):
        message = "np.insert needs places that are known while tracing"
        raise NotImplementedError(message)
    single = isinstance(obj, list | tuple | np.ndarray) and np.size(obj) == 1
    if isinstance(obj, int | np.integer) or single:
        i, n = int(np.reshape(obj, ())), shape[a]
        if isinstance(n, int) and not -n <= i <= n:
            message = f"index {i} is outside an axis of size {n}"
            raise ShapeError(message)
        while np.ndim(values) < x.ndim:
            values = expand_dims(values, axis=0)
        if not np.ndim(obj):
            values = moveaxis(values, 0, a)  # for one place NumPy reads them like this
        count = as_shape(np.shape(values))[a]
        part = copied(values, (*shape[:a], count, *shape[a + 1 :]), x)
        parts = [part, x] if i == 0 else [cut(x, a, None, i), part, cut(x, a, i, None)]
        if isinstance(n, int) and i == n:
            parts = [x, part]
        return concatenate(*parts, axis=a)
    n = _known_size(x, a, "np.insert at several places")
    count = len(np.insert(np.arange(n), obj, 0)) - n
    part = copied(values, (*shape[:a], count, *shape[a + 1 :]), x)
    order = np.insert(np.arange(n), obj, n + np.arange(count))
    return gather(concatenate(x, part, axis=a), order, axis=a)


@spells(np.resize)
def resize(a: Any, new_shape: Any) -> Any:
    """Give an array of another size, filled with copies of the elements in turn."""
    shape = as_shape(new_shape)
    flat, _ = _flat_if(a, None)
    n = _known_size(flat, 0, "np.resize")
    total = 1
    for d in shape:
        if not isinstance(d, int):
            message = f"np.resize needs the new size as a number; it is {d}"
            raise ShapeError(message)
        total *= d
    picked = gather(flat, np.arange(total) % n, axis=0)
    return picked if len(shape) == 1 else reshape(picked, shape=shape)


@spells(np.compress)
def compress(condition: Any, a: Any, axis: Any = None) -> Any:
    """Keep the places of an axis for which a condition known while tracing holds."""
    if hasattr(condition, "record"):
        message = (
            "np.compress gives an array whose size depends on its values; write "
            "np.where(mask, x, 0) or multiply by the mask"
        )
        raise ShapeError(message)
    x, along = _flat_if(a, axis)
    return gather(x, np.flatnonzero(np.asarray(condition)), axis=along)


@spells(np.apply_along_axis)
def apply_along_axis(
    func1d: Callable[..., Any], axis: int, arr: Any, *args: Any, **kwargs: Any
) -> Any:
    """Apply a function to each vector along an axis."""
    (a,) = normal_axis(axis, arr.ndim)
    rows = moveaxis(arr, a, -1)
    sizes: Any = as_shape(rows.shape)[:-1]
    if not all(isinstance(d, int) for d in sizes):
        message = (
            "np.apply_along_axis calls its function once for each vector, so the other "
            "axes need numbers in the spec"
        )
        raise ShapeError(message)
    results = [
        as_array(func1d(getitem(rows, place) if place else rows, *args, **kwargs))
        for place in itertools.product(*(range(d) for d in sizes))
    ]
    inner = as_shape(np.shape(results[0]))
    if not sizes:
        return results[0]
    whole = reshape(stack(*results, axis=0), shape=(*sizes, *inner))
    # What the function gives takes the place of the axis.
    for k in range(len(inner)):
        whole = moveaxis(whole, len(sizes) + k, a + k)
    return whole


@spells(np.apply_over_axes)
def apply_over_axes(func: Callable[..., Any], a: Any, axes: Any) -> Any:
    """Apply a reduction along one axis after another, keeping their number."""
    for axis in axes if isinstance(axes, tuple | list) else (axes,):
        (along,) = normal_axis(axis, a.ndim)
        result = func(a, along)
        a = result if result.ndim == a.ndim else expand_dims(result, axis=along)
    return a
