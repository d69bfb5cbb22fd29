"""Products along axes, and running sums and products.

No rule divides by the input, so all of them are right where elements are zero.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from derivo.errors import ShapeError
from derivo.graph.element import Fold, Running
from derivo.graph.op import Op
from derivo.graph.spec import Spec
from derivo.ops.axes import moveaxis
from derivo.ops.catalogue import register, spells
from derivo.ops.diagonal import triu
from derivo.ops.elementwise import where
from derivo.ops.index import cut
from derivo.ops.infer import normal_axis, reduced
from derivo.ops.leaf import eye, made
from derivo.ops.linalg import matmul
from derivo.ops.rearrange import flip, pad
from derivo.ops.reduce import (
    REDUCING,
    along,
    combine_axes,
    reduced_axes,
    restore,
    selective,
    ufunc_reduce,
)
from derivo.ops.shape import as_shape, expand_dims, reshape, squeeze


def _integer(spec: Spec) -> Spec:
    return Spec(spec.shape, "int" if spec.kind == "bool" else spec.kind)


def _prod_spec(x: Spec, *, axis: Any, keepdims: bool) -> Spec:
    return _integer(reduced(x, axis, keepdims=keepdims))


def _others(x: Any, axis: int) -> Any:
    """Give, for each element, the product of the others along `axis`.

    The product of those before it times the product of those after it.
    """
    n = as_shape(x.shape)[axis]
    if n == 0:
        return x
    widths = tuple((1, 0) if a == axis else (0, 0) for a in range(x.ndim))

    def before(v: Any) -> Any:
        first = cut(v, axis, None, -1)
        if as_shape(first.shape)[axis] + 1 == n:
            return cumprod(pad(first, widths=widths, value=1), axis=axis)
        # An axis that may be empty: with the 1 there is something to be cut.
        return cumprod(cut(pad(v, widths=widths, value=1), axis, None, -1), axis=axis)

    return before(x) * flip(before(flip(x, axis)), axis)


def _prod_vjp(g: Any, _y: Any, x: Any, *, axis: Any, keepdims: bool) -> tuple[Any]:
    if not x.ndim:
        return (g,)
    axes = normal_axis(axis, x.ndim)
    if len(axes) == 1:
        others = _others(x, axes[0])
    else:
        row, back = combine_axes(x, axes)
        others = back(_others(row, row.ndim - 1))
    return (restore(g, x, axis, keepdims=keepdims) * others,)


prod = register(
    Op(
        "prod", ("x",), _prod_spec, "np.prod({0}, axis={axis}, keepdims={keepdims})",
        vjp=_prod_vjp, latex=r"\prod {0}", attrs=REDUCING,
        samples=lambda rng: ((rng.normal(size=(3, 4)),), {"axis": 1}),
        traits=frozenset({"analytic"}),
        js="R.prod({0}, {axis}, {keepdims})",
        element=Fold("1", "{acc} * {0}", reduced_axes),
    )
)  # fmt: skip
product_of = along(prod)
_prod = selective(product_of, 1, operator.mul)
spells(np.prod)(_prod)
spells("multiply.reduce")(ufunc_reduce(_prod))


def _running_text(name: str) -> Any:
    def text(_attrs: Any, x: Any) -> str:
        axis = ", axis={axis}" if len(x.shape) > 1 else ""
        return f"np.{name}({{0}}{axis})"

    return text


def _running_spec(x: Spec, *, axis: int) -> Spec:
    normal_axis(axis, x.rank)
    return _integer(x)


def _cumsum_vjp(g: Any, _y: Any, _x: Any, *, axis: int) -> tuple[Any]:
    # Element i is part of the sums i, i + 1, ...: add up from the end.
    return (flip(cumsum(flip(g, axis), axis=axis), axis),)


cumsum = register(
    Op(
        "cumsum", ("x",), _running_spec, _running_text("cumsum"), vjp=_cumsum_vjp,
        attrs={"axis": None},
        samples=lambda rng: ((rng.normal(size=(3, 4)),), {"axis": 1}),
        traits=frozenset({"analytic"}),
        js="R.cumsum({0}, {axis})", element=Running("0", "{acc} + {0}"),
    )
)  # fmt: skip


def _cumprod_vjp(g: Any, _y: Any, x: Any, *, axis: int) -> tuple[Any]:
    # Row i of `rest` holds the running products with factor i left out. It is a part of
    # the products i, i + 1, ...: hence the upper triangle. Exact where factors are
    # zero, at the price of n x n values for n factors.
    x, g = (moveaxis(v, axis, -1) for v in (x, g))
    n = x.shape[-1]
    left_out = made(eye, x, n=n, m=n) > 0
    rest = cumprod(where(left_out, 1, expand_dims(x, axis=-2)), axis=x.ndim)
    d_x = squeeze(matmul(triu(rest), expand_dims(g, axis=-1)), axis=-1)
    return (moveaxis(d_x, -1, axis),)


cumprod = register(
    Op(
        "cumprod", ("x",), _running_spec, _running_text("cumprod"), vjp=_cumprod_vjp,
        attrs={"axis": None},
        samples=lambda rng: ((rng.normal(size=(3, 4)),), {"axis": 1}),
        traits=frozenset({"analytic"}),
        js="R.cumprod({0}, {axis})", element=Running("1", "{acc} * {0}"),
    )
)  # fmt: skip


def _running(op: Op) -> Any:
    def call(x: Any, axis: Any = None) -> Any:
        if axis is None:
            x, axis = (x if x.ndim == 1 else reshape(x, shape=(x.size,))), 0
        (a,) = normal_axis(axis, x.ndim)
        return op(x, axis=a)

    return call


running_sum, running_product = _running(cumsum), _running(cumprod)
spells(np.cumsum)(running_sum)
spells(np.cumprod)(running_product)


def _cumulative(running: Any, first: int) -> Any:
    """Give a function of the array API: with the empty sum in front if asked for."""

    def call(x: Any, axis: Any = None, include_initial: bool = False) -> Any:
        if axis is None and x.ndim > 1:
            message = "a running sum of more than one axis needs axis="
            raise ShapeError(message)
        y = running(x, axis=axis)
        if not include_initial:
            return y
        (a,) = normal_axis(0 if axis is None else axis, y.ndim)
        widths = tuple((1, 0) if i == a else (0, 0) for i in range(y.ndim))
        return pad(y, widths=widths, value=first)

    return call


spells(np.cumulative_sum)(_cumulative(running_sum, 0))
spells(np.cumulative_prod)(_cumulative(running_product, 1))


def _accumulate(running: Any) -> Any:
    """Give the method of a ufunc: along the first axis if none is said."""
    return lambda x, axis=0: running(x, axis=axis)


spells("add.accumulate")(_accumulate(running_sum))
spells("multiply.accumulate")(_accumulate(running_product))
