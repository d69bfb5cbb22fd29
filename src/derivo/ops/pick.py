"""Picking along an axis by integer arrays, and sorting through its permutation."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from derivo.errors import ShapeError
from derivo.graph.dim import format_shape
from derivo.graph.element import Placed, Running, Scattered, sized
from derivo.graph.op import Op
from derivo.graph.spec import Spec, broadcast
from derivo.ops.catalogue import register, spells
from derivo.ops.elementwise import where
from derivo.ops.index import cut, gather, getitem
from derivo.ops.infer import normal_axis
from derivo.ops.leaf import arange, made
from derivo.ops.piecewise import clip, floor_divide, remainder
from derivo.ops.rearrange import pad
from derivo.ops.shape import (
    LINEAR,
    as_array,
    as_shape,
    broadcast_to,
    expand_dims,
    reshape,
)


def _draw_places(rng: Any) -> Any:
    return (rng.normal(size=(3, 4)), rng.integers(0, 4, (3, 2))), {"axis": 1}


def _along_spec(x: Spec, indices: Spec, axis: int) -> Spec:
    if x.rank != indices.rank:
        message = (
            f"indices of shape {format_shape(indices.shape)} along an axis of "
            f"{format_shape(x.shape)}: the numbers of axes differ"
        )
        raise ShapeError(message)
    expected = (*x.shape[:axis], indices.shape[axis], *x.shape[axis + 1 :])
    if expected != indices.shape:
        message = (
            f"indices of shape {format_shape(indices.shape)} do not fit "
            f"{format_shape(x.shape)} on the axes other than {axis}"
        )
        raise ShapeError(message)
    return Spec(indices.shape, x.kind)


def _taken_place(index: Any, attrs: Any, whole: Spec) -> tuple[str, ...]:
    """Give the place that an integer picks; a negative one counts from behind."""
    axis = attrs["axis"] or 0
    n = sized(whole.shape[axis])
    at = f"index_within({{1}}[{', '.join(index)}], {n})"
    return (*index[:axis], at, *index[axis + 1 :])


def _taken_element(index: Any, attrs: Any, specs: Any, _result: Any) -> str:
    return f"{{0}}[{', '.join(_taken_place(index, attrs, specs[0]))}]"


def _added_place(index: Any, attrs: Any, _specs: Any, result: Any) -> Any:
    return _taken_place(index, attrs, result)


take_along_axis = register(
    Op(
        "take_along_axis", ("x", "indices"), _along_spec,
        "np.take_along_axis({0}, {1}, axis={axis})",
        vjp=lambda g, _y, x, i, *, axis: (
            add_along_axis(g, i, shape=x.shape, axis=axis), None),
        attrs={"axis": None}, samples=_draw_places, traits=LINEAR | {"selects"},
        called=("picked_{0}", "picked"),
        js="R.takeAlong({0}, {1}, {axis})", element=Placed(_taken_element),
    )
)  # fmt: skip


def added_along(axis: int, rank: int, first: int = 0) -> str:
    """Write the line that adds operand `first` where the next one says, on an axis."""
    places = []
    for a in range(rank):
        # The other axes count up, each along its own place.
        wide = f"[:{', None' * (rank - 1 - a)}]" if a < rank - 1 else ""
        count = f"np.arange({{out}}.shape[{a}]){wide}"
        places.append(f"{{{first + 1}}}" if a == axis else count)
    index = places[0] if rank == 1 else f"({', '.join(places)})"
    return f"np.add.at({{out}}, {index}, {{{first}}})"


def _add_text(attrs: Any, _g: Any, _indices: Any) -> str:
    zeros = "{out} = np.zeros({shape}, dtype={dtype})"
    return f"{zeros}\n{added_along(attrs['axis'], len(attrs['shape']))}"


# The adjoint of taking along an axis: what was taken twice gets both adjoints.
add_along_axis: Op = register(
    Op(
        "add_along_axis",
        ("g", "indices"),
        lambda g, _indices, *, shape, **_: Spec(
            shape, "float" if g.is_weak else g.kind
        ),
        _add_text,
        vjp=lambda g, _y, _x, i, *, axis, **_: (
            take_along_axis(g, i, axis=axis),
            None,
        ),
        attrs={"shape": (), "axis": None},
        element=Scattered(_added_place),
        samples=lambda rng: (
            (rng.normal(size=(3, 2)), rng.integers(0, 4, (3, 2))),
            {"shape": (3, 4), "axis": 1},
        ),
        traits=LINEAR,
        js="R.addAlong({0}, {1}, {shape}, {axis})",
    )
)


@spells(np.take_along_axis)
def _take_along_axis(arr: Any, indices: Any, axis: Any = -1) -> Any:
    if axis is None:
        arr, axis = reshape(arr, shape=(arr.size,)), 0
    (a,) = normal_axis(axis, arr.ndim)
    of_arr, of_indices = as_shape(np.shape(arr)), as_shape(np.shape(indices))
    common = list(broadcast((*of_arr[:a], 1, *of_arr[a + 1 :]),
                            (*of_indices[:a], 1, *of_indices[a + 1 :])))  # fmt: skip
    wide = (*common[:a], of_arr[a], *common[a + 1 :])
    places = (*common[:a], of_indices[a], *common[a + 1 :])
    arr = arr if of_arr == wide else broadcast_to(arr, shape=wide)
    indices = indices if of_indices == places else broadcast_to(indices, shape=places)
    return take_along_axis(arr, indices, axis=a)


@spells(np.take)
def take(x: Any, indices: Any, axis: Any = None, mode: str = "raise") -> Any:
    """Take elements along an axis, or of the flattened array."""
    x = as_array(x)
    if axis is None:
        x, axis = (reshape(x, shape=(x.size,)) if x.ndim != 1 else x), 0
    (a,) = normal_axis(axis, x.ndim)
    if hasattr(indices, "as_dim") or (
        not np.ndim(indices) and not hasattr(indices, "node")
    ):
        indices = indices if hasattr(indices, "as_dim") else operator.index(indices)
        return getitem(x, (*(slice(None),) * a, indices))
    indices = as_array(indices)
    if mode != "raise":
        n = x.shape[a]
        indices = clip(indices, 0, n - 1) if mode == "clip" else remainder(indices, n)
    return gather(x, indices, axis=a)


@spells(np.choose)
def choose(a: Any, choices: Any, mode: str = "raise") -> Any:
    """Take each element from the array whose number stands there."""
    a, parts = as_array(a), [as_array(c) for c in choices]
    if mode != "raise":
        n = len(parts)
        a = clip(a, 0, n - 1) if mode == "clip" else remainder(a, n)
    result = parts[-1]
    for k, part in reversed(list(enumerate(parts[:-1]))):
        result = where(a == k, part, result)
    return result


# --- sorting -----------------------------------------------------------------------


def _axis_text(name: str, more: str = "") -> Any:
    def text(_attrs: Any, x: Any) -> str:
        axis = ", axis={axis}" if len(x.shape) > 1 else ""
        return f"np.{name}({{0}}{axis}{more})"

    return text


def _distinct(rng: Any) -> Any:
    return (rng.permutation(12).reshape(3, 4) / 3.0,), {"axis": 1}


def _sort_vjp(g: Any, _y: Any, x: Any, *, axis: int) -> tuple[Any]:
    # The rank of an element is the place it was sorted to: there its adjoint waits.
    rank = argsort(argsort(x, axis=axis), axis=axis)
    return (take_along_axis(g, rank, axis=axis),)


sort = register(
    Op("sort", ("x",), lambda x, **_: x, _axis_text("sort"), vjp=_sort_vjp,
       attrs={"axis": None}, samples=_distinct,
       js="R.sort({0}, {axis})")
)  # fmt: skip
# Stable, so that equal elements keep their order and the permutation is one of a kind.
argsort = register(
    Op("argsort", ("x",), lambda x, **_: Spec(x.shape, "int"),
       _axis_text("argsort", ", stable=True"), attrs={"axis": None}, samples=_distinct,
       js="R.argsort({0}, {axis})")
)  # fmt: skip


def _along(op: Op) -> Any:
    def call(x: Any, axis: Any = -1, kind: Any = None, *, stable: Any = None) -> Any:
        del kind, stable  # any sort gives the same values
        if axis is None:
            x, axis = (reshape(x, shape=(x.size,)) if x.ndim != 1 else x), 0
        (a,) = normal_axis(axis, x.ndim)
        return op(x, axis=a)

    return call


# --- partly sorted -------------------------------------------------------------------


def _partition_vjp(g: Any, _y: Any, x: Any, *, kth: Any, axis: int) -> tuple[Any]:
    places = argpartition(x, kth=kth, axis=axis)
    return (add_along_axis(g, places, shape=x.shape, axis=axis),)


def _partition_text(name: str) -> Any:
    return lambda _attrs, x: (
        f"np.{name}({{0}}, {{kth}}, axis={{axis}})" if len(x.shape) > 1
        else f"np.{name}({{0}}, {{kth}})"
    )  # fmt: skip


def _draw_part(rng: Any) -> Any:
    return (rng.permutation(12).reshape(3, 4) / 3.0,), {"axis": 1, "kth": 1}


partition = register(
    Op("partition", ("x",), lambda x, **_: x, _partition_text("partition"),
       vjp=_partition_vjp, attrs={"kth": 0, "axis": None}, samples=_draw_part,
       js="R.sort({0}, {axis})")
)  # fmt: skip
argpartition: Op = register(
    Op("argpartition", ("x",), lambda x, **_: Spec(x.shape, "int"),
       _partition_text("argpartition"), attrs={"kth": 0, "axis": None},
       samples=_draw_part,
       js="R.argsort({0}, {axis})")
)  # fmt: skip


def _partly(op: Op) -> Any:
    def call(x: Any, kth: Any, axis: Any = -1, kind: str = "introselect") -> Any:
        if kind != "introselect":
            message = f"kind={kind!r} is not 'introselect'"
            raise NotImplementedError(message)
        if axis is None:
            x, axis = (reshape(x, shape=(x.size,)) if x.ndim != 1 else x), 0
        (a,) = normal_axis(axis, x.ndim)
        places = tuple(int(k) for k in kth) if np.ndim(kth) else operator.index(kth)
        return op(x, kth=places, axis=a)

    return call


spells(np.partition)(_partly(partition))
spells(np.argpartition)(_partly(argpartition))


# --- extremes so far ------------------------------------------------------------------


def _so_far_vjp(greater: bool) -> Any:
    def vjp(g: Any, y: Any, x: Any, *, axis: int) -> tuple[Any]:
        # The first of equal extremes counts: a place where the extreme changes.
        n = as_shape(x.shape)[axis]
        now, before = cut(y, axis, 1, None), cut(y, axis, None, -1)
        counted = made(arange, x, stop=n - 1) + 1
        for _ in range(x.ndim - 1 - axis):
            counted = expand_dims(counted, axis=-1)
        changed = now > before if greater else now < before
        widths = tuple((1, 0) if a == axis else (0, 0) for a in range(x.ndim))
        places = cummax(pad(where(changed, counted, 0), widths=widths), axis=axis)
        return (add_along_axis(g, places, shape=x.shape, axis=axis),)

    return vjp


def _draw_so_far(rng: Any) -> Any:
    return (rng.permutation(12).reshape(3, 4) / 3.0,), {"axis": 1}


cummax: Op = register(
    Op("cummax", ("x",), lambda x, **_: x, "np.maximum.accumulate({0}, axis={axis})",
       vjp=_so_far_vjp(True), attrs={"axis": 0}, samples=_draw_so_far,
       element=Running("-np.inf", "{0} if {0} > {acc} or {0} != {0} else {acc}"),
       js="R.cummax({0}, {axis})")
)  # fmt: skip
cummin = register(
    Op("cummin", ("x",), lambda x, **_: x, "np.minimum.accumulate({0}, axis={axis})",
       vjp=_so_far_vjp(False), attrs={"axis": 0}, samples=_draw_so_far,
       element=Running("np.inf", "{0} if {0} < {acc} or {0} != {0} else {acc}"),
       js="R.cummin({0}, {axis})")
)  # fmt: skip


def _accumulated(op: Op) -> Any:
    return lambda x, axis=0: op(x, axis=normal_axis(axis, x.ndim)[0])


spells("maximum.accumulate")(_accumulated(cummax))
spells("minimum.accumulate")(_accumulated(cummin))

sort_along, argsort_along = _along(sort), _along(argsort)
spells(np.sort)(sort_along)
spells(np.argsort)(argsort_along)


@spells(np.unravel_index)
def unravel_index(indices: Any, shape: Any, order: str = "C") -> tuple[Any, ...]:
    """Give the place in each axis of elements that are numbered through."""
    sizes = list(shape) if isinstance(shape, tuple | list) else [shape]
    places: list[Any] = []
    rest = indices
    for n in reversed(sizes) if order == "C" else sizes:
        places.append(remainder(rest, n))
        rest = floor_divide(rest, n)
    return tuple(places[::-1] if order == "C" else places)
