"""Between the points of a table: interpolation, differences, phases."""

from __future__ import annotations

from typing import Any

import numpy as np

from derivo.errors import ShapeError
from derivo.graph.dim import format_shape
from derivo.graph.op import Op
from derivo.graph.spec import Spec
from derivo.ops.arithmetic import logical_and
from derivo.ops.catalogue import register, spells
from derivo.ops.elementwise import where
from derivo.ops.index import gather, scatter_add
from derivo.ops.piecewise import clip, remainder
from derivo.ops.shape import as_array, expand_dims

searchsorted = register(
    Op(
        "searchsorted", ("a", "v"), lambda _a, v, **_: Spec(v.shape, "int"),
        "np.searchsorted({0}, {1}, side={side})", attrs={"side": "left"},
        vjp=lambda _g, _y, _a, _v, **_: (None, None),
        samples=lambda rng: ((np.arange(5.0), rng.uniform(0.2, 0.8, 3)), {}),
        latex=r"\operatorname{{place}}_{{{0}}}({1})",
        js="R.searchsorted({0}, {1}, {side})",
    )
)  # fmt: skip


@spells(np.searchsorted)
def _searchsorted(a: Any, v: Any, side: str = "left", sorter: Any = None) -> Any:
    a = as_array(a)
    a = a if sorter is None else gather(a, as_array(sorter), axis=0)
    return searchsorted(a, as_array(v), side=side)


@spells(np.digitize)
def digitize(x: Any, bins: Any, right: bool = False) -> Any:
    """Give the number of the bin in which each element lies."""
    bins = as_array(bins)
    if hasattr(bins, "record"):
        message = "the bins of np.digitize must be known while tracing"
        raise NotImplementedError(message)
    side = "left" if right else "right"
    if bins.size > 1 and bins[0] > bins[-1]:
        turned = "right" if right else "left"
        return len(bins) - searchsorted(bins[::-1].copy(), x, side=turned)
    return searchsorted(bins, x, side=side)


# --- interpolation --------------------------------------------------------------------


def _interp_spec(x: Spec, xp: Spec, fp: Spec) -> Spec:
    if xp.rank != 1 or fp.rank != 1 or xp.shape != fp.shape:
        shapes = f"{format_shape(xp.shape)} and {format_shape(fp.shape)}"
        message = f"interp needs as many values as places, in one row, not {shapes}"
        raise ShapeError(message)
    return Spec(x.shape, "float")


def _interp_vjp(g: Any, _y: Any, x: Any, xp: Any, fp: Any) -> tuple[Any, Any, Any]:
    n = xp.shape[0]
    i = clip(searchsorted(xp, x, side="right") - 1, 0, n - 1)
    j = clip(i + 1, 0, n - 1)
    left, right = gather(xp, i, axis=0), gather(xp, j, axis=0)
    width = where(right == left, 1, right - left)
    part = where(right == left, 0, clip((x - left) / width, 0, 1))
    inside = logical_and(x >= xp[0], x <= xp[-1])
    slope = (gather(fp, j, axis=0) - gather(fp, i, axis=0)) / width * inside
    up = g * slope

    def put(value: Any, places: Any) -> Any:
        if not x.ndim:
            value, places = expand_dims(value, axis=0), expand_dims(places, axis=0)
        return scatter_add(value, places, shape=xp.shape, axis=0)

    def spread(value: Any) -> Any:
        return put(value * (1 - part), i) + put(value * part, j)

    return up, -spread(up), spread(g)


# NumPy computes in float64 whatever comes in.
interp = register(
    Op(
        "interp", ("x", "xp", "fp"), _interp_spec,
        "np.interp({0}, {1}, {2}).astype({dtype})", vjp=_interp_vjp,
        latex=r"\operatorname{{interp}}({0}; {1}, {2})",
        samples=lambda rng: ((rng.integers(-1, 4, 6) + rng.uniform(0.2, 0.8, 6),
                              np.arange(4) + 0.05 * rng.random(4),
                              rng.normal(size=4)), {}),
        traits=frozenset({"floating"}),
        js="R.interp({0}, {1}, {2})",
    )
)  # fmt: skip


@spells(np.interp)
def _interp(
    x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: Any = None
) -> Any:
    x, xp, fp = as_array(x), as_array(xp), as_array(fp)
    if period is not None:
        if hasattr(xp, "record"):
            message = "interp with period= needs places that are known while tracing"
            raise NotImplementedError(message)
        order = np.argsort(xp % period)
        places = (xp % period)[order]
        xp = np.concatenate([places[-1:] - period, places, places[:1] + period])
        fp = gather(fp, np.concatenate([order[-1:], order, order[:1]]), axis=0)
        return interp(remainder(x, period), xp, fp)
    y = interp(x, xp, fp)
    y = y if left is None else where(x < xp[0], left, y)
    return y if right is None else where(x > xp[-1], right, y)


# --- differences ----------------------------------------------------------------------
