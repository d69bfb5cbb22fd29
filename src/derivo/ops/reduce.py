"""Sums, means and extremes along axes."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from derivo.graph.element import Extreme, Fold
from derivo.graph.op import Op
from derivo.graph.spec import Spec
from derivo.ops.catalogue import register, spells
from derivo.ops.elementwise import maximum, minimum
from derivo.ops.elementwise import where as choose
from derivo.ops.infer import latex_along, normal_axis, reduced
from derivo.ops.leaf import arange, made
from derivo.ops.shape import (
    as_array,
    broadcast_to,
    expand_dims,
    reshape,
    squeeze,
    transpose,
)

REDUCING = {"axis": None, "keepdims": False}


def _same_kind(spec: Spec, *, axis: Any, keepdims: bool) -> Spec:
    return reduced(spec, axis, keepdims=keepdims)


def _counting(spec: Spec, *, axis: Any, keepdims: bool) -> Spec:
    result = reduced(spec, axis, keepdims=keepdims)
    return Spec(result.shape, "int") if spec.kind == "bool" else result


def restore(value: Any, x: Any, axis: Any, *, keepdims: bool) -> Any:
    """Give the reduced axes back to a result, with size 1, so that it fits `x`."""
    if keepdims or not value.ndim:
        return value  # a scalar fits everything
    for a in normal_axis(axis, x.ndim):
        value = expand_dims(value, axis=a)
    return value


def count(x: Any, axis: Any) -> Any:
    """Give the number of elements that a reduction of `x` along `axis` combines."""
    n: Any = 1
    for a in normal_axis(axis, x.ndim):
        n = n * x.shape[a]
    return n


def _sum_vjp(g: Any, _y: Any, x: Any, *, axis: Any, keepdims: bool) -> tuple[Any]:
    return (broadcast_to(restore(g, x, axis, keepdims=keepdims), shape=x.shape),)


def _mean_vjp(g: Any, _y: Any, x: Any, *, axis: Any, keepdims: bool) -> tuple[Any]:
    g = restore(g, x, axis, keepdims=keepdims)
    return (broadcast_to(g / count(x, axis), shape=x.shape),)


def reduced_axes(attrs: Any, shape: Any) -> tuple[int, ...]:
    """Give the axes that a reduction runs over."""
    return normal_axis(attrs["axis"], len(shape))


def _tidy_reduction(x: Any, *, axis: Any, keepdims: bool) -> Any:
    """Leave out a reduction along axes of size 1."""
    axes = normal_axis(axis, x.ndim)
    if x.node.spec.kind == "bool" or any(x.node.spec.shape[a] != 1 for a in axes):
        return None
    for a in () if keepdims else reversed(axes):
        x = squeeze(x, axis=a)
    return x


sum_ = register(
    Op(
        "sum", ("x",), _counting, "np.sum({0}, axis={axis}, keepdims={keepdims})",
        vjp=_sum_vjp, algebra=lambda x, axis, keepdims: x.sum(axis, keepdims),
        latex=latex_along(r"\sum"), attrs=REDUCING,
        samples=lambda rng: ((rng.normal(size=(3, 4)),), {"axis": 1}),
        traits=frozenset({"analytic"}), element=Fold("0", "{acc} + {0}", reduced_axes),
        tidy=_tidy_reduction, called=("sum_{0}", "total"),
        js="R.sum({0}, {axis}, {keepdims})",
    )
)  # fmt: skip
mean = register(
    Op(
        "mean", ("x",), _same_kind, "np.mean({0}, axis={axis}, keepdims={keepdims})",
        vjp=_mean_vjp, algebra=lambda x, axis, keepdims: x.mean(axis, keepdims),
        latex=latex_along(r"\operatorname{{mean}}"), attrs=REDUCING,
        samples=lambda rng: ((rng.normal(size=(3, 4)),), {"axis": 0, "keepdims": True}),
        traits=frozenset({"analytic", "floating"}),
        element=Fold("0", "{acc} + {0}", reduced_axes, finish="{acc} / {count}"),
        tidy=_tidy_reduction, called=("mean_{0}", "mean"),
        js="R.mean({0}, {axis}, {keepdims})",
    )
)  # fmt: skip


def _index_spec(x: Spec, *, axis: Any, keepdims: bool) -> Spec:
    return Spec(reduced(x, axis, keepdims=keepdims).shape, "int")


_arg_text = "({0}, axis={axis}, keepdims={keepdims})"
argmax = register(
    Op("argmax", ("x",), _index_spec, "np.argmax" + _arg_text, attrs=REDUCING,
       element=Extreme(">", reduced_axes),
       latex=latex_along(r"\operatorname{{argmax}}"),
       js="R.argmax({0}, {axis}, {keepdims})")
)  # fmt: skip
argmin = register(
    Op("argmin", ("x",), _index_spec, "np.argmin" + _arg_text, attrs=REDUCING,
       element=Extreme("<", reduced_axes),
       latex=latex_along(r"\operatorname{{argmin}}"),
       js="R.argmin({0}, {axis}, {keepdims})")
)  # fmt: skip


def combine_axes(x: Any, axes: tuple[int, ...]) -> tuple[Any, Any]:
    """Lay several axes out as one, the last, in the order in which NumPy reads them.

    Returns
    -------
    row
        `x` with the other axes first.
    back
        A function that undoes it.
    """
    rest = tuple(a for a in range(x.ndim) if a not in axes)
    order = (*rest, *axes)
    moved = x if order == tuple(range(x.ndim)) else transpose(x, axes=order)
    row = reshape(moved, shape=(*(x.shape[a] for a in rest), count(x, axes)))

    def back(value: Any) -> Any:
        value = reshape(value, shape=moved.shape)
        if moved is x:
            return value
        return transpose(value, axes=tuple(order.index(a) for a in range(x.ndim)))

    return row, back


def first_of(pick: Op, x: Any, axis: Any) -> Any:
    """Mark the first of the extreme elements along `axis`: the one that counts."""
    axes = normal_axis(axis, x.ndim)
    if len(axes) > 1:
        row, back = combine_axes(x, axes)
        return back(first_of(pick, row, row.ndim - 1))
    (a,) = axes
    places = made(arange, x, stop=x.shape[a])
    for _ in range(x.ndim - 1 - a):
        places = expand_dims(places, axis=-1)
    if x.ndim == 1:
        return places == pick(x)
    return places == pick(x, axis=a, keepdims=True)


def _extreme_vjp(pick: Op) -> Any:
    def vjp(g: Any, _y: Any, x: Any, *, axis: Any, keepdims: bool) -> tuple[Any]:
        if not x.ndim:
            return (g,)
        return (restore(g, x, axis, keepdims=keepdims) * first_of(pick, x, axis),)

    return vjp


max_ = register(
    Op(
        "max",
        ("x",),
        _same_kind,
        "np.max({0}, axis={axis}, keepdims={keepdims})",
        vjp=_extreme_vjp(argmax),
        latex=latex_along(r"\max"),
        attrs=REDUCING,
        element=Fold(
            "-np.inf", "{0} if {0} > {acc} or {0} != {0} else {acc}", reduced_axes
        ),
        samples=lambda rng: ((rng.permutation(12).reshape(3, 4) / 3.0,), {"axis": 1}),
        js="R.max({0}, {axis}, {keepdims})",
    )
)
min_ = register(
    Op(
        "min",
        ("x",),
        _same_kind,
        "np.min({0}, axis={axis}, keepdims={keepdims})",
        vjp=_extreme_vjp(argmin),
        latex=latex_along(r"\min"),
        attrs=REDUCING,
        element=Fold(
            "np.inf", "{0} if {0} < {acc} or {0} != {0} else {acc}", reduced_axes
        ),
        samples=lambda rng: ((rng.permutation(12).reshape(3, 4) / 3.0,), {"axis": 1}),
        js="R.min({0}, {axis}, {keepdims})",
    )
)


def _boolean(spec: Spec, *, axis: Any, keepdims: bool) -> Spec:
    return Spec(reduced(spec, axis, keepdims=keepdims).shape, "bool")


def _truths(rng: Any) -> Any:
    return (rng.random((3, 4)) < 0.7,), {"axis": 1}


any_ = register(
    Op("any", ("x",), _boolean, "np.any({0}, axis={axis}, keepdims={keepdims})",
       latex=latex_along(r"\operatorname{{any}}"), attrs=REDUCING, samples=_truths,
       element=Fold("0", "{acc} + ({0} != 0)", reduced_axes, finish="{acc} > 0"),
       js="R.any({0}, {axis}, {keepdims})")
)  # fmt: skip
all_ = register(
    Op("all", ("x",), _boolean, "np.all({0}, axis={axis}, keepdims={keepdims})",
       latex=latex_along(r"\operatorname{{all}}"), attrs=REDUCING, samples=_truths,
       element=Fold("0", "{acc} + ({0} == 0)", reduced_axes, finish="{acc} == 0"),
       js="R.all({0}, {axis}, {keepdims})")
)  # fmt: skip
count_nonzero = register(
    Op("count_nonzero", ("x",), _index_spec,
       "np.count_nonzero({0}, axis={axis}, keepdims={keepdims})", attrs=REDUCING,
       samples=_truths,
       element=Fold("0", "{acc} + ({0} != 0)", reduced_axes),
       js="R.countNonzero({0}, {axis}, {keepdims})")
)  # fmt: skip


# --- NumPy's spellings -------------------------------------------------------------


def along(op: Op) -> Any:
    """Give the function that applies a reduction along any axes, as NumPy spells it."""

    def call(x: Any, axis: Any = None, keepdims: Any = False) -> Any:
        x = as_array(x)
        axes = normal_axis(axis, x.ndim)
        if not axes and x.ndim and op in (sum_, mean, max_, min_):
            return x  # axis=(): every element stands for itself
        plain: Any = axes[0] if len(axes) == 1 and x.ndim > 1 else axes
        full = len(axes) == x.ndim
        return op(x, axis=None if full else plain, keepdims=bool(keepdims))

    return call


def selective(reduction: Any, neutral: Any, combine: Any = None) -> Any:
    """Add NumPy's options ``where=`` and ``initial=`` to a reduction.

    Parameters
    ----------
    reduction
        A function made by `along`.
    neutral
        What stands for an element that `where` leaves out; None for a reduction that
        has no such number, so that `initial` must give it.
    combine
        ``combine(initial, result)``; None where NumPy has no ``initial=``.
    """

    def call(
        x: Any, axis: Any = None, keepdims: Any = False, initial: Any = None,
        where: Any = True,
    ) -> Any:  # fmt: skip
        if initial is not None and combine is None:
            message = "call() got an unexpected keyword argument 'initial'"
            raise TypeError(message)
        x = as_array(x)
        if where is not True:
            left_out = initial if neutral is None else neutral
            if left_out is None:
                message = "where= needs initial=, the value of an empty selection"
                raise TypeError(message)
            x = choose(where, x, left_out)
        result = reduction(x, axis=axis, keepdims=keepdims)
        return result if initial is None else combine(initial, result)

    return call


def count_where(x: Any, where: Any, axis: Any, *, keepdims: Any) -> Any:
    """Give the number of elements that a reduction of a selection combines."""
    if where is True:
        return count(x, axis)
    if hasattr(where, "record") or hasattr(x, "record"):
        where = broadcast_to(where, shape=x.shape)
    return sum_of(where, axis=axis, keepdims=keepdims)


def _mean_of(x: Any, axis: Any = None, keepdims: Any = False, where: Any = True) -> Any:
    if where is True:
        return mean_of(x, axis=axis, keepdims=keepdims)
    total = sum_of(choose(where, x, 0), axis=axis, keepdims=keepdims)
    return total / count_where(x, where, axis, keepdims=keepdims)


sum_of, mean_of = along(sum_), along(mean)
max_of, min_of = along(max_), along(min_)
_sum = selective(sum_of, 0, operator.add)
_max, _min = selective(max_of, None, maximum), selective(min_of, None, minimum)
_any, _all = selective(along(any_), False), selective(along(all_), True)
spells(np.sum)(_sum)
spells(np.mean)(_mean_of)
spells(np.max, np.amax)(_max)
spells(np.min, np.amin)(_min)
spells(np.argmax)(along(argmax))
spells(np.argmin)(along(argmin))
spells(np.any)(_any)
spells(np.all)(_all)
spells(np.count_nonzero)(along(count_nonzero))


def ufunc_reduce(reduction: Any) -> Any:
    """Give a reduction as a ufunc has it: along the first axis if none is said."""

    def call(x: Any, axis: Any = 0, **options: Any) -> Any:
        return reduction(x, axis=axis, **options)

    return call


spells("add.reduce")(ufunc_reduce(_sum))
spells("maximum.reduce")(ufunc_reduce(_max))
spells("minimum.reduce")(ufunc_reduce(_min))
spells("logical_or.reduce")(ufunc_reduce(_any))
spells("logical_and.reduce")(ufunc_reduce(_all))
