"""Spellings: options of NumPy's functions, by name and by position."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.ops.spelled import booleans, distinct, positive, say

_x = {"x": distinct}
_m = {"m": booleans, "x": distinct}
say("sum where", lambda x: np.sum(x**2, axis=0, where=x > 0), _x, x="N M")
say("sum where given", lambda x, m: x.sum(where=m, initial=2.0), _m, x="N M", m="M")
say("sum initial", lambda x: np.sum(x, 1, initial=x[0, 0]), x="N M")
say("mean where", lambda x: np.mean(x**2, axis=1, keepdims=True, where=x > -9), _x,
    x="N M")  # fmt: skip
say("prod where", lambda x: np.prod(x, where=x > 0, axis=0), _x, x="N M")
say("prod initial", lambda x: np.prod(x, initial=3.0), x="N M")
say("max initial", lambda x: np.max(x**2, axis=0, initial=0.3), _x, x="N M")
say("max where", lambda x: x.max(axis=1, where=x < 0.5, initial=-9.0), _x, x="N M")
say(
    "min where",
    lambda x: np.min(x**2, where=x > 0.1, initial=9.0) + x[0, 0],
    _x,
    x="N M",
)
say("var where", lambda x: np.var(x, axis=0, where=x > -9, ddof=0), _x, x="N M")
say("std where", lambda x: np.std(x, where=x > -0.5, ddof=1), _x, x="M 4")
say("var mean", lambda x: np.var(x, axis=1, mean=x[:, :1]), x="N M")
say("var correction", lambda x: np.var(x, correction=1, axis=0), x="M N")
say("any all where",
    lambda x: (x * np.any(x > 0, axis=0, where=x < 9) + x * np.all(x > 0, where=x > 0)),
    _x, x="N M")  # fmt: skip
say("by position", lambda x: np.sum(x, 0, None, None, True) * np.max(x, 1, None, True),
    _x, x="N M")  # fmt: skip
say("std by position", lambda x: np.std(x, 0, None, None, 1), x="M N")
say("axis of nothing", lambda x: np.sum(x, axis=()) * np.max(x, axis=()) ** 2, x="N M")
say("axis by NumPy's integers", lambda x: np.sum(x, axis=np.int64(1)) ** 2, x="N M")
say("reshape F", lambda x: np.reshape(x, (4, 3), order="F") * np.arange(3), x="2 6")
say("reshape F open", lambda x: x.reshape(3, -1, order="F") ** 2, x="2 3 N")
say("ravel F", lambda x: np.ravel(x, "F") * np.arange(6), x="2 3")
say("flatten F", lambda x: x.flatten("F") * np.arange(6) + x.flatten(), x="3 2")
say("add.accumulate", lambda x: np.add.accumulate(x) ** 2, x="N M")
say("multiply.accumulate", lambda x: np.multiply.accumulate(x, axis=1), x="N M")
say("maximum.accumulate", lambda x: np.maximum.accumulate(x, axis=1) ** 2, _x, x="N M")
say("minimum.accumulate", lambda x: np.minimum.accumulate(x) ** 2, _x, x="N M")
say("cumulative_sum", lambda x: np.cumulative_sum(x, axis=1, include_initial=True) ** 2,
    x="N M")  # fmt: skip
say("take clip", lambda x: np.take(x, [0, 7, -9], axis=1, mode="clip"), x="N M")
say("take wrap", lambda x: x.take([0, 7, -9], axis=0, mode="wrap"), x="N M")
say("diff ends", lambda x: np.diff(x, prepend=0.0, append=x[:, :2]) ** 2, x="N M")
say("diff end of one number", lambda x: np.diff(x, axis=0, append=1.0) ** 2, x="N M")
say("ediff1d", lambda x: np.ediff1d(x, to_end=[1.0, 2.0], to_begin=0.5) ** 2, x="N M")
say("average axes",
    lambda x, w: np.average(x, axis=(0, 2), weights=w), {"w": positive},
    x="N M K", w="N K")  # fmt: skip
say("average returned",
    lambda x, w: sum(np.average(x, axis=1, weights=w, returned=True)), {"w": positive},
    x="N M", w="M")  # fmt: skip
say("cov", lambda x: np.cov(x), x="L 4")
say("cov of two", lambda x, y: np.cov(x, y, bias=True), x="M", y="M")
say("cov columns", lambda x: np.cov(x, rowvar=False, ddof=0), x="M L")
say("cov weights",
    lambda x, w: np.cov(x, aweights=w, fweights=[1, 2, 1, 3]), {"w": positive},
    x="3 4", w="4")  # fmt: skip
say("cov of one variable", lambda x: np.cov(x) ** 2, x="M")
say("corrcoef", lambda x: np.corrcoef(x)[0], x="3 6")
say("corrcoef of two", lambda x, y: np.corrcoef(x, y)[0, 1], x="6", y="6")
for _mode in ("edge", "reflect", "symmetric", "wrap"):
    say(f"pad {_mode} far", lambda x, m=_mode: np.pad(x, (3, 8), mode=m) ** 2, x="3 4")
    say(f"pad {_mode} of one", lambda x, m=_mode: np.pad(x, 2, mode=m) ** 2, x="1 2")
say("pad constants", lambda x: np.pad(x, 1, constant_values=((1.0, 2.0), (3.0, 4.0))),
    x="N M")  # fmt: skip
say("pad traced constant", lambda x: np.pad(x, (1, 2), constant_values=x[0, 0]) ** 2,
    x="N M")  # fmt: skip
say("pad by axis", lambda x: np.pad(x, {1: (1, 2)}) ** 2, x="N M")
say("fmod", lambda x: np.fmod(x, 0.4) + np.fmod(1.0, x), _x, x="N M")
say("nan_to_num", lambda x: np.nan_to_num(x, nan=1.0, posinf=2.0), x="N M")
say("moveaxis of nothing", lambda x: np.moveaxis(x, [], []) ** 2, x="N M")
say("rollaxis", lambda x: np.rollaxis(x, 2) * np.rollaxis(x, -1, 0), x="N M 2")
say("piecewise",
    lambda x: np.piecewise(x, [x < -0.5, x > 0.5], [lambda v: v**2, np.sin, 3.0]), _x,
    x="N M")  # fmt: skip
say("choose", lambda x: np.choose([1, 0, 1], [x, 2 * x]), x="3")


def _nan(x: Any) -> Any:
    return np.where(x > 0.9, np.nan, x)


say("nanmax nanmin", lambda x: np.nanmax(_nan(x), axis=1) * np.nanmin(_nan(x)), _x,
    x="N 9")  # fmt: skip
say("nanstd", lambda x: np.nanstd(_nan(x), axis=0, ddof=1, keepdims=True), _x, x="9 K")
say("nanvar", lambda x: np.nanvar(_nan(x)), _x, x="9 K")
say("nanprod nancumsum",
    lambda x: np.nanprod(_nan(x), axis=0) + np.nancumsum(_nan(x), axis=1)[:, 0].sum(),
    _x, x="N M")  # fmt: skip
say("fmax.reduce", lambda x: np.fmax.reduce(_nan(x), axis=1), _x, x="N 9")
say("quantiles in a matrix",
    lambda x: np.quantile(x, [[0.1, 0.4], [0.6, 0.8]], axis=0, keepdims=True) ** 2,
    {"x": distinct}, x="5 M")  # fmt: skip
say("place of the largest", lambda x: x[np.unravel_index(np.argmax(x), x.shape)] ** 2,
    {"x": distinct}, x="N M")  # fmt: skip
say("places as a method", lambda x: np.sum(x[(x > 0).nonzero()] ** 2), x="5")
