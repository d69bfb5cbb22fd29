"""Cutting arrays into pieces."""

from __future__ import annotations

from typing import Any

import numpy as np

from derivo.errors import ShapeError
from derivo.graph.dim import Size, divide
from derivo.ops.catalogue import spells
from derivo.ops.index import cut, slice_
from derivo.ops.infer import normal_axis
from derivo.ops.shape import as_dim, as_shape


def _pieces(x: Any, places: list[Any], axis: int) -> list[Any]:
    starts, stops = [None, *places], [*places, None]
    return [cut(x, axis, a, b) for a, b in zip(starts, stops, strict=True)]


@spells(np.array_split)
def array_split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    """Cut an array into pieces, of nearly equal size if a number is given."""
    (a,) = normal_axis(axis, ary.ndim)
    if np.ndim(indices_or_sections):
        return _pieces(ary, [as_dim(i) for i in indices_or_sections], a)
    n, k = as_dim(ary.shape[a]), as_dim(indices_or_sections)
    if not isinstance(k, int):
        return split(ary, indices_or_sections, axis)
    # The first ones are longer by one, as many as are left over.
    sizes = [divide(n + k - 1 - i, k) for i in range(k)]
    return _pieces(ary, [sum(sizes[:i]) for i in range(1, k)], a)


@spells(np.split)
def split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    """Cut an array into equal pieces, or at the given places."""
    (a,) = normal_axis(axis, ary.ndim)
    if np.ndim(indices_or_sections):
        return array_split(ary, indices_or_sections, axis)
    n, k = as_dim(ary.shape[a]), as_dim(indices_or_sections)
    if not isinstance(k, int):
        message = "the number of pieces is only a name; give it a number in the spec"
        raise ShapeError(message)
    if isinstance(n, int) and n % k:
        message = f"an axis of size {n} cannot be cut into {k} equal pieces"
        raise ShapeError(message)
    # Each piece gets both ends, so that all have the same size by name too.
    size = divide(n, k)
    if isinstance(n, Size):
        ary.recorder.require(k * size - n)  # nothing is left over
    ends: list[Any] = [(i + 1) * size for i in range(k)]
    ends[-1] = None if ends[-1] == n else ends[-1]
    return [cut(ary, a, i * size if i else None, ends[i]) for i in range(k)]


spells(np.vsplit)(lambda ary, sections: split(ary, sections, 0))


spells(np.hsplit)(lambda ary, sections: split(ary, sections, 0 if ary.ndim == 1 else 1))


spells(np.dsplit)(lambda ary, sections: split(ary, sections, 2))


@spells(np.unstack)
def unstack(x: Any, axis: int = 0) -> tuple[Any, ...]:
    """Cut an array into its slices along an axis of known size."""
    (a,) = normal_axis(axis, x.ndim)
    n = as_shape(x.shape)[a]
    if not isinstance(n, int):
        message = (
            f"axis {axis} has the size {n}, which is only a name; give it a number"
        )
        raise ShapeError(message)
    whole = ("cut", None, None, None)
    front, back = (whole,) * a, (whole,) * (x.ndim - a - 1)
    return tuple(slice_(x, index=(*front, ("at", i), *back)) for i in range(n))
