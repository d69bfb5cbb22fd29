"""Questions about shapes, and functions that leave values as they are."""

from __future__ import annotations

from typing import Any

import numpy as np

from derivo.graph.spec import broadcast
from derivo.ops.catalogue import spells
from derivo.ops.elementwise import where
from derivo.ops.shape import as_shape, broadcast_to, expand_dims

spells(np.shape)(lambda a: a.shape)
spells(np.ndim)(lambda a: a.ndim)
spells(np.copy, np.conjugate, np.positive, np.real, np.real_if_close)(lambda x: x)


@spells(np.imag)
def imag(val: Any) -> Any:
    """Give zeros: everything traced is real."""
    return np.zeros_like(val)


spells(np.angle)(
    lambda z, deg=False: where(z < 0, 180.0 if deg else np.pi, np.zeros_like(z))
)
spells(np.isrealobj)(lambda _x: True)
spells(np.iscomplexobj)(lambda _x: False)
spells(np.imag)(lambda x: 0 * x)
spells(np.astype)(lambda x, dtype: x.astype(dtype))


@spells(np.iscomplex)
def iscomplex(x: Any) -> Any:
    """Say False of every element: everything traced is real."""
    return np.zeros_like(x, dtype=bool) if x.ndim else np.False_


@spells(np.isreal)
def isreal(x: Any) -> Any:
    """Say True of every element."""
    return np.ones_like(x, dtype=bool) if x.ndim else np.True_


@spells(np.size)
def size(a: Any, axis: Any = None) -> Any:
    """Give the number of elements, of all or along an axis."""
    return a.size if axis is None else a.shape[axis]


def _at_least(rank: int) -> Any:
    def call(*arrays: Any) -> Any:
        results = []
        for array in arrays:
            x = array
            while x.ndim < rank:
                # As NumPy does: a third axis comes last, the others first.
                x = expand_dims(x, axis=2 if x.ndim == 2 else 0)
            results.append(x)
        return results[0] if len(results) == 1 else tuple(results)

    return call


for _rank, _function in ((1, np.atleast_1d), (2, np.atleast_2d), (3, np.atleast_3d)):
    spells(_function)(_at_least(_rank))


@spells(np.broadcast_arrays)
def broadcast_arrays(*arrays: Any) -> tuple[Any, ...]:
    """Bring arrays to their common shape."""
    shape = broadcast(*(as_shape(np.shape(a)) for a in arrays))
    return tuple(
        a if as_shape(np.shape(a)) == shape else broadcast_to(a, shape=shape)
        for a in arrays
    )


@spells(np.array_equal)
def array_equal(a1: Any, a2: Any, equal_nan: bool = False) -> Any:
    """Tell whether two arrays have the same shape and the same elements."""
    if as_shape(np.shape(a1)) != as_shape(np.shape(a2)):
        return False
    same = a1 == a2
    if equal_nan:
        same = same | (np.isnan(a1) & np.isnan(a2))
    return np.all(same)
