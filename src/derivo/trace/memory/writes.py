"""NumPy's functions and methods that write into an array: what they write."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from derivo.errors import NotSupportedError, ShapeError
from derivo.graph.dim import product
from derivo.ops.diagonal import diagonal_length
from derivo.ops.index import gather_spec, scatter_add
from derivo.ops.infer import normal_axis
from derivo.ops.leaf import arange
from derivo.ops.put import is_zero
from derivo.ops.shape import as_array, as_shape
from derivo.ops.written import copied, written_at
from derivo.trace.memory.cell import View
from derivo.trace.memory.items import places_of, write_item

WRITERS: dict[Any, Callable[..., None]] = {}


def _writes(function: Any) -> Callable[[Callable[..., None]], Callable[..., None]]:
    def mark(writer: Callable[..., None]) -> Callable[..., None]:
        WRITERS[function] = writer
        return writer

    return mark


@_writes(np.copyto)
def _copyto(dst: Any, src: Any, casting: str = "same_kind", where: Any = True) -> None:
    value = src if where is True else np.where(where, src, dst)
    dst.write(value, casting=casting)


@_writes(np.put)
def _put(a: Any, ind: Any, v: Any, mode: str = "raise") -> None:
    if mode != "raise":
        message = f"mode={mode!r}"
        raise NotImplementedError(message)
    flat = a.reshape(-1)
    places = as_array(ind)
    many = product(as_shape(np.shape(v))) != 1
    if many and product(as_shape(np.shape(v))) != product(as_shape(places.shape)):
        message = "np.put with fewer values than places repeats them; tile them first"
        raise ShapeError(message)
    write_item(flat, places.reshape(-1), np.reshape(v, -1) if many else v)


@_writes(np.put_along_axis)
def _put_along_axis(arr: Any, indices: Any, values: Any, axis: int | None) -> None:
    if axis is None:
        arr, axis = arr.reshape(-1), 0
    (a,) = normal_axis(axis, arr.ndim)
    indices = as_array(indices)
    arrays = []
    for k in range(arr.ndim):
        counted = arr.recorder.record(arange, (), {"stop": as_shape(arr.shape)[k]})
        wide = tuple(-1 if j == k else 1 for j in range(arr.ndim))
        arrays.append(indices if k == a else counted.reshape(wide))
    once = as_shape(indices.shape)[a] == 1
    _write_at(arr, tuple(arrays), 0, values, distinct=once or None)


@_writes(np.putmask)
def _putmask(a: Any, mask: Any, values: Any) -> None:
    if np.ndim(values) and as_shape(np.shape(values)) != as_shape(a.shape):
        message = "np.putmask repeats values of another shape; use np.where"
        raise NotSupportedError(message)
    a.write(np.where(mask, values, a), casting="unsafe")


@_writes(np.place)
def _place(arr: Any, mask: Any, vals: Any) -> None:
    if product(as_shape(np.shape(vals))) != 1:
        message = "np.place of several values depends on how many places there are"
        raise NotSupportedError(message)
    arr.write(np.where(mask, np.reshape(vals, ()), arr), casting="unsafe")


@_writes(np.fill_diagonal)
def _fill_diagonal(a: Any, val: Any, wrap: bool = False) -> None:
    shape = as_shape(a.shape)
    if wrap or a.ndim < 2 or (a.ndim > 2 and len(set(shape)) > 1):
        message = "np.fill_diagonal needs a matrix, or axes of one size, without wrap"
        raise ShapeError(message)
    n = diagonal_length(shape[-2], shape[-1], 0)
    counted = a.recorder.record(arange, (), {"stop": n})
    _write_at(a, (counted,) * a.ndim, 0, val)


def at(ufunc: Any, x: Any, index: Any, *values: Any) -> None:
    """Do ``ufunc.at(x, index, values)``: add at places, each as often as it stands."""
    found = places_of(x, index)
    if found is None:
        write_item(x, index, ufunc(x[index], *values))
        return
    steps, arrays, axis = found
    if ufunc not in (np.add, np.subtract):
        _write_at(x, arrays, axis, ufunc(x[index], *values), steps, distinct=False)
        return
    part = View.part(x, steps)
    place = gather_spec(part.node.spec, *(a.node.spec for a in arrays), axis=axis)
    value = copied(x.recorder.fitting(values[0], place, "same_kind"), place)
    added = scatter_add(value, *arrays, shape=part.node.spec.shape, axis=axis)
    if ufunc is np.subtract:
        part = part - added
    else:
        part = added if is_zero(part) else part + added
    View(x, steps, part.node).write(part.node)


def _write_at(
    x: Any, arrays: tuple[Any, ...], axis: int, value: Any, steps: Any = (),
    *, distinct: bool | None = None,
) -> None:  # fmt: skip
    """Write at places that whole numbers say.

    With ``distinct=False`` places that may be the same are refused; with True they are
    known not to be.
    """
    part = View.part(x, steps)
    arrays = tuple(x.recorder.wrap(x.recorder.lift(a)) for a in arrays)
    place = gather_spec(part.node.spec, *(a.node.spec for a in arrays), axis=axis)
    value = x.recorder.fitting(value, place, "unsafe")
    new = written_at(part, value, arrays, axis, distinct)
    View(x, steps, new.node).write(new.node)


def fill(x: Any, value: Any) -> None:
    """Write one number everywhere."""
    x.write(value, casting="unsafe")


def sort(x: Any, axis: int = -1, **options: Any) -> None:
    """Sort an array in its place."""
    x.write(np.sort(x, axis=axis, **options))


def partition(x: Any, kth: Any, axis: int = -1, **options: Any) -> None:
    """Sort an array in part, in its place."""
    x.write(np.partition(x, kth, axis=axis, **options))


def put(x: Any, *args: Any, **options: Any) -> None:
    """Write at places of the flattened array."""
    _put(x, *args, **options)


def itemset(x: Any, *args: Any) -> None:
    """Write one element."""
    x[args[:-1]] = args[-1]


METHODS = {
    "fill": fill, "sort": sort, "partition": partition, "put": put, "itemset": itemset,
}  # fmt: skip
