"""Every NumPy spelling that is understood, in the variants that people write."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.ops.spelled import (
    SIZES, Spelling, booleans, compare, distinct, places, positive, regular, stays_narrow, unit,
)  # fmt: skip

TABLE: dict[str, Spelling] = {}


def say(name: str, function: Any, _draws: dict[str, Any] | None = None, **specs: str) -> None:
    assert name not in TABLE
    TABLE[name] = Spelling(function, specs, _draws or {})


# --- arithmetic, broadcast both ways -------------------------------------------------
say("add rows", lambda x, b: x + b, x="N M", b="M")
say("sub column", lambda x, b: b - x, x="N M", b="N 1")
say("mul scalar array", lambda x, s: s * x, x="N M", s="")
say("outer by broadcasting", lambda x, y: x[:, None] * y[None, :], x="N", y="M")
say("div both", lambda x, y: x / y, {"y": positive}, x="N 1", y="1 M")
say("rdiv number", lambda x: 2 / x, {"x": positive}, x="N M")
say("power number", lambda x: x**3 + x**2 + x**-1.5 + x**0.5, {"x": positive}, x="N M")
say("power both", lambda x, y: x**y, {"x": positive}, x="N M", y="M")
say("number to the power", lambda x: 2**x + 2.5**x, x="N M")
say("np words", lambda x, y: np.add(x, y) - np.subtract(y, 2) * np.multiply(x, y)
    / np.divide(1, y) + np.negative(x) + np.positive(y), {"y": positive}, x="N M", y="M")
say("true_divide reciprocal", lambda x: np.true_divide(1, x) + np.reciprocal(x), {"x": positive}, x="N M")
say("mod", lambda x: x % 0.37 + np.mod(x, 10.0) + np.remainder(x, 7.5), {"x": distinct}, x="N M")
say("floor divide", lambda x: x * (x // 1.5) + np.floor_divide(x, 2.5), {"x": distinct}, x="N M")
say("in place operators", lambda x, y: _in_place(x, y), x="N M", y="M")
say("three-way broadcast", lambda a, b, c: a * b + c, a="N 1 M", b="L 1", c="M")


def _in_place(x: Any, y: Any) -> Any:
    z = x * 2
    z += y
    z *= x
    return z


# --- element by element --------------------------------------------------------------
for _f in (np.exp, np.expm1, np.exp2, np.sin, np.cos, np.sinh, np.cosh, np.tanh, np.arctan,
           np.arcsinh, np.square, np.deg2rad, np.rad2deg, np.radians, np.degrees):  # fmt: skip
    say(f"np.{_f.__name__}", lambda x, f=_f: f(x), x="N M")
for _f in (np.log, np.log1p, np.log2, np.log10, np.sqrt, np.cbrt, np.abs, np.fabs, np.sign,
           np.reciprocal):  # fmt: skip
    say(f"np.{_f.__name__} of positive", lambda x, f=_f: f(x) * x, {"x": positive}, x="N M")
for _f in (np.tan, np.arcsin, np.arccos, np.arctanh):
    say(f"np.{_f.__name__} inside", lambda x, f=_f: f(x), {"x": unit}, x="N M")
say("np.arccosh", lambda x: np.arccosh(x + 1), {"x": positive}, x="N M")
say("arctan2 hypot", lambda x, y: np.arctan2(x, y) + np.hypot(x, y), {"y": positive}, x="N M", y="M")
say("logaddexp", lambda x, y: np.logaddexp(x, y) + np.logaddexp(0, x), x="N M", y="N 1")
say("maximum minimum", lambda x, y: np.maximum(x, y) * np.minimum(x, 0.5), {"x": distinct}, x="N M", y="M")
say("fmax fmin", lambda x: np.fmax(x, 0) + np.fmin(x, 1), {"x": distinct}, x="N M")
say("abs method operator", lambda x: abs(x) + np.absolute(x), {"x": distinct}, x="N M")
say("clip", lambda x: np.clip(x, -0.5, 0.5) + x.clip(0, 1) + np.clip(x, None, 0.2)
    + np.clip(x, a_min=0.2, a_max=None) + np.clip(x, min=-0.2, max=0.2), {"x": distinct}, x="N M")
say("clip by arrays", lambda x, a, b: np.clip(x, a - 1, b + 1), x="N M", a="M", b="N 1")
say("heaviside sign", lambda x: x * np.heaviside(x, 0.5) + x * np.sign(x), {"x": distinct}, x="N M")
say("rounding", lambda x: x * (np.floor(x) + np.ceil(x) + np.rint(x) + np.trunc(x)
    + np.round(x) + np.round(x, 1) + x.round(2)), {"x": distinct}, x="N M")
say("copysign", lambda x, y: np.copysign(x, y), {"x": distinct, "y": distinct}, x="N M", y="M")
say("where", lambda x, y: np.where(x > 0, x * y, y), {"x": distinct}, x="N M", y="M")
say("where numbers", lambda x: np.where(x > 0, 1, x) + np.where(x < 0, -1.0, 2 * x), {"x": distinct}, x="N M")
say("where mask given", lambda x, m: np.where(m, x, 0) + np.where(m, 0, x * x), {"m": booleans}, x="N M", m="N M")
say("where integers given", lambda x, i: np.where(i > 1, i, x), {"i": places}, x="N M", i="M")
say("mask arithmetic", lambda x: x * (x > 0) + (x <= 0) * 0.1 * x, {"x": distinct}, x="N M")
say("logic", lambda x: np.where((x > -1) & (x < 1) | ~(x > 0), x * x, x)
    + np.where(np.logical_and(x > 0, np.logical_not(x > 1)) ^ np.logical_xor(x > 2, x < 1), x, 3),
    {"x": distinct}, x="N M")
say("select", lambda x: np.select([x < -0.5, x < 0.5], [x * 0.1, x * x], default=2 * x), {"x": distinct}, x="N M")
say("isnan isfinite", lambda x: np.where(np.isnan(x) | ~np.isfinite(x), 0, x) + np.nan_to_num(x), x="N M")
say("integers mixed", lambda x, i: x * i + i + x**i + np.exp(i) * x, {"i": places, "x": positive}, x="N M", i="M")

# --- reductions ----------------------------------------------------------------------
for _name in ("sum", "mean", "prod", "max", "min", "var", "std", "ptp"):
    _g = getattr(np, _name)
    _d = {"x": distinct}
    say(f"{_name} all", lambda x, f=_g: f(x), _d, x="L M")
    say(f"{_name} axis 0", lambda x, f=_g: f(x, axis=0), _d, x="L M")
    say(f"{_name} axis -1 keepdims", lambda x, f=_g: x * f(x, axis=-1, keepdims=True), _d, x="N M")
    say(f"{_name} positional", lambda x, f=_g: f(x, 1), _d, x="L M K")
    say(f"{_name} of a vector", lambda x, f=_g: f(x) + f(x, axis=0) + f(x, axis=-1), _d, x="M")
    if _name != "ptp":
        say(f"{_name} two axes", lambda x, f=_g: f(x, axis=(0, -1)), _d, x="L M K")
        say(f"{_name} outer axes", lambda x, f=_g: f(x, axis=(2, 0), keepdims=True) * x, _d, x="L M K")
        say(f"{_name} all keepdims", lambda x, f=_g: x * f(x, keepdims=True), _d, x="L M")
        say(f"{_name} method", lambda x, n=_name: getattr(x, n)(axis=1) + getattr(x, n)(), _d, x="L M")
say("amax amin", lambda x: np.amax(x, axis=0) * np.amin(x, axis=0), {"x": distinct}, x="L M")
say("var ddof", lambda x: np.var(x, axis=0, ddof=1) + np.std(x, axis=0, ddof=1) + x.var(ddof=1), x="L M")
say("average", lambda x, w: np.average(x, axis=0, weights=w) + np.average(x, axis=0) + np.average(x),
    {"w": positive}, x="L M", w="L")
say("average full weights", lambda x, w: np.average(x, weights=w) + np.average(x, axis=1, weights=w).sum(),
    {"w": positive}, x="L M", w="L M")
say("median", lambda x: np.median(x) + np.median(x, axis=0).sum() + np.median(x, axis=1, keepdims=True),
    {"x": distinct}, x="L M")
say("nansum nanmean", lambda x: np.nansum(x, axis=0) + np.nanmean(x, axis=0), x="L M")
say("any all count", lambda x: x * np.any(x > 0, axis=0) + x * np.all(x > -9) + np.count_nonzero(x > 0, axis=1)[:, None] * x,
    {"x": distinct}, x="L M")
say("ufunc reduce", lambda x: np.add.reduce(x) + np.multiply.reduce(x, axis=1).sum() + np.maximum.reduce(x, axis=0)
    + np.minimum.reduce(x), {"x": distinct}, x="L M")
say("argmax chooses", lambda x: x[np.arange(4), np.argmax(x, axis=1)] + x[np.arange(4), x.argmin(axis=1)],
    {"x": distinct}, x="4 M")
say("cumsum", lambda x: np.cumsum(x, axis=0) * x + np.cumsum(x, axis=-1) + x.cumsum(axis=1), x="L M")
say("cumsum flat", lambda x, v: np.cumsum(x).sum() * np.cumsum(v) + np.add.accumulate(v), x="L M", v="M")
say("cumprod", lambda x: np.cumprod(x, axis=0) * x + x.cumprod(axis=-1), x="L M")
say("cumprod vector", lambda x: np.cumprod(x) + np.multiply.accumulate(x), x="M")
say("cumprod middle", lambda x: np.cumprod(x, axis=1), x="K L M")
say("diff", lambda x: np.diff(x, axis=0).sum() + np.diff(x) + np.diff(x, n=2, axis=-1).sum(), x="L 5")
say("count as a number", lambda x: np.sum(x, axis=0) / x.shape[0] + np.sum(x) / x.size / len(x.shape), x="L M")

# --- products ------------------------------------------------------------------------
say("matrix @ matrix", lambda a, b: a @ b, a="N L", b="L M")
say("matrix @ vector", lambda a, b: a @ b, a="N L", b="L")
say("vector @ matrix", lambda a, b: a @ b, a="L", b="L M")
say("vector @ vector", lambda a, b: a @ b, a="L", b="L")
say("stack @ matrix", lambda a, b: np.matmul(a, b), a="K N L", b="L M")
say("matrix @ stack", lambda a, b: a @ b, a="N L", b="K L M")
say("stack @ stack", lambda a, b: a @ b, a="K N L", b="K L M")
say("stacks broadcast", lambda a, b: a @ b, a="K 1 N L", b="M L K")
say("stack of one", lambda a, b: a @ b, a="1 N L", b="K L M")
say("stack @ vector", lambda a, b: a @ b, a="K N L", b="L")
say("vector @ stack", lambda a, b: a @ b, a="L", b="K L M")
say("stack of stacks @ matrix", lambda a, b: a @ b, a="K M N L", b="L M")
say("constant @", lambda a: np.ones((2, 3)) @ a + a.sum(), a="3 M")
say("dot", lambda a, b, v: np.dot(a, b) + a.dot(v)[:, None] + np.dot(v, v) + np.dot(2, v).sum(), a="N L", b="L M", v="L")
say("dot of stacks", lambda a, b: np.dot(a, b), a="K N L", b="M L K")
say("vdot inner", lambda a, b: np.vdot(a, b) + np.inner(a, b), a="N L", b="N L")
say("inner of vectors", lambda a, b: np.inner(a, b) * np.inner(2, a), a="L", b="L")
say("outer", lambda a, b: np.outer(a, b) + np.multiply.outer(a, b) + np.add.outer(a, b), a="N", b="M")
say("subtract.outer of a matrix", lambda a, b: np.subtract.outer(a, b), a="N L", b="M")
say("tensordot", lambda a, b: np.tensordot(a, b), a="N L M", b="L M K")
say("tensordot 1", lambda a, b: np.tensordot(a, b, axes=1), a="K N L", b="L M")
say("tensordot 0", lambda a, b: np.tensordot(a, b, 0), a="N L", b="M")
say("tensordot axes", lambda a, b: np.tensordot(a, b, axes=([0, 2], [1, 0])), a="N L M", b="M N K")
say("vecdot matvec vecmat", lambda a, b, m: np.vecdot(a, b)[:, None] + np.matvec(m, a) + np.vecmat(a, m),
    a="N L", b="N L", m="L L")
say("matrix_power multi_dot", lambda a: np.linalg.matrix_power(a, 5) + np.linalg.multi_dot([a, a, a]), a="L L")
say("kron", lambda a, b: np.kron(a, b), a="N L", b="M K")
say("kron of vectors", lambda a, b: np.kron(a, b), a="N", b="M")
say("cross", lambda a, b: np.cross(a, b) + np.cross(a, b[0]), a="N 3", b="N 3")
say("cross axis", lambda a, b: np.cross(a, b, axis=0), a="3 N", b="3 N")
for _subscripts, _shapes in {
    "ij,jk->ik": "N L|L M", "ij,jk": "N L|L M", "ij,kj->ik": "N L|M L", "ij,ik->jk": "L N|L M",
    "ji,jk->ki": "L N|L M", "ij,j->i": "N L|L", "i,ij->j": "N|N L", "i,i->": "L|L", "i,j->ij": "N|M",
    "ij,ij->": "N L|N L", "ij,ij->i": "N L|N L", "ij,ij->j": "N L|N L", "ij,ij->ij": "N L|N L",
    "ij,ij->ji": "N L|N L", "bij,bjk->bik": "K N L|K L M", "bij,jk->bik": "K N L|L M",
    "bhid,bhjd->bhij": "K N L M|K N 2 M", "ij->ji": "N L", "ij->": "N L", "ij->j": "N L", "ii->": "L L",
    "ii->i": "L L", "iij->j": "L L M", "...ij->...ji": "K N L", "...i,i->...": "K N L|L",
    "...ij,...jk->...ik": "K N L|L M", "ij,jk,kl->il": "N L|L M|M K",
    "ij,jk,ki->": "N L|L M|M N", "i,j,k->ijk": "N|L|M", "ij,k->k": "N L|M", "bij,bjk->ik": "K N L|K L M",
    "ij,ik->ijk": "N L|N M", "i,ijk->jk": "N|N L M", "ij,kl->": "N L|M K", "abc,cd,db->a": "N L M|M K|K L",
    "bi,bj->bij": "K N|K M", "ijk,ijl->ikl": "K N L|K N M", "ab,abc->ac": "N L|N L M", "ij , jk -> ik": "N L|L M",
}.items():  # fmt: skip
    _parts = dict(zip("abc", _shapes.split("|"), strict=False))
    _ops = {1: lambda a, s=_subscripts: np.einsum(s, a),
            2: lambda a, b, s=_subscripts: np.einsum(s, a, b),
            3: lambda a, b, c, s=_subscripts: np.einsum(s, a, b, c, optimize=True)}  # fmt: skip
    say(f"einsum {_subscripts}", _ops[len(_parts)], **_parts)
say("einsum stretches", lambda a, b: np.einsum("ij,ij->i", a, b) + np.einsum("ij,jk->ik", a, b.T)[:, 0],
    a="N L", b="1 L")

# --- matrices ------------------------------------------------------------------------
_regular = {"a": regular}
say("trace", lambda a: np.trace(a) + a.trace(offset=1) + np.trace(a, -1), a="L L")
say("trace oblong", lambda a: np.trace(a) + np.trace(a, offset=2), a="3 5")
say("trace axes", lambda a: np.trace(a, axis1=1, axis2=2) + np.trace(a, axis1=0, axis2=-1)[0], a="L L L")
say("diagonal", lambda a: np.diagonal(a) * a.diagonal() + np.diag(a) + np.diagonal(a, offset=-1).sum(), a="L L")
say("diagonal axes", lambda a: np.diagonal(a, axis1=0, axis2=2) + np.diagonal(a, 1, 0, -1).sum(), a="L M L")
say("diag builds", lambda v: np.diag(v) @ np.diag(v, 0) + np.diag(v[1:], 1) + np.diag(v[1:], k=-1), v="L")
say("triu tril", lambda a: np.triu(a) @ np.tril(a, -1).T + np.triu(a, k=1) + np.tril(a, k=1), a="L L")
say("causal mask", lambda a: np.where(np.tril(np.ones_like(a)) > 0, a, -1e9).max(axis=1) + np.tril(np.exp(a)).sum(), a="L L")
say("norm", lambda x: np.linalg.norm(x) + np.linalg.norm(x, axis=1) + np.linalg.norm(x, axis=-1, keepdims=True)[:, 0]
    + np.linalg.norm(x, ord=2, axis=1), x="N L")
say("norm of a vector", lambda x: np.linalg.norm(x) + np.linalg.norm(x, 1) + np.linalg.norm(x, np.inf)
    + np.linalg.norm(x, -np.inf) + np.linalg.norm(x, 3) + np.linalg.norm(x, ord=2), {"x": distinct}, x="L")
say("norm 1 inf along", lambda x: np.linalg.norm(x, 1, axis=0) + np.linalg.norm(x, np.inf, axis=0, keepdims=True)
    + np.linalg.norm(x, 2.5, axis=0), {"x": distinct}, x="N L")
say("matrix norms", lambda x: np.linalg.norm(x, "fro") + np.linalg.norm(x, 1) + np.linalg.norm(x, np.inf)
    + np.linalg.norm(x, -1) + np.linalg.norm(x, -np.inf) + np.linalg.norm(x, axis=(0, 1)), {"x": distinct}, x="N L")
say("matrix norms of stacks", lambda x: np.linalg.norm(x, axis=(1, 2)) + np.linalg.norm(x, 1, axis=(-2, -1))
    + np.linalg.norm(x, "fro", axis=(0, 2), keepdims=True)[0, 0, 0], {"x": distinct}, x="K N L")
say("inv", lambda a: np.linalg.inv(a), _regular, a="L L")
say("inv of stacks", lambda a: np.linalg.inv(a), _regular, a="K L L")
say("solve vector", lambda a, b: np.linalg.solve(a, b), _regular, a="L L", b="L")
say("solve matrix", lambda a, b: np.linalg.solve(a, b), _regular, a="L L", b="L M")
say("solve stacks", lambda a, b: np.linalg.solve(a, b), _regular, a="K L L", b="K L M")
say("solve one against stacks", lambda a, b: np.linalg.solve(a, b), _regular, a="L L", b="K L M")
say("solve stacks against a vector", lambda a, b: np.linalg.solve(a, b), _regular, a="K L L", b="L")
say("det", lambda a: np.linalg.det(a) * 1e-2, _regular, a="L L")
say("det of stacks", lambda a: np.linalg.det(a) * 1e-2, _regular, a="K L L")
say("slogdet", lambda a: np.linalg.slogdet(a)[1] + np.linalg.slogdet(a).logabsdet * np.linalg.slogdet(a).sign,
    _regular, a="L L")
say("slogdet of stacks", lambda a: _logdet(a), _regular, a="K L L")
say("cholesky", lambda a: np.linalg.cholesky(a @ a.T + 2 * np.eye(a.shape[0])), a="L M")
say("cholesky of the matrix itself", lambda a: np.linalg.cholesky(a), {"a": lambda r, s: 4 * np.eye(s[0]) + 0.3}, a="L L")
say("cholesky of stacks", lambda a: np.linalg.cholesky(a @ a.swapaxes(-1, -2) + 2 * np.eye(3)), a="K 3 M")


def _logdet(a: Any) -> Any:
    sign, logdet = np.linalg.slogdet(a)
    return sign * logdet


# --- shapes --------------------------------------------------------------------------
say("reshape", lambda x: x.reshape(x.shape[0], -1) * 2, x="N L M")
say("reshape words", lambda x: np.reshape(x, (-1, x.shape[-1])) + x.reshape((-1, x.shape[2])), x="N L M")
say("ravel flatten", lambda x: np.ravel(x) * x.ravel() + x.flatten() + x.reshape(-1), x="N L")
say("transpose", lambda x: x.T @ x + np.transpose(x) @ x.transpose(), x="L L")
say("transpose axes", lambda x: np.transpose(x, (2, 0, 1)) + x.transpose(2, 0, 1) + x.transpose((-1, 0, 1)), x="N L M")
say("swap and move", lambda x: np.swapaxes(x, 0, -1) + np.moveaxis(x, 0, -1).swapaxes(0, 1)
    + np.moveaxis(x, [0, 2], [2, 0]) + np.swapaxes(np.matrix_transpose(x), 0, 1).mT.swapaxes(0, 1).mT.swapaxes(0, 2),
    x="L L L")
say("expand squeeze", lambda x: np.squeeze(np.expand_dims(x, 1) + x[:, None, :], axis=1) + np.expand_dims(x, (0, -1)).squeeze(axis=(0, 3)), x="L M")
say("squeeze known", lambda x: np.squeeze(x) + x.squeeze() + x.squeeze(0), x="1 5")
say("broadcast_to", lambda x: np.broadcast_to(x, (3, 4)) * np.arange(12.0).reshape(3, 4), x="4")
say("broadcast_to named", lambda x, y: np.broadcast_to(x, y.shape) * y, x="N 1", y="N M")
say("atleast", lambda x: np.atleast_2d(x) + np.atleast_1d(x), x="M")
say("shape questions", lambda x: x * np.shape(x)[0] + np.ndim(x) + np.size(x) + np.size(x, 1) + x.ndim, x="N M")
say("copies", lambda x: np.copy(x) * x.copy() + np.asarray(x) + np.array(x), x="N M")
say("concatenate", lambda x, y: np.concatenate([x, y], axis=1) * np.concatenate((y, x), axis=-1), x="N L", y="N M")
say("concatenate rows", lambda x, y: np.concatenate([x, y, 2 * x]), x="N L", y="M L")
say("concatenate flat", lambda x, y: np.concatenate([x, y], axis=None), x="N L", y="M")
say("concatenate constant", lambda x: np.concatenate([x, np.ones((2, 3))]), x="N 3")
say("append", lambda x, y: np.append(x, y) * 2, x="N", y="M")
say("stack", lambda x, y: np.stack([x, y]) + np.stack((x * y, y), axis=0), x="N L", y="N L")
say("stack last", lambda x, y: np.stack([x, y, x], axis=-1) + np.stack([x, y, y], axis=2), x="N L", y="N L")
say("stack scalars", lambda x: np.stack([x[0], 1.0, x[1] * x[2]]) + np.array([x[2], 0, x[0]]), x="3")
say("vstack hstack", lambda x, y: np.vstack([x, y * 2]) * np.hstack([x, y])[:1, :1], x="N L", y="N L")
say("vstack hstack of vectors", lambda x, y: np.vstack([x, y]) * np.hstack([x, y]).sum(), x="M", y="M")
say("column_stack dstack", lambda x, y: np.column_stack([x, y]) + np.dstack([x, y])[0], x="M", y="M")
say("bias column", lambda x: np.hstack([x, np.ones((x.shape[0], 1))]) ** 2, x="N M")
say("block", lambda a, b: np.block([[a, b], [b.T, a.T @ a]]), a="L L", b="L L")
say("split", lambda x: _gate(*np.split(x, 2, axis=-1)), x="N 6")
say("split at places", lambda x: _three(np.split(x, [1, 3], axis=1)), x="N 5")
say("array_split", lambda x: _three(np.array_split(x, 3)), x="5 N")
say("hsplit vsplit", lambda x: np.hsplit(x, 2)[0] @ np.vsplit(x, 2)[1].T[:3], x="4 6")
say("flip", lambda x: np.flip(x) * np.flip(x, 0) + np.flip(x, axis=(0, 1)) + x[::-1] + x[:, ::-1] + np.fliplr(x) * np.flipud(x), x="N M")
say("rot90", lambda x: np.rot90(x) + np.rot90(x, 2).T + np.rot90(x, 3) + np.rot90(x, -1), x="N M")
say("roll", lambda x: np.roll(x, 1) * np.roll(x, -2, axis=0) + np.roll(x, 1, axis=1) + np.roll(x, (1, 2), axis=(0, 1)), x="L M")
say("pad", lambda x: np.pad(x, 1) + np.pad(x, ((1, 1), (1, 1)), constant_values=2.0) + np.pad(x, (1, 1), mode="constant"), x="N M")
say("pad one side", lambda x: np.pad(x, ((0, 0), (2, 1))) ** 2, x="N M")
say("pad edge", lambda x: np.pad(x, 2, mode="edge") ** 2, x="N M")
say("pad reflect", lambda x: np.pad(x, ((1, 2), (2, 0)), mode="reflect") ** 2, x="4 3")
say("pad wrap", lambda x: np.pad(x, ((1, 2), (2, 0)), mode="wrap") ** 2, x="4 3")
say("repeat", lambda x: np.repeat(x, 3, axis=1) ** 2 + x.repeat(3, axis=-1), x="N M")
say("repeat flat", lambda x: np.repeat(x, 2) ** 2 + x.ravel().repeat(2), x="N M")
say("repeat counts", lambda x: np.repeat(x, [1, 0, 2], axis=0) ** 2, x="3 M")
say("tile", lambda x: np.tile(x, (2, 3)) ** 2 + np.tile(x[None], (1, 2, 3))[0], x="N M")
say("tile adds axes", lambda x: np.tile(x, (2, 3, 1)) ** 2, x="M")
say("tile number", lambda x: np.tile(x, 3) ** 2, x="N M")
say("tile narrow", lambda x: np.tile(x, 2) ** 2, x="N L M")


def _gate(a: Any, b: Any) -> Any:
    return a / (1 + np.exp(-b))


def _three(parts: Any) -> Any:
    a, b, c = parts
    return a.sum() * b.sum() + (c * c).sum()


# --- parts ---------------------------------------------------------------------------
say("index integer", lambda x: x[0] * x[-1] + x[1, 0] + x[-1, -2], x="L M 4")
say("index ellipsis", lambda x: x[..., 0] * x[0, ..., -1] + x[0, ...][..., 1], x="L M 3")
say("index slices", lambda x: x[1:] * x[:-1] + x[1:, :1] + x[:-1, -1:], x="L M")
say("index steps", lambda x: x[::2].sum() * x[1::2, ::-1].sum() + x[::-1], x="5 M")
say("index none", lambda x: x[None] * x[:, None] + x[..., None].sum(), x="L L")
say("embedding", lambda t, i: t[i] ** 2, {"i": places}, t="L M", i="N")
say("embedding of sequences", lambda t, i: t[i] ** 2, {"i": places}, t="L M", i="N M")
say("labels", lambda x, t: np.log(x)[np.arange(x.shape[0]), t], {"x": positive, "t": places}, x="N 3", t="N")
say("columns", lambda x, i: x[:, i] ** 2, {"i": places}, x="N L", i="M")
say("last by array", lambda x, i: x[..., i] ** 2, {"i": places}, x="K N L", i="M")
say("array and integer", lambda x, i: x[i, 0] * x[i, -1], {"i": places}, x="L M", i="K")
say("integer and array", lambda x, i: x[0, i] ** 2, {"i": places}, x="M L", i="K")
say("array and slice", lambda x, i: x[i, 1:] ** 2, {"i": places}, x="L M", i="K")
say("separate arrays", lambda x, i: x[i, :, i] ** 2, {"i": places}, x="L M L", i="K")
say("separate array and integer", lambda x, i: x[0, :, i] ** 2 + x[:, :, 0][:, 0].sum(), {"i": places}, x="L M L", i="K")
say("list index", lambda x: x[[0, 2, 0]] ** 2 + x[np.array([2, 1, 0])], x="L M")
say("constant mask", lambda x: x[np.array([True, False, True])] ** 2, x="3 M")
say("take", lambda x, i: np.take(x, i, axis=0) ** 2 + x.take(i, axis=0), {"i": places}, x="L M", i="N")
say("take axis -1", lambda x, i: np.take(x, i, axis=-1) ** 2, {"i": places}, x="N L", i="M")
say("take number flat", lambda x: np.take(x, 1, axis=1) * np.take(x, [0, 0, 1]).sum() + np.take(x, -1), x="N 4")
say("take_along_axis", lambda x, i: np.take_along_axis(x, i, axis=1) ** 2, {"i": places}, x="N L", i="N M")
say("take_along_axis 0", lambda x, i: np.take_along_axis(x, i, 0) ** 2, {"i": places}, x="L M", i="K M")
say("take_along_axis labels", lambda x, t: np.take_along_axis(x, t[:, None], axis=-1)[:, 0] ** 2, {"t": places}, x="N L", t="N")
say("sort", lambda x: np.sort(x) * np.arange(5.0) + np.sort(x, axis=0) * x, {"x": distinct}, x="L 5")
say("sort flat", lambda x: np.sort(x, axis=None) ** 2, {"x": distinct}, x="L M")
say("argsort takes", lambda x: np.take_along_axis(x, np.argsort(x, axis=1), axis=1) * np.arange(4.0), {"x": distinct}, x="N 4")
say("argsort of a vector", lambda x: x[np.argsort(x)] * np.arange(5.0) + x[x.argsort()], {"x": distinct}, x="5")

# --- made on the way -----------------------------------------------------------------
say("zeros and ones", lambda x: np.zeros((x.shape[0], 2)) + np.ones(2) * x[:, :2], x="N 4")
say("like", lambda x: np.zeros_like(x) + np.ones_like(x) * x + np.full_like(x, 2.5) * x, x="N M")
say("full eye", lambda x: np.full(x.shape, 2.0) * x + np.eye(x.shape[0]) @ x + np.identity(x.shape[0]) @ x, x="L M")
say("arange weights", lambda x: x * np.arange(x.shape[0])[:, None] + np.arange(1, x.shape[1] + 1) * x, x="N M")
say("triangle of ones", lambda x: x * np.tri(x.shape[0]) + np.tri(x.shape[0], k=-1) @ x, x="L L")
say("linspace", lambda x: x * np.linspace(0, 1, x.shape[1]), x="N L")
say("positions", lambda x: x + np.sin(np.arange(x.shape[0])[:, None] / 10 ** (np.arange(x.shape[1]) / x.shape[1])), x="N M")
say("scaled", lambda q, k: q @ k.T / np.sqrt(q.shape[-1]) / q.shape[0] ** 0.5, q="N L", k="M L")


@pytest.mark.parametrize("sizes", SIZES, ids=("usual", "ones"))
@pytest.mark.parametrize("name", TABLE)
@pytest.mark.filterwarnings("ignore::derivo.errors.IndependentWarning")
def test_a_spelling_agrees_with_its_differences(name: str, sizes: dict[str, int]) -> None:
    compare(TABLE[name], sizes)


@pytest.mark.parametrize("name", TABLE)
@pytest.mark.filterwarnings("ignore::derivo.errors.IndependentWarning")
def test_the_plain_chain_rule_agrees_too(name: str) -> None:
    compare(TABLE[name], SIZES[0], simplify=False, stabilize=False)


@pytest.mark.parametrize("name", TABLE)
@pytest.mark.filterwarnings("ignore::derivo.errors.IndependentWarning")
def test_float32_stays_float32(name: str) -> None:
    stays_narrow(TABLE[name])
