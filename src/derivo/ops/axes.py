"""Other orders of axes: exchanging and moving them."""

from __future__ import annotations

from typing import Any

import numpy as np

from derivo.errors import ShapeError
from derivo.ops.catalogue import spells
from derivo.ops.infer import normal_axis
from derivo.ops.shape import permuted


@spells(np.swapaxes)
def swapaxes(x: Any, axis1: int, axis2: int) -> Any:
    """Exchange two axes."""
    order = list(range(x.ndim))
    (i,), (j,) = normal_axis(axis1, x.ndim), normal_axis(axis2, x.ndim)
    order[i], order[j] = j, i
    return permuted(x, order)


@spells(np.matrix_transpose)
def matrix_transpose(x: Any) -> Any:
    """Exchange the last two axes."""
    return swapaxes(x, -1, -2)


@spells(np.moveaxis)
def moveaxis(x: Any, source: Any, destination: Any) -> Any:
    """Move axes to new places, the others keeping their order."""
    sources, destinations = (
        v if isinstance(v, tuple | list | range) else (v,)
        for v in (source, destination)
    )
    moved = [normal_axis(a, x.ndim)[0] for a in sources]
    places = [normal_axis(a, x.ndim)[0] for a in destinations]
    if len(set(moved)) != len(moved) or len(set(places)) != len(moved):
        message = f"moveaxis: {source} and {destination} do not name different axes"
        raise ShapeError(message)
    order = [a for a in range(x.ndim) if a not in moved]
    for place, a in sorted(zip(places, moved, strict=True)):
        order.insert(place, a)
    return permuted(x, order)


@spells(np.rollaxis)
def rollaxis(a: Any, axis: int, start: int = 0) -> Any:
    """Move an axis back until it lies before `start`."""
    (moved,) = normal_axis(axis, a.ndim)
    place = start + a.ndim if start < 0 else start
    return moveaxis(a, moved, place - (moved < place))
