"""Differences of neighbours."""

from __future__ import annotations

from typing import Any

import numpy as np

from derivo.errors import ShapeError
from derivo.graph.dim import Size
from derivo.ops.catalogue import spells
from derivo.ops.cumulative import running_sum
from derivo.ops.elementwise import abs_, floor, where
from derivo.ops.index import cut
from derivo.ops.infer import normal_axis
from derivo.ops.join import concatenate, flat, joined
from derivo.ops.shape import as_array, as_shape, copied, expand_dims


def _beside(a: Any, value: Any, axis: int) -> Any:
    """Give what is put at an end of `a`: a single number becomes one slice."""
    value = as_array(value)
    if np.ndim(value):
        return value
    shape = as_shape(a.shape)
    return copied(value, (*shape[:axis], 1, *shape[axis + 1 :]), a)


@spells(np.ediff1d)
def ediff1d(ary: Any, to_end: Any = None, to_begin: Any = None) -> Any:
    """Give the differences of neighbours in the flattened array."""
    row = flat(as_array(ary))
    inner = cut(row, 0, 1, None) - cut(row, 0, None, -1)
    begin, end = (None if v is None else flat(as_array(v)) for v in (to_begin, to_end))
    return joined([p for p in (begin, inner, end) if p is not None])


@spells(np.diff)
def diff(
    a: Any, n: int = 1, axis: int = -1, prepend: Any = None, append: Any = None
) -> Any:
    """Give the differences of neighbours along an axis, `n` times over."""
    a = as_array(a)
    (along,) = normal_axis(axis, a.ndim)
    ends = [_beside(a, v, along) if v is not None else None for v in (prepend, append)]
    parts = [p for p in (ends[0], a, ends[1]) if p is not None]
    a = joined(parts, along) if n else a
    for _ in range(n):
        a = cut(a, along, 1, None) - cut(a, along, None, -1)
    return a


@spells(np.gradient)
def gradient(f: Any, *varargs: Any, axis: Any = None, edge_order: int = 1) -> Any:
    """Give central differences along axes, one-sided at the ends."""
    if edge_order not in (1, 2):
        message = f"edge_order={edge_order} is neither 1 nor 2"
        raise ShapeError(message)
    f = as_array(f)
    listed = axis if isinstance(axis, tuple) else (axis,)
    if axis is None:
        listed = tuple(range(f.ndim))
    axes = [normal_axis(a, f.ndim)[0] for a in listed]
    steps = list(varargs) or [1.0]
    steps = steps * len(axes) if len(steps) == 1 else steps
    if len(steps) != len(axes):
        message = f"{len(steps)} spacings are given for {len(axes)} axes"
        raise ShapeError(message)
    parts = tuple(
        _gradient_along(f, as_array(h) if np.ndim(h) else h, a, edge_order)
        for a, h in zip(axes, steps, strict=True)
    )
    single = isinstance(axis, int) or (len(axes) == 1 and not isinstance(axis, tuple))
    return parts[0] if single or len(parts) == 1 else parts


def _gradient_along(f: Any, h: Any, axis: int, edge_order: int) -> Any:
    n = as_shape(f.shape)[axis]
    if isinstance(n, int) and n <= edge_order:
        message = f"gradient needs {edge_order + 1} elements along an axis, not {n}"
        raise ShapeError(message)
    if isinstance(n, Size):
        f.recorder.require(n - edge_order - 1)

    def at(start: Any, stop: Any) -> Any:
        return cut(f, axis, start, stop)

    if np.ndim(h):
        return _uneven(f, h, axis, edge_order)
    inner = (at(2, None) - at(None, -2)) / (2 * h)
    if edge_order == 1:
        first, last = (at(1, 2) - at(0, 1)) / h, (at(-1, None) - at(-2, -1)) / h
    else:
        first = (-1.5 * at(0, 1) + 2.0 * at(1, 2) - 0.5 * at(2, 3)) / h
        last = (0.5 * at(-3, -2) - 2.0 * at(-2, -1) + 1.5 * at(-1, None)) / h
    return concatenate(first, inner, last, axis=axis)


def _uneven(f: Any, places: Any, axis: int, edge_order: int) -> Any:
    """Give differences at places that are not evenly spaced."""

    def at(start: Any, stop: Any) -> Any:
        return cut(f, axis, start, stop)

    def wide(v: Any) -> Any:
        for _ in range(f.ndim - 1 - axis):
            v = expand_dims(v, axis=-1)
        return v

    d = wide(cut(places, 0, 1, None) - cut(places, 0, None, -1))
    before, after = cut(d, 0, None, -1), cut(d, 0, 1, None)
    both = before + after
    inner = (
        -after / (before * both) * at(None, -2)
        + (after - before) / (before * after) * at(1, -1)
        + before / (after * both) * at(2, None)
    )
    h0, h1 = cut(d, 0, 0, 1), cut(d, 0, -1, None)
    if edge_order == 1:
        first, last = (at(1, 2) - at(0, 1)) / h0, (at(-1, None) - at(-2, -1)) / h1
        return concatenate(first, inner, last, axis=axis)
    p, q = h0, cut(d, 0, 1, 2)
    first = (
        -(2 * p + q) / (p * (p + q)) * at(0, 1)
        + (p + q) / (p * q) * at(1, 2)
        - p / (q * (p + q)) * at(2, 3)
    )
    p, q = cut(d, 0, -2, -1), h1
    last = (
        q / (p * (p + q)) * at(-3, -2)
        - (q + p) / (p * q) * at(-2, -1)
        + (2 * q + p) / (q * (p + q)) * at(-1, None)
    )
    return concatenate(first, inner, last, axis=axis)


@spells(np.unwrap)
def unwrap(
    p: Any, discont: Any = None, axis: int = -1, period: float = 2 * np.pi
) -> Any:
    """Add multiples of the period so that neighbours differ by half of it at most."""
    (a,) = normal_axis(axis, p.ndim)
    step = cut(p, a, 1, None) - cut(p, a, None, -1)
    jump = -period * floor((step + period / 2) / period)
    least = period / 2 if discont is None else max(discont, period / 2)
    jump = running_sum(where(abs_(step) < least, 0, jump), axis=a)
    return concatenate(cut(p, a, None, 1), cut(p, a, 1, None) + jump, axis=a)
