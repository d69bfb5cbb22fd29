"""Joining arrays, and cutting them into pieces."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from derivo.errors import ShapeError
from derivo.graph.dim import Dim, divide, format_shape
from derivo.graph.op import Op
from derivo.graph.spec import Spec, promote
from derivo.ops.catalogue import register, spells
from derivo.ops.index import WHOLE, cut, slice_
from derivo.ops.infer import normal_axis
from derivo.ops.shape import LINEAR, as_dim, as_shape, expand_dims, reshape
from derivo.ops.tidy import operands, same


def _list_text(name: str) -> Any:
    def text(_attrs: Any, *parts: Any) -> str:
        fields = ", ".join(f"{{{i}}}" for i in range(len(parts)))
        # A Python number among the parts would make float64 of float32.
        weak = any(getattr(p, "is_weak", isinstance(p, int | float)) for p in parts)
        return f"np.{name}([{fields}], axis={{axis}}{', dtype={dtype}' * weak})"

    return text


def _strong(kind: str) -> str:
    return {"pyfloat": "float", "pyint": "int"}.get(kind, kind)


def _concatenate_spec(*parts: Spec, axis: int) -> Spec:
    first = parts[0].shape
    total: Dim = 0
    for p in parts:
        if (
            p.rank != len(first)
            or p.shape[:axis] + p.shape[axis + 1 :] != first[:axis] + first[axis + 1 :]
        ):
            message = (
                f"{format_shape(first)} and {format_shape(p.shape)} cannot be joined "
                f"on axis {axis}: the other axes must be equal"
            )
            raise ShapeError(message)
        total = total + p.shape[axis]
    kind = promote(*(p.kind for p in parts))
    return Spec((*first[:axis], total, *first[axis + 1 :]), _strong(kind))


def _concatenate_vjp(g: Any, _y: Any, *parts: Any, axis: int) -> tuple[Any, ...]:
    pieces = []
    start: Dim = 0
    for i, p in enumerate(parts):
        stop = start + as_dim(p.shape[axis])
        last = i == len(parts) - 1
        pieces.append(cut(g, axis, start if i else None, None if last else stop))
        start = stop
    return tuple(pieces)


def _whole_again(parts: tuple[Any, ...], index_of: Callable[..., Any]) -> Any:
    """Give the array that parts were cut from, if they are put together again."""
    cuts = [operands(p, slice_) for p in parts]
    if not all(cuts) or any(not same(c[0], cuts[0][0]) for c in cuts):
        return None
    (whole,) = cuts[0]
    indices = [p.node.attrs["index"] for p in parts]
    return whole if index_of(whole, indices) else None


def _tidy_concatenate(*parts: Any, axis: int) -> Any:
    if len(parts) == 1:
        return parts[0]

    def fills(whole: Any, indices: list[Any]) -> bool:
        n, reached = whole.node.spec.shape[axis], 0
        for index in indices:
            others = [e for a, e in enumerate(index) if a != axis]
            kind, *place = index[axis]
            if kind != "cut" or place[2] is not None or set(others) - {WHOLE}:
                return False
            if (place[0] or 0) != reached:
                return False
            reached = n if place[1] is None else place[1]
        return bool(reached == n)

    return _whole_again(parts, fills)


concatenate = register(
    Op(
        "concatenate",
        ("*arrays",),
        _concatenate_spec,
        _list_text("concatenate"),
        vjp=_concatenate_vjp,
        attrs={"axis": 0},
        samples=lambda rng: (
            (rng.normal(size=(3, 4)), rng.normal(size=(3, 2))),
            {"axis": 1},
        ),
        traits=LINEAR,
        tidy=_tidy_concatenate,
        called=("joined",),
    )
)


@spells(np.concatenate)
def _concatenate(arrays: Any, axis: Any = 0) -> Any:
    parts = list(arrays)
    if axis is None:
        parts, axis = [reshape(p, shape=(p.size,)) for p in parts], 0
    (a,) = normal_axis(axis, np.ndim(parts[0]))
    return concatenate(*parts, axis=a) if len(parts) > 1 else parts[0]


def _stack_spec(*parts: Spec, axis: int) -> Spec:
    shape = parts[0].shape
    for p in parts:
        if p.shape != shape:
            message = (
                f"{format_shape(shape)} and {format_shape(p.shape)} cannot be stacked: "
                "the shapes must be equal"
            )
            raise ShapeError(message)
    kind = promote(*(p.kind for p in parts))
    return Spec((*shape[:axis], len(parts), *shape[axis:]), _strong(kind))


def _stack_vjp(g: Any, _y: Any, *parts: Any, axis: int) -> tuple[Any, ...]:
    whole = ("cut", None, None, None)
    front, back = (whole,) * axis, (whole,) * (g.ndim - axis - 1)
    return tuple(slice_(g, index=(*front, ("at", i), *back)) for i in range(len(parts)))


def _tidy_stack(*parts: Any, axis: int) -> Any:
    def fills(whole: Any, indices: list[Any]) -> bool:
        rank, n = whole.ndim, whole.node.spec.shape[axis]
        wanted = [
            tuple(("at", i) if a == axis else WHOLE for a in range(rank))
            for i in range(len(indices))
        ]
        return bool(len(indices) == n and indices == wanted)

    return _whole_again(parts, fills)


stack = register(
    Op(
        "stack",
        ("*arrays",),
        _stack_spec,
        _list_text("stack"),
        vjp=_stack_vjp,
        attrs={"axis": 0},
        samples=lambda rng: (
            (rng.normal(size=(3, 4)), rng.normal(size=(3, 4))),
            {"axis": 1},
        ),
        traits=LINEAR,
        tidy=_tidy_stack,
        called=("stacked",),
    )
)


@spells(np.stack)
def _stack(arrays: Any, axis: int = 0) -> Any:
    parts = list(arrays)
    (a,) = normal_axis(axis, np.ndim(parts[0]) + 1)
    return stack(*parts, axis=a)


@spells(np.vstack)
def vstack(tup: Any) -> Any:
    """Put arrays below each other, a 1-D array as a row."""
    parts = list(tup)
    if all(np.ndim(p) == 1 for p in parts):
        return stack(*parts, axis=0)
    return _concatenate(
        [expand_dims(p, axis=0) if np.ndim(p) == 1 else p for p in parts]
    )


@spells(np.hstack)
def hstack(tup: Any) -> Any:
    """Put arrays beside each other."""
    parts = [expand_dims(p, axis=0) if not np.ndim(p) else p for p in tup]
    return _concatenate(parts, 0 if np.ndim(parts[0]) == 1 else 1)


@spells(np.column_stack)
def column_stack(tup: Any) -> Any:
    """Put arrays beside each other, a 1-D array as a column."""
    parts = list(tup)
    if all(np.ndim(p) == 1 for p in parts):
        return stack(*parts, axis=1)
    return _concatenate(
        [expand_dims(p, axis=1) if np.ndim(p) == 1 else p for p in parts], 1
    )


@spells(np.dstack)
def dstack(tup: Any) -> Any:
    """Put arrays behind each other."""
    parts = [expand_dims(p, axis=0) if np.ndim(p) == 1 else p for p in tup]
    return _concatenate(
        [expand_dims(p, axis=2) if np.ndim(p) == 2 else p for p in parts], 2
    )


@spells(np.append)
def append(arr: Any, values: Any, axis: Any = None) -> Any:
    """Put one array after another."""
    if axis is None:
        arr, values = (reshape(v, shape=(np.size(v),)) for v in (arr, values))
    return _concatenate([arr, values], 0 if axis is None else axis)


@spells(np.block)
def block(arrays: Any) -> Any:
    """Put a matrix together from nested lists of blocks."""

    def joined(part: Any, depth: int) -> Any:
        if not isinstance(part, list):
            return part
        return _concatenate([joined(p, depth - 1) for p in part], -depth)

    depth, inner = 0, arrays
    while isinstance(inner, list):
        depth, inner = depth + 1, inner[0]
    return joined(arrays, depth)


# --- cutting -----------------------------------------------------------------------


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
    if not isinstance(n, int) or not isinstance(k, int):
        return split(ary, indices_or_sections, axis)
    sizes = [n // k + (i < n % k) for i in range(k)]
    return _pieces(ary, [int(p) for p in np.cumsum(sizes)[:-1]], a)


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
    return [cut(ary, a, i * size if i else None, (i + 1) * size) for i in range(k)]


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


@spells(np.diff)
def diff(a: Any, n: int = 1, axis: int = -1) -> Any:
    """Give the differences of neighbours along an axis, `n` times over."""
    (along,) = normal_axis(axis, a.ndim)
    for _ in range(n):
        a = cut(a, along, 1, None) - cut(a, along, None, -1)
    return a
