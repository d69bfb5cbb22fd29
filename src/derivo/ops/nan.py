"""Reductions that pass over what is not a number."""

from __future__ import annotations

from typing import Any

import numpy as np

from derivo.graph.element import Fold
from derivo.graph.op import Op
from derivo.ops.catalogue import register, spells
from derivo.ops.cumulative import product_of, running_product, running_sum
from derivo.ops.elementwise import sqrt
from derivo.ops.elementwise import where as either
from derivo.ops.infer import latex_along, reduced
from derivo.ops.piecewise import isnan
from derivo.ops.reduce import (
    REDUCING,
    along,
    argmax,
    argmin,
    first_of,
    reduced_axes,
    restore,
    selective,
    sum_of,
    ufunc_reduce,
)


def _draw(rng: Any) -> Any:
    return (rng.permutation(12).reshape(3, 4) / 3.0,), {"axis": 1}


def _extreme_vjp(pick: Op, instead: float) -> Any:
    def vjp(g: Any, _y: Any, x: Any, *, axis: Any, keepdims: bool) -> tuple[Any]:
        if not x.ndim:
            return (g,)
        numbers = either(isnan(x), instead, x)
        return (restore(g, x, axis, keepdims=keepdims) * first_of(pick, numbers, axis),)

    return vjp


nanmax = register(
    Op(
        "nanmax", ("x",), reduced,
        "np.nanmax({0}, axis={axis}, keepdims={keepdims})",
        vjp=_extreme_vjp(argmax, -np.inf), latex=latex_along(r"\max"), attrs=REDUCING,
        samples=_draw,
        element=Fold(
            "np.nan", "{0} if {0} > {acc} or {acc} != {acc} else {acc}", reduced_axes
        ),
        js="R.nanmax({0}, {axis}, {keepdims})",
    )
)  # fmt: skip
nanmin = register(
    Op(
        "nanmin", ("x",), reduced,
        "np.nanmin({0}, axis={axis}, keepdims={keepdims})",
        vjp=_extreme_vjp(argmin, np.inf), latex=latex_along(r"\min"), attrs=REDUCING,
        samples=_draw,
        element=Fold(
            "np.nan", "{0} if {0} < {acc} or {acc} != {acc} else {acc}", reduced_axes
        ),
        js="R.nanmin({0}, {axis}, {keepdims})",
    )
)  # fmt: skip


def _combined(pick: Any) -> Any:
    """Put the initial value beside the result, passing over NaN in either."""
    return lambda initial, result: pick(result, initial)


_nanmax = selective(along(nanmax), None, _combined(np.fmax))
_nanmin = selective(along(nanmin), None, _combined(np.fmin))
spells(np.nanmax)(_nanmax)
spells(np.nanmin)(_nanmin)
spells("fmax.reduce")(ufunc_reduce(_nanmax))
spells("fmin.reduce")(ufunc_reduce(_nanmin))


def _numbers(x: Any, selection: Any) -> Any:
    """Tell which elements count: those that are numbers and not left out."""
    mask = ~isnan(x)
    return mask if selection is True else mask & selection


@spells(np.nansum)
def nansum(
    x: Any, axis: Any = None, keepdims: Any = False, initial: Any = None,
    where: Any = True,
) -> Any:  # fmt: skip
    """Give the sum of the elements that are numbers."""
    total = sum_of(choose(x, where, 0), axis=axis, keepdims=keepdims)
    return total if initial is None else total + initial


def choose(x: Any, selection: Any, instead: Any) -> Any:
    """Give `x` where it is a number, and `instead` elsewhere."""
    if selection is True:
        return either(isnan(x), instead, x)
    return either(_numbers(x, selection), x, instead)


@spells(np.nanprod)
def nanprod(
    x: Any, axis: Any = None, keepdims: Any = False, initial: Any = None,
    where: Any = True,
) -> Any:  # fmt: skip
    """Give the product of the elements that are numbers."""
    product = product_of(choose(x, where, 1), axis=axis, keepdims=keepdims)
    return product if initial is None else product * initial


@spells(np.nanmean)
def nanmean(x: Any, axis: Any = None, keepdims: Any = False, where: Any = True) -> Any:
    """Give the mean of the elements that are numbers."""
    numbers = sum_of(_numbers(x, where), axis=axis, keepdims=keepdims)
    return nansum(x, axis=axis, keepdims=keepdims, where=where) / numbers


@spells(np.nanvar)
def nanvar(
    x: Any, axis: Any = None, ddof: float = 0, keepdims: Any = False,
    where: Any = True, mean: Any = None, correction: Any = None,
) -> Any:  # fmt: skip
    """Give the variance of the elements that are numbers."""
    if mean is None:
        mean = nanmean(x, axis=axis, keepdims=True, where=where)
    centred = choose(x - mean, where, 0)
    numbers = sum_of(_numbers(x, where), axis=axis, keepdims=keepdims)
    total = sum_of(centred * centred, axis=axis, keepdims=keepdims)
    return total / (numbers - (ddof if correction is None else correction))


@spells(np.nanstd)
def nanstd(x: Any, axis: Any = None, ddof: float = 0, **options: Any) -> Any:
    """Give the standard deviation of the elements that are numbers."""
    return sqrt(nanvar(x, axis=axis, ddof=ddof, **options))


@spells(np.nancumsum)
def nancumsum(x: Any, axis: Any = None) -> Any:
    """Give running sums in which NaN counts as 0."""
    return running_sum(either(isnan(x), 0, x), axis=axis)


@spells(np.nancumprod)
def nancumprod(x: Any, axis: Any = None) -> Any:
    """Give running products in which NaN counts as 1."""
    return running_product(either(isnan(x), 1, x), axis=axis)


@spells(np.nanargmax)
def nanargmax(x: Any, axis: Any = None, keepdims: Any = False) -> Any:
    """Give the place of the largest of the numbers."""
    return along(argmax)(either(isnan(x), -np.inf, x), axis=axis, keepdims=keepdims)


@spells(np.nanargmin)
def nanargmin(x: Any, axis: Any = None, keepdims: Any = False) -> Any:
    """Give the place of the smallest of the numbers."""
    return along(argmin)(either(isnan(x), np.inf, x), axis=axis, keepdims=keepdims)
