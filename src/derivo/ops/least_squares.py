"""QR, pseudo-inverse and least squares.

Rules: H. Liao and others, Differentiable programming tensor networks (2019), equation
3, for QR; G. Golub and V. Pereyra, The differentiation of pseudo-inverses and nonlinear
least squares problems (1973), equation 4.12.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from derivo.errors import ShapeError
from derivo.graph.dim import format_shape
from derivo.graph.op import Op
from derivo.graph.spec import Spec
from derivo.ops import matrix_functions as plain
from derivo.ops.axes import matrix_transpose
from derivo.ops.catalogue import SPELLINGS, Untold, register, spells
from derivo.ops.decompose import (
    draw_oblong,
    matrix_rank,
    matrix_sides,
    rows,
    svdvals,
)
from derivo.ops.diagonal import tril
from derivo.ops.index import cut
from derivo.ops.join import concatenate
from derivo.ops.linalg import FACTORED, matmul
from derivo.ops.ranges import vander
from derivo.ops.reduce import sum_of
from derivo.ops.shape import as_array, as_shape, expand_dims, squeeze
from derivo.ops.solve import solve

_REAL = frozenset({"floating"})


def _smaller(shape: tuple[Any, ...]) -> int:
    """Give the smaller side of a matrix, which qr must know."""
    m, n = as_shape(shape)[-2:]
    if m == n or (isinstance(m, int) and isinstance(n, int)):
        return min(m, n) if m != n else m  # type: ignore[type-var, return-value]
    message = (
        f"which side of a matrix of shape {format_shape((m, n))} is the smaller one is "
        "not known by name; give the sizes as numbers"
    )
    raise ShapeError(message)


def _qr_spec(a: Spec) -> Spec:
    m, n = matrix_sides(a)
    if _smaller((m, n)) != n:
        message = f"qr of a wide matrix of shape {format_shape(a.shape)}"
        raise ShapeError(message)
    return Spec((*a.shape[:-2], m + n, n), "float")


def _qr_parts(y: Any, a: Any) -> tuple[Any, Any]:
    m = as_shape(a.shape)[-2]
    return rows(y, None, m), matrix_transpose(rows(y, m, None))


def _qr_vjp(g: Any, y: Any, a: Any) -> tuple[Any]:
    t = matrix_transpose
    (q, r), (g_q, g_r) = _qr_parts(y, a), _qr_parts(g, a)
    m = matmul(r, t(g_r)) - matmul(t(g_q), q)
    symmetric = tril(m) + t(tril(m, k=-1))
    return (t(solve(r, t(g_q + matmul(q, symmetric)))),)


qr = register(
    Op(
        "qr", ("a",), _qr_spec, "qr_stacked({0})", vjp=_qr_vjp,
        latex=r"\operatorname{{qr}} {0}", samples=draw_oblong, traits=_REAL,
        helpers=(plain.qr_stacked,),
        js=FACTORED,
    )
)  # fmt: skip


class QRResult(NamedTuple):
    """Orthogonal and triangular factor."""

    Q: Any
    R: Any


@spells(np.linalg.qr)
def _qr(a: Any, mode: str = "reduced") -> Any:
    m, n = as_shape(a.shape)[-2:]
    k = _smaller((m, n))
    if mode not in ("reduced", "r") and not (mode == "complete" and k == m):
        message = f"mode {mode!r} has no rule, only 'reduced' and 'r'"
        raise NotImplementedError(message)
    # Of a wide matrix the first columns give the factor, and it turns the others.
    square = cut(a, a.ndim - 1, None, m) if k != n else a
    q, r = _qr_parts(qr(square), square)
    if k != n:
        rest = matmul(matrix_transpose(q), cut(a, a.ndim - 1, m, None))
        r = concatenate(r, rest, axis=a.ndim - 1)
    return r if mode == "r" else QRResult(q, r)


def _pinv_vjp(g: Any, y: Any, a: Any, *, rcond: Any = None) -> tuple[Any]:
    del rcond  # the rank is that of the neighbours
    t = matrix_transpose
    p, h = t(y), t(g)
    inner = matmul(h, matmul(y, p))
    outer = matmul(matmul(p, y), h)
    return (
        -matmul(matmul(p, g), p)
        + (inner - matmul(a, matmul(y, inner)))
        + (outer - matmul(matmul(outer, y), a)),
    )


pinv = register(
    Op(
        "pinv", ("a",),
        lambda a, **_: Spec((*a.shape[:-2], *matrix_sides(a)[::-1]), "float"),
        "np.linalg.pinv({0}, rcond={rcond})", vjp=_pinv_vjp, latex="{0}^+",
        attrs={"rcond": None}, samples=draw_oblong,
        traits=_REAL,
        js=FACTORED,
    ),
    np.linalg.pinv,
)  # fmt: skip


def _lstsq_spec(a: Spec, b: Spec) -> Spec:
    m, n = matrix_sides(a)
    if a.rank != 2 or b.rank not in (1, 2) or b.shape[0] != m:
        shapes = f"{format_shape(a.shape)} and {format_shape(b.shape)}"
        message = f"lstsq: {shapes} do not fit together"
        raise ShapeError(message)
    return Spec((n, *b.shape[1:]), "float")


def _lstsq_vjp(g: Any, y: Any, a: Any, b: Any) -> tuple[Any, Any]:
    if b.ndim == 1:
        g, y, b, is_vector = g[:, None], y[:, None], b[:, None], True
    else:
        is_vector = False
    t = matrix_transpose
    p = pinv(a)
    d_b = matmul(t(p), g)
    missed = b - matmul(a, y)
    free = g - matmul(p, matmul(a, g))
    d_a = (
        matmul(missed, t(matmul(p, d_b)))
        - matmul(d_b, t(y))
        + matmul(matmul(t(p), y), t(free))
    )
    return d_a, squeeze(d_b, axis=1) if is_vector else d_b


lstsq = register(
    Op(
        "lstsq", ("a", "b"), _lstsq_spec, "np.linalg.lstsq({0}, {1})[0]",
        vjp=_lstsq_vjp, latex="{0}^+ {1}",
        samples=lambda rng: ((draw_oblong(rng)[0][0][0], rng.normal(size=(4, 2))), {}),
        traits=_REAL,
        js=FACTORED,
    )
)  # fmt: skip


@spells(np.linalg.lstsq)
def _lstsq(a: Any, b: Any, rcond: Any = None) -> tuple[Any, Any, Any, Any]:
    if rcond is not None:
        message = "_lstsq() got an unexpected keyword argument 'rcond'"
        raise TypeError(message)
    a, b = as_array(a), as_array(b)
    x = lstsq(a, b)
    m, n = as_shape(a.shape)
    s = svdvals(a)
    if not isinstance(m, int) or not isinstance(n, int):
        # NumPy gives squares only where there are more rows than columns.
        message = (
            "whether lstsq gives sums of squares depends on the shape "
            f"{format_shape((m, n))}; give its sizes as numbers, or write "
            "np.sum((b - a @ x) ** 2, axis=0)"
        )
        return x, Untold(ShapeError(message)), matrix_rank(a), s
    tall = m > n
    missed = b - matmul(a, x)
    squares = sum_of(missed * missed, axis=0) if tall else np.zeros(0)
    if tall and b.ndim == 1:
        squares = expand_dims(squares, axis=0)
    return x, squares, matrix_rank(a), s


@spells(np.polyfit)
def polyfit(x: Any, y: Any, deg: Any) -> Any:
    """Give the polynomial of a degree that comes nearest to points."""
    a = vander(as_array(x) * 1.0, int(deg) + 1)
    return SPELLINGS[np.linalg.lstsq](a, as_array(y))[0]
