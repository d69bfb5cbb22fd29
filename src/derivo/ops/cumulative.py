"""Products along axes, and running sums and products.

No rule divides by the input, so all of them are right where elements are zero.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from derivo.graph.op import Op
from derivo.graph.spec import Spec
from derivo.ops.catalogue import register, spells
from derivo.ops.diagonal import triu
from derivo.ops.elementwise import where
from derivo.ops.index import cut
from derivo.ops.infer import normal_axis, reduced
from derivo.ops.leaf import eye, made
from derivo.ops.linalg import matmul
from derivo.ops.rearrange import flip, pad
from derivo.ops.reduce import REDUCING, along, combine_axes, restore
from derivo.ops.shape import expand_dims, moveaxis, reshape, squeeze


def _integer(spec: Spec) -> Spec:
    return Spec(spec.shape, "int" if spec.kind == "bool" else spec.kind)


def _prod_spec(x: Spec, *, axis: Any, keepdims: bool) -> Spec:
    return _integer(reduced(x, axis, keepdims=keepdims))


def _others(x: Any, axis: int) -> Any:
    """Give, for each element, the product of the others along `axis`.

    The product of those before it times the product of those after it.
    """
    widths = tuple((1, 0) if a == axis else (0, 0) for a in range(x.ndim))

    def before(v: Any) -> Any:
        return cumprod(pad(cut(v, axis, None, -1), widths=widths, value=1), axis=axis)

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
    )
)  # fmt: skip
_product = along(prod)
spells(np.prod)(_product)


@spells("multiply.reduce")
def _multiply_reduce(x: Any, axis: Any = 0, keepdims: Any = False) -> Any:
    return _product(x, axis=axis, keepdims=keepdims)


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
    )
)  # fmt: skip


def _running(op: Op) -> Any:
    def call(x: Any, axis: Any = None) -> Any:
        if axis is None:
            x, axis = (x if x.ndim == 1 else reshape(x, shape=(x.size,))), 0
        (a,) = normal_axis(axis, x.ndim)
        return op(x, axis=a)

    return call


spells(np.cumsum, np.cumulative_sum, "add.accumulate")(_running(cumsum))
spells(np.cumprod, np.cumulative_prod, "multiply.accumulate")(_running(cumprod))
