"""Numbers in even steps between two ends, grids, and powers."""

from __future__ import annotations

from typing import Any

import numpy as np

from derivo.errors import ShapeError
from derivo.ops.arithmetic import power
from derivo.ops.axes import moveaxis
from derivo.ops.catalogue import spells
from derivo.ops.elementwise import exp, log, maximum
from derivo.ops.index import getitem
from derivo.ops.join import stack
from derivo.ops.leaf import arange, made
from derivo.ops.shape import as_array, as_dim, as_shape, copied, expand_dims, reshape


@spells(np.linspace)
def linspace(
    start: Any, stop: Any, num: Any = 50, endpoint: bool = True,
    retstep: bool = False, axis: int = 0,
) -> Any:  # fmt: skip
    """Give `num` numbers in even steps from `start` to `stop`."""
    ends = [as_array(v) if isinstance(v, list | tuple) else v for v in (start, stop)]
    traced = next((v for v in (*ends, num) if hasattr(v, "record")), num)
    n = as_dim(num)
    places = made(arange, traced, stop=n)
    for _ in range(max(np.ndim(v) for v in ends)):
        places = expand_dims(places, axis=-1)
    steps = num - 1 if endpoint else num
    # A single point is the start, whatever the end.
    steps = max(steps, 1) if isinstance(n, int) else maximum(steps, 1)
    step = (ends[1] - ends[0]) / steps
    # The step last: the division of the places by their number is exact at the end.
    result = ends[0] + (ends[1] - ends[0]) * (places / steps)
    result = result if axis == 0 else moveaxis(result, 0, axis)
    return (result, step) if retstep else result


@spells(np.logspace)
def logspace(
    start: Any, stop: Any, num: Any = 50, endpoint: bool = True, base: Any = 10.0,
    axis: int = 0,
) -> Any:  # fmt: skip
    """Give numbers in even steps of their logarithm, from base ** start on."""
    exponents = linspace(start, stop, num, endpoint, axis=axis)
    if np.ndim(base):
        base = expand_dims(as_array(base), axis=axis)
    return power(base, exponents)


@spells(np.geomspace)
def geomspace(
    start: Any, stop: Any, num: Any = 50, endpoint: bool = True, axis: int = 0
) -> Any:
    """Give numbers of which each is the same multiple of the one before."""
    ends = [as_array(v) if isinstance(v, list | tuple) else v for v in (start, stop)]
    return exp(linspace(log(ends[0]), log(ends[1]), num, endpoint, axis=axis))


@spells(np.meshgrid)
def meshgrid(
    *xi: Any, copy: bool = True, sparse: bool = False, indexing: str = "xy"
) -> tuple[Any, ...]:
    """Give the coordinates of a grid, one array for each axis."""
    del copy  # a traced value is never written to
    if indexing not in ("xy", "ij"):
        message = f"indexing={indexing!r} is neither 'xy' nor 'ij'"
        raise ShapeError(message)
    flat = [
        reshape(v, shape=(v.size,)) if v.ndim != 1 else v for v in map(as_array, xi)
    ]
    places = list(range(len(flat)))
    if indexing == "xy" and len(flat) > 1:
        places[:2] = [1, 0]
    sizes: list[Any] = [1] * len(flat)
    for v, place in zip(flat, places, strict=True):
        sizes[place] = as_shape(v.shape)[0]
    grid = []
    like = next((v for v in flat if hasattr(v, "record")), None)
    for v, place in zip(flat, places, strict=True):
        for _ in range(len(flat) - 1 - place):
            v = expand_dims(v, axis=-1)  # noqa: PLW2901
        for _ in range(place if sparse else 0):
            v = expand_dims(v, axis=0)  # noqa: PLW2901
        grid.append(v if sparse else copied(v, tuple(sizes), like))
    return tuple(grid)


@spells(np.ix_)
def ix_(*args: Any) -> tuple[Any, ...]:
    """Give the places along each axis, such that together they pick a grid."""
    axes = []
    for k, given in enumerate(args):
        places = as_array(given)
        if places.ndim != 1:
            message = f"np.ix_ takes one axis each, not {places.ndim}"
            raise ShapeError(message)
        if places.dtype.kind == "b" and hasattr(places, "record"):
            message = "a mask in np.ix_ picks as many places as it has true ones"
            raise ShapeError(message)
        for _ in range(k):
            places = expand_dims(places, axis=0)
        for _ in range(len(args) - 1 - k):
            places = expand_dims(places, axis=-1)
        axes.append(places)
    return tuple(axes)


# --- powers and polynomials ---------------------------------------------------------


@spells(np.vander)
def vander(x: Any, N: Any = None, increasing: bool = False) -> Any:
    """Give the powers of the elements of a vector, one to a row."""
    (length,) = as_shape(x.shape)
    n = length if N is None else as_dim(N)
    if isinstance(n, int):
        places: Any = np.arange(n)
        exponents = places if increasing else places[::-1].copy()
    else:
        places = made(arange, x, stop=n)
        exponents = places if increasing else getitem(places, slice(None, None, -1))
    return power(expand_dims(x, axis=1), exponents)


@spells(np.polyval)
def polyval(p: Any, x: Any) -> Any:
    """Give the value of a polynomial, the highest power first, by Horner's rule."""
    p, x = as_array(p), as_array(x)
    (n,) = as_shape(np.shape(p))
    if not isinstance(n, int):
        message = f"a polynomial of {n} coefficients: give that axis a number"
        raise ShapeError(message)
    y: Any = 0
    for k in range(n):
        y = p[k] + y * x if k else p[k] + 0 * x
    return y


@spells(np.polyder)
def polyder(p: Any, m: int = 1) -> Any:
    """Give the coefficients of the derivative of a polynomial."""
    n: Any
    for _ in range(m):
        (n,) = as_shape(p.shape)
        p = getitem(p, slice(None, -1)) * np.arange(n - 1, 0, -1)
    return p


@spells(np.polyint)
def polyint(p: Any, m: int = 1, k: Any = None) -> Any:
    """Give the coefficients of the antiderivative, with the constants `k`."""
    k = 0 if k is None else k
    constants = [k] * m if not np.ndim(k) else list(k)
    n: Any
    for i in range(m):
        (n,) = as_shape(p.shape)
        parts = [getitem(p, j) / (n - j) for j in range(n)]
        p = stack(*parts, 0 * parts[0] + constants[i], axis=0)
    return p


@spells(np.polymul)
def polymul(a1: Any, a2: Any) -> Any:
    """Give the coefficients of a product of polynomials."""
    return np.convolve(a1, a2)


@spells(np.polyadd)
def polyadd(a1: Any, a2: Any) -> Any:
    """Give the coefficients of a sum of polynomials."""
    a1, a2 = as_array(a1), as_array(a2)
    n, m = as_shape(np.shape(a1))[0], as_shape(np.shape(a2))[0]
    if n == m:
        return a1 + a2
    if not isinstance(n, int) or not isinstance(m, int):
        message = "the sum of polynomials needs the numbers of coefficients"
        raise ShapeError(message)
    short, long = (a1, a2) if n < m else (a2, a1)
    return np.pad(short, (abs(n - m), 0)) + long


spells(np.polysub)(lambda a1, a2: polyadd(a1, -as_array(a2)))
