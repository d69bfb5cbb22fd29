"""Quantiles and percentiles: what lies at a given part of the sorted elements."""

from __future__ import annotations

from typing import Any

import numpy as np

from derivo.graph.op import Op
from derivo.graph.spec import Spec
from derivo.ops.arithmetic import logical_and
from derivo.ops.catalogue import no_derivative, register, spells
from derivo.ops.elementwise import abs_, floor, maximum
from derivo.ops.infer import latex_along, normal_axis, reduced
from derivo.ops.join import stack
from derivo.ops.leaf import as_float
from derivo.ops.pick import argsort_along
from derivo.ops.piecewise import clip, isnan
from derivo.ops.reduce import REDUCING, combine_axes, count, restore, sum_of
from derivo.ops.shape import as_array, as_shape, reshape

# Where the place of the quantile q among n sorted elements is n q + a + q (1 - a - b)
# - 1: the (a, b) of Hyndman and Fan, Sample quantiles in statistical packages (1996).
_INTERPOLATED = {
    "linear": (1, 1), "hazen": (0.5, 0.5), "weibull": (0, 0),
    "median_unbiased": (1 / 3, 1 / 3), "normal_unbiased": (3 / 8, 3 / 8),
    "interpolated_inverted_cdf": (0, 1),
}  # fmt: skip
_STEPPED = ("lower", "higher", "midpoint", "nearest")


def _spec(x: Spec, q: Spec, *, axis: Any, keepdims: bool, method: str) -> Spec:
    del q, method
    return Spec(reduced(x, axis, keepdims=keepdims).shape, "float")


def _text(name: str) -> Any:
    return lambda _attrs, *_specs: (
        f"np.{name}({{0}}, {{1}}, axis={{axis}}, "
        "keepdims={keepdims}, method={method})"
    )


def _place(q: Any, n: Any, method: str) -> Any:
    """Give the place of a quantile among the sorted elements, counted from 0."""
    if method in _STEPPED or method == "linear":
        return (n - 1) * q
    a, b = _INTERPOLATED[method]
    return clip(n * q + (a + q * (1 - a - b) - 1), 0, n - 1)


def _weights(rank: Any, place: Any, method: str) -> Any:
    """Give the share of the element of each rank in the quantile."""
    if method in ("lower", "higher", "midpoint"):
        low, high = rank == floor(place), rank == -floor(-place)
        if method == "midpoint":
            return (as_float(low) + as_float(high)) / 2
        return as_float(low if method == "lower" else high)
    if method == "nearest":
        return as_float(rank == np.round(place))
    return maximum(1 - abs_(as_float(rank) - place), 0)


def _rows(x: Any, axis: Any) -> tuple[Any, Any, int]:
    """Lay the reduced axes out as one; give that, what undoes it, and the axis."""
    axes = normal_axis(axis, x.ndim)
    if len(axes) == 1:
        return x, lambda v: v, axes[0]
    row, back = combine_axes(x, axes)
    return row, back, row.ndim - 1


def _vjp(
    g: Any, _y: Any, x: Any, q: Any, *, axis: Any, keepdims: bool, method: str
) -> tuple[Any, Any]:
    n = count(x, axis)
    row, back, a = _rows(x, axis)
    rank = argsort_along(argsort_along(row, axis=a), axis=a)
    place = _place(q, n, method)
    up = restore(g, x, axis, keepdims=keepdims)
    d_x = up * back(_weights(rank, place, method))
    if method in _STEPPED:
        return d_x, None
    # Between the elements before and after the place, the quantile is a straight line.
    after = logical_and(rank >= place, rank < place + 1)
    before = logical_and(rank < place, rank >= place - 1)
    inside = logical_and(place > 0, place < n - 1)
    slope = sum_of(x * back(as_float(after) - as_float(before)), axis=axis)
    per_q = n + (1 - sum(_INTERPOLATED[method]))
    g = g if not keepdims else reshape(g, shape=slope.shape)
    return d_x, sum_of(g * slope) * per_q * inside


def _js(skip: str) -> Any:
    """Give the JavaScript text; `skip` says whether NaN are passed over."""

    def text(attrs: Any, *_specs: Any) -> str:
        place = "(n - 1) * q"
        if attrs["method"] in _INTERPOLATED and attrs["method"] != "linear":
            a, b = _INTERPOLATED[attrs["method"]]
            place = f"n * q + {a!r} + q * {1 - a - b!r} - 1"
        return (
            "R.quantile({0}, {1}, {axis}, {keepdims}, {method}, "
            f"(q, n) => {place}, {skip})"
        )

    return text


def _draw(rng: Any) -> Any:
    return (rng.permutation(12).reshape(3, 4) / 3.0, np.array(0.4)), {"axis": 1}


quantile = register(
    Op(
        "quantile", ("x", "q"), _spec, _text("quantile"), vjp=_vjp,
        latex=latex_along(r"\operatorname{{quantile}}", "({0}, {1})"),
        attrs={**REDUCING, "method": "linear"}, samples=_draw,
        traits=frozenset({"floating"}),
        js=_js("false"),
    )
)  # fmt: skip


def _nan_vjp(
    g: Any, _y: Any, x: Any, q: Any, *, axis: Any, keepdims: bool, method: str
) -> tuple[Any, Any]:
    numbers = ~isnan(x)
    row, back, a = _rows(x, axis)
    rank = back(argsort_along(argsort_along(row, axis=a), axis=a))  # NaN comes last
    n = sum_of(numbers, axis=axis, keepdims=True)
    up = restore(g, x, axis, keepdims=keepdims)
    d_q = no_derivative("nanquantile", "q", q)
    return up * (_weights(rank, _place(q, n, method), method) * numbers), d_q


nanquantile = register(
    Op(
        "nanquantile", ("x", "q"), _spec, _text("nanquantile"), vjp=_nan_vjp,
        latex=latex_along(r"\operatorname{{quantile}}", "({0}, {1})"),
        attrs={**REDUCING, "method": "linear"},
        samples=lambda rng: ((_draw(rng)[0][0], np.array(0, int)), {"axis": 1}),
        traits=frozenset({"floating"}),
        js=_js("true"),
    )
)  # fmt: skip


def _spelled(op: Op, scale: float) -> Any:
    def call(
        x: Any, q: Any, axis: Any = None, overwrite_input: bool = False,
        method: str = "linear", keepdims: Any = False, weights: Any = None,
    ) -> Any:  # fmt: skip
        del overwrite_input  # a traced value is never written to
        x = as_array(x)
        if weights is not None:
            message = "call() got an unexpected keyword argument 'weights'"
            raise TypeError(message)
        if method not in _INTERPOLATED and method not in _STEPPED:
            known = ", ".join((*_INTERPOLATED, *_STEPPED))
            message = f"method {method!r} has no rule, only {known}"
            raise NotImplementedError(message)
        if np.ndim(q) == 1:
            parts = [call(x, p, axis, False, method, keepdims) for p in q]
            return stack(*parts, axis=0)
        if np.ndim(q):
            rows = call(x, np.ravel(q), axis, False, method, keepdims)
            return reshape(rows, shape=(*as_shape(np.shape(q)), *rows.shape[1:]))
        traced = hasattr(q, "record")
        part = q / scale if scale != 1 else q
        axes = normal_axis(axis, x.ndim)
        plain: Any = axes[0] if len(axes) == 1 and x.ndim > 1 else axes
        return op(
            x, part if traced else float(part),
            axis=None if len(axes) == x.ndim else plain,
            keepdims=bool(keepdims), method=method,
        )  # fmt: skip

    return call


spells(np.quantile)(_spelled(quantile, 1))
spells(np.percentile)(_spelled(quantile, 100))
spells(np.nanquantile)(_spelled(nanquantile, 1))
spells(np.nanpercentile)(_spelled(nanquantile, 100))


@spells(np.nanmedian)
def nanmedian(
    x: Any, axis: Any = None, overwrite_input: bool = False, keepdims: Any = False
) -> Any:
    """Give the middle one of the numbers, or the mean of the middle two."""
    del overwrite_input
    return _spelled(nanquantile, 1)(x, 0.5, axis, keepdims=keepdims)
