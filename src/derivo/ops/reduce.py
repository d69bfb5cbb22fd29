"""Sums, means and extremes along axes."""

from __future__ import annotations

from typing import Any

import numpy as np

from derivo.graph.op import Op
from derivo.graph.spec import Spec
from derivo.ops.catalogue import register, spells
from derivo.ops.elementwise import sqrt
from derivo.ops.infer import normal_axis, reduced
from derivo.ops.leaf import arange
from derivo.ops.shape import broadcast_to, expand_dims, reshape

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


sum_ = register(
    Op(
        "sum", ("x",), _counting, "np.sum({0}, axis={axis}, keepdims={keepdims})",
        vjp=_sum_vjp, algebra=lambda x, axis, keepdims: x.sum(axis, keepdims),
        latex=r"\sum {0}", attrs=REDUCING,
        samples=lambda rng: ((rng.normal(size=(3, 4)),), {"axis": 1}),
        traits=frozenset({"analytic"}),
    )
)  # fmt: skip
mean = register(
    Op(
        "mean", ("x",), _same_kind, "np.mean({0}, axis={axis}, keepdims={keepdims})",
        vjp=_mean_vjp, algebra=lambda x, axis, keepdims: x.mean(axis, keepdims),
        latex=r"\operatorname{{mean}} {0}", attrs=REDUCING,
        samples=lambda rng: ((rng.normal(size=(3, 4)),), {"axis": 0, "keepdims": True}),
        traits=frozenset({"analytic", "floating"}),
    )
)  # fmt: skip


def _index_spec(x: Spec, *, axis: Any, keepdims: bool) -> Spec:
    return Spec(reduced(x, axis, keepdims=keepdims).shape, "int")


_arg_text = "({0}, axis={axis}, keepdims={keepdims})"
argmax = register(
    Op("argmax", ("x",), _index_spec, "np.argmax" + _arg_text, attrs=REDUCING,
       latex=r"\operatorname{{argmax}} {0}")
)  # fmt: skip
argmin = register(
    Op("argmin", ("x",), _index_spec, "np.argmin" + _arg_text, attrs=REDUCING,
       latex=r"\operatorname{{argmin}} {0}")
)  # fmt: skip


def _first(pick: Op, x: Any, axis: Any) -> Any:
    """Mark the first of the extreme elements along `axis`: the one that counts."""
    axes = normal_axis(axis, x.ndim)
    if len(axes) != 1:
        # Several axes: they are laid out as one, in the order in which NumPy looks.
        rest = [a for a in range(x.ndim) if a not in axes]
        if rest:
            message = "a maximum over several axes, but not all, has no rule yet"
            raise NotImplementedError(message)
        n = count(x, axis)
        mask = arange(stop=n) == pick(reshape(x, shape=(n,)))
        return reshape(mask, shape=x.shape)
    (a,) = axes
    places = arange(stop=x.shape[a])
    for _ in range(x.ndim - 1 - a):
        places = expand_dims(places, axis=-1)
    return places == pick(x, axis=a, keepdims=True)


def _extreme_vjp(pick: Op) -> Any:
    def vjp(g: Any, _y: Any, x: Any, *, axis: Any, keepdims: bool) -> tuple[Any]:
        if not x.ndim:
            return (g,)
        return (restore(g, x, axis, keepdims=keepdims) * _first(pick, x, axis),)

    return vjp


max_ = register(
    Op("max", ("x",), _same_kind, "np.max({0}, axis={axis}, keepdims={keepdims})",
       vjp=_extreme_vjp(argmax), latex=r"\max {0}", attrs=REDUCING,
       samples=lambda rng: ((rng.permutation(12).reshape(3, 4) / 3.0,), {"axis": 1}))
)  # fmt: skip
min_ = register(
    Op("min", ("x",), _same_kind, "np.min({0}, axis={axis}, keepdims={keepdims})",
       vjp=_extreme_vjp(argmin), latex=r"\min {0}", attrs=REDUCING,
       samples=lambda rng: ((rng.permutation(12).reshape(3, 4) / 3.0,), {"axis": 1}))
)  # fmt: skip


# --- NumPy's spellings -------------------------------------------------------------


def _spelling(op: Op) -> Any:
    def call(x: Any, axis: Any = None, keepdims: Any = False) -> Any:  # noqa: FBT002
        axes = normal_axis(axis, x.ndim)
        plain: Any = axes[0] if len(axes) == 1 and x.ndim > 1 else axes
        full = len(axes) == x.ndim
        return op(x, axis=None if full else plain, keepdims=bool(keepdims))

    return call


spells(np.sum)(_spelling(sum_))
spells(np.mean)(_spelling(mean))
spells(np.max, np.amax)(_spelling(max_))
spells(np.min, np.amin)(_spelling(min_))
spells(np.argmax)(_spelling(argmax))
spells(np.argmin)(_spelling(argmin))


@spells(np.var)
def var(x: Any, axis: Any = None, ddof: int = 0, keepdims: Any = False) -> Any:  # noqa: FBT002
    """Give the mean square of the distance from the mean."""
    centred = x - np.mean(x, axis=axis, keepdims=True)
    if not ddof:
        return np.mean(centred * centred, axis=axis, keepdims=keepdims)
    total = np.sum(centred * centred, axis=axis, keepdims=keepdims)
    return total / (count(x, axis) - ddof)


@spells(np.std)
def std(x: Any, axis: Any = None, ddof: int = 0, keepdims: Any = False) -> Any:  # noqa: FBT002
    """Give the square root of the variance."""
    return sqrt(var(x, axis=axis, ddof=ddof, keepdims=keepdims))
