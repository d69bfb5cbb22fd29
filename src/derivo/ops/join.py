"""Joining arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from derivo.errors import ShapeError
from derivo.graph.dim import Dim, format_shape
from derivo.graph.element import Placed, sized
from derivo.graph.op import Op
from derivo.graph.spec import Spec, promote
from derivo.ops.catalogue import register, spells
from derivo.ops.index import WHOLE, cut, slice_
from derivo.ops.infer import normal_axis
from derivo.ops.leaf import fill, made
from derivo.ops.shape import (
    LINEAR,
    as_array,
    as_dim,
    as_shape,
    expand_dims,
    reshape,
)
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


def _joined_element(index: Any, attrs: Any, specs: Any, _result: Any) -> str:
    """Read an element of the part that reaches so far."""
    axis, text = attrs["axis"], ""
    at, reached = index[axis], "0"
    for k, spec in enumerate(specs):
        place = f"{at} - ({reached})" if k else at
        read = f"{{{k}}}[{', '.join([*index[:axis], place, *index[axis + 1 :]])}]"
        reached = f"{reached} + {sized(spec.shape[axis])}"
        is_last = k == len(specs) - 1
        text += read if is_last else f"{read} if {at} < {reached} else "
    return text


def _stacked_element(index: Any, attrs: Any, specs: Any, _result: Any) -> str:
    """Read an element of the part with that number."""
    axis = attrs["axis"]
    places = ", ".join([*index[:axis], *index[axis + 1 :]])
    reads = [f"{{{k}}}[{places}]" if places else f"{{{k}}}" for k in range(len(specs))]
    chosen = [f"{read} if {index[axis]} == {k} else " for k, read in enumerate(reads)]
    return "".join(chosen[:-1]) + reads[-1]


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
        js="R.concatenate([{*}], {axis})",
        element=Placed(_joined_element),
    )
)


def _parts(arrays: Any) -> list[Any]:
    """Give the arrays to be joined; lists and numbers among them become arrays."""
    return [as_array(p) for p in arrays]


def flat(x: Any) -> Any:
    """Give the elements in one row."""
    return x if np.ndim(x) == 1 else reshape(x, shape=(np.size(x),))


@spells(np.concatenate)
def joined(arrays: Any, axis: Any = 0) -> Any:
    """Put arrays one after another, along an axis or flattened."""
    parts = _parts(arrays)
    if axis is None:
        parts, axis = [flat(p) for p in parts], 0
    if not all(np.ndim(p) for p in parts):
        message = "a single number cannot be joined to arrays; write it as [number]"
        raise ShapeError(message)
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


def _stack_text(attrs: Any, *parts: Any) -> str:
    text: str = _list_text("stack")(attrs, *parts)
    if all(p.shape == () if hasattr(p, "shape") else True for p in parts):
        return text.replace("np.stack", "np.array").replace(", axis={axis}", "")
    return text


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
        _stack_text,
        vjp=_stack_vjp,
        attrs={"axis": 0},
        samples=lambda rng: (
            (rng.normal(size=(3, 4)), rng.normal(size=(3, 4))),
            {"axis": 1},
        ),
        traits=LINEAR,
        tidy=_tidy_stack,
        called=("stacked",),
        js="R.stack([{*}], {axis})",
        element=Placed(_stacked_element),
    )
)


def _nested_text(attrs: Any, *parts: Any) -> str:
    texts = [f"{{{i}}}" for i in range(len(parts))]
    for n in reversed(attrs["shape"]):
        texts = [f"[{', '.join(texts[k : k + n])}]" for k in range(0, len(texts), n)]
    weak = any(getattr(p, "is_weak", isinstance(p, int | float)) for p in parts)
    return f"np.array({texts[0]}{', dtype={dtype}' * weak})"


def _nested_vjp(g: Any, _y: Any, *_parts: Any, shape: Any) -> tuple[Any, ...]:
    places = np.ndindex(*shape)
    return tuple(slice_(g, index=tuple(("at", i) for i in p)) for p in places)


# Numbers in nested lists: np.array([[c, -s], [s, c]]).
nested = register(
    Op(
        "nested", ("*entries",),
        lambda *parts, shape: Spec(shape, _strong(promote(*(p.kind for p in parts)))),
        _nested_text, vjp=_nested_vjp, attrs={"shape": ()},
        samples=lambda rng: (tuple(rng.normal(size=6)), {"shape": (2, 3)}),
        traits=LINEAR, called=("matrix",), js="R.reshape(R.stack([{*}], 0), {shape})",
    )
)  # fmt: skip


@spells(np.stack)
def _stack(arrays: Any, axis: int = 0) -> Any:
    parts = _parts(arrays)
    (a,) = normal_axis(axis, np.ndim(parts[0]) + 1)
    return stack(*parts, axis=a)


def assembled(value: Any) -> Any:
    """Give the array that nested lists of values make, as ``np.array`` does.

    Raises
    ------
    ShapeError
        Lists or values of different shapes, of which NumPy makes no array.
    """
    if not isinstance(value, list | tuple):
        return as_array(value)
    lists, parts = _taken_apart(value)
    if not parts:
        return np.zeros(lists)
    if len(lists) > 1 and not any(np.ndim(p) for p in parts):
        return nested(*parts, shape=lists)
    row = stack(*(as_array(p) if np.ndim(p) else p for p in parts), axis=0)
    shape = as_shape(row.shape)[1:]
    return row if len(lists) == 1 else reshape(row, shape=(*lists, *shape))


def _taken_apart(value: Any) -> tuple[tuple[int, ...], list[Any]]:
    """Give the shape of nested lists, and the values in them in one row."""
    if not isinstance(value, list | tuple):
        return (), [value]
    inner = [_taken_apart(v) for v in value]
    shapes = {shape for shape, _ in inner}
    if len(shapes) > 1 and any(np.ndim(v) for v in value if not _is_list(v)):
        # An array beside a list of numbers: both are rows.
        return (len(value),), [assembled(v) if _is_list(v) else v for v in value]
    if len(shapes) > 1:
        listed = " and ".join(sorted(format_shape(s) for s in shapes))
        message = f"the rows of nested lists have different shapes: {listed}"
        raise ShapeError(message)
    return (len(value), *next(iter(shapes), ())), [p for _, ps in inner for p in ps]


def _is_list(value: Any) -> bool:
    return isinstance(value, list | tuple)


def in_a_row(parts: Iterable[Any]) -> Any:
    """Put arrays one after another, numbers among them: what ``np.r_`` gives."""
    given = [assembled(p) if isinstance(p, list | tuple) else p for p in parts]
    like = next((p for p in given if hasattr(p, "record")), None)
    return joined([p if np.ndim(p) else _alone(p, like) for p in given])


def _alone(number: Any, like: Any) -> Any:
    """Give an array with a single element, where `like` lives."""
    if hasattr(number, "record"):
        return expand_dims(number, axis=0)
    kind = "float" if isinstance(number, float) else "int"
    return made(fill, like, value=number, shape=(1,), kind=kind)


def as_columns(parts: Iterable[Any]) -> Any:
    """Put arrays beside each other, a 1-D array as a column: what ``np.c_`` gives."""
    given = [assembled(p) if isinstance(p, list | tuple) else p for p in parts]
    like = next((p for p in given if hasattr(p, "record")), None)
    wide = [p if np.ndim(p) else _alone(p, like) for p in given]
    if all(np.ndim(p) == 1 for p in wide):
        return stack(*wide, axis=1)
    return joined([p if np.ndim(p) > 1 else expand_dims(p, axis=1) for p in wide], -1)


@spells(np.vstack)
def vstack(tup: Any) -> Any:
    """Put arrays below each other, a 1-D array as a row."""
    parts = [expand_dims(p, axis=0) if not np.ndim(p) else p for p in _parts(tup)]
    if all(np.ndim(p) == 1 for p in parts):
        return stack(*parts, axis=0)
    return joined([expand_dims(p, axis=0) if np.ndim(p) == 1 else p for p in parts])


@spells(np.hstack)
def hstack(tup: Any) -> Any:
    """Put arrays beside each other."""
    parts = [expand_dims(p, axis=0) if not np.ndim(p) else p for p in _parts(tup)]
    return joined(parts, 0 if np.ndim(parts[0]) == 1 else 1)


@spells(np.column_stack)
def column_stack(tup: Any) -> Any:
    """Put arrays beside each other, a 1-D array as a column."""
    parts = [expand_dims(p, axis=0) if not np.ndim(p) else p for p in _parts(tup)]
    if all(np.ndim(p) == 1 for p in parts):
        return stack(*parts, axis=1)
    return joined([expand_dims(p, axis=1) if np.ndim(p) == 1 else p for p in parts], 1)


@spells(np.dstack)
def dstack(tup: Any) -> Any:
    """Put arrays behind each other."""
    parts = [expand_dims(p, axis=0) if not np.ndim(p) else p for p in _parts(tup)]
    parts = [expand_dims(p, axis=0) if np.ndim(p) == 1 else p for p in parts]
    return joined([expand_dims(p, axis=2) if np.ndim(p) == 2 else p for p in parts], 2)


@spells(np.append)
def append(arr: Any, values: Any, axis: Any = None) -> Any:
    """Put one array after another."""
    return joined([arr, values], axis)


@spells(np.block)
def block(arrays: Any) -> Any:
    """Put a matrix together from nested lists of blocks."""

    def leaves(part: Any) -> list[Any]:
        return (
            [v for p in part for v in leaves(p)] if isinstance(part, list) else [part]
        )

    depth, inner = 0, arrays
    while isinstance(inner, list):
        depth, inner = depth + 1, inner[0]
    # As NumPy does: blocks with fewer axes get new ones in front.
    rank = max(depth, *(np.ndim(v) for v in leaves(arrays)), 0)

    def put_together(part: Any, level: int) -> Any:
        if isinstance(part, list):
            return joined([put_together(p, level - 1) for p in part], -level)
        part = as_array(part)
        while np.ndim(part) < rank:
            part = expand_dims(part, axis=0)
        return part

    return put_together(arrays, depth)
