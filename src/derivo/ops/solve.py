"""Inverse, linear systems, determinants, Cholesky factors.

Rules: M. B. Giles, Collected matrix derivative results for forward and reverse mode
algorithmic differentiation (2008), section 2; for Cholesky I. Murray, Differentiation
of the Cholesky decomposition (2016), equations 9 and 10.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from derivo.errors import ShapeError
from derivo.graph.dim import format_shape
from derivo.graph.op import Op
from derivo.graph.spec import Spec, broadcast
from derivo.ops import matrix_functions as plain
from derivo.ops.axes import matrix_transpose
from derivo.ops.catalogue import register, spells
from derivo.ops.diagonal import tril
from derivo.ops.linalg import FACTORED, matmul
from derivo.ops.reduce import sum_of
from derivo.ops.shape import expand_dims

_ANALYTIC = frozenset({"analytic", "floating"})
_REAL = frozenset({"floating"})


def _regular(rng: Any) -> Any:
    return (rng.normal(size=(2, 3, 3)) + 4 * np.eye(3),), {}


def square_spec(a: Spec) -> Spec:
    """Give the spec of square matrices, or refuse others."""
    if a.rank < 2 or a.shape[-1] != a.shape[-2]:
        message = f"a square matrix is needed, not one of shape {format_shape(a.shape)}"
        raise ShapeError(message)
    return Spec(a.shape, "float")


def _number(a: Spec) -> Spec:
    return Spec(square_spec(a).shape[:-2], "float")


def _inv_vjp(g: Any, y: Any, _a: Any) -> tuple[Any]:
    # d(A^-1) = -A^-1 dA A^-1.
    t = matrix_transpose(y)
    return (-matmul(matmul(t, g), t),)


inv = register(
    Op("inv", ("a",), square_spec, "np.linalg.inv({0})", vjp=_inv_vjp,
       latex="{0}^{{-1}}", samples=_regular, traits=_ANALYTIC,
       js=FACTORED),
    np.linalg.inv,
)  # fmt: skip


def _solve_spec(a: Spec, b: Spec) -> Spec:
    n = square_spec(a).shape[-1]
    rows = b.shape[-1:] if b.rank == 1 else b.shape[-2:-1]
    if rows != (n,):
        shapes = f"{format_shape(a.shape)} and {format_shape(b.shape)}"
        message = f"solve: {shapes} do not fit together"
        raise ShapeError(message)
    if b.rank == 1:
        return Spec((*a.shape[:-2], n), "float")
    return Spec((*broadcast(a.shape[:-2], b.shape[:-2]), *b.shape[-2:]), "float")


def _solve_vjp(g: Any, y: Any, a: Any, b: Any) -> tuple[Any, Any]:
    # b enters through A^-1; a change dA acts like a change -dA y of b.
    t = matrix_transpose(a)
    if b.ndim == 1 and g.ndim > 1:
        d_b = solve(t, expand_dims(g, axis=-1))[..., 0]
    else:
        d_b = solve(t, g)
    if b.ndim == 1:
        return -expand_dims(d_b, axis=-1) * expand_dims(y, axis=-2), d_b
    return -matmul(d_b, matrix_transpose(y)), d_b


solve = register(
    Op("solve", ("a", "b"), _solve_spec, "np.linalg.solve({0}, {1})", vjp=_solve_vjp,
       called=("solved_{1}", "solution"),
       latex="{0}^{{-1}} {1}",
       samples=lambda rng: ((*_regular(rng)[0], rng.normal(size=(2, 3, 2))), {}),
       traits=_ANALYTIC,
       js=FACTORED),
    np.linalg.solve,
)  # fmt: skip


def as_matrix(value: Any) -> Any:
    """Give a number per matrix two axes of size 1."""
    return expand_dims(expand_dims(value, axis=-1), axis=-1) if value.ndim else value


def _cofactors_vjp(g: Any, y: Any, a: Any) -> tuple[Any]:
    # det(A) A^-T, differentiated as a product.
    t = matrix_transpose(inv(a))
    along = as_matrix(sum_of(g * t, axis=(-2, -1)))
    return (along * y - matmul(matmul(y, matrix_transpose(g)), t),)


# What the derivative of a determinant is made of; it exists for singular matrices too,
# but its own derivative is given for regular ones alone.
cofactors = register(
    Op("cofactors", ("a",), square_spec, "cofactors_of({0})", vjp=_cofactors_vjp,
       latex=r"\operatorname{{cof}} {0}", samples=_regular, traits=_REAL,
       helpers=(plain.cofactors_of,),
       js=FACTORED),
)  # fmt: skip
det = register(
    Op("det", ("a",), _number, "np.linalg.det({0})",
       vjp=lambda g, _y, a: (as_matrix(g) * cofactors(a),),
       latex=r"\det {0}", samples=_regular, traits=_ANALYTIC,
       js=FACTORED),
    np.linalg.det,
)  # fmt: skip
logabsdet = register(
    Op("logabsdet", ("a",), _number, "np.linalg.slogdet({0})[1]",
       vjp=lambda g, _y, a: (as_matrix(g) * matrix_transpose(inv(a)),),
       latex=r"\log |\det {0}|", samples=_regular, traits=_REAL,
       js=FACTORED),
)  # fmt: skip
signdet = register(
    Op("signdet", ("a",), _number, "np.linalg.slogdet({0})[0]",
       vjp=lambda _g, _y, _a: (None,), latex=r"\operatorname{{sgn}} \det {0}",
       samples=_regular, traits=_REAL,
       js=FACTORED),
)  # fmt: skip


class SlogdetResult(NamedTuple):
    """Sign and logarithm of the absolute value of a determinant."""

    sign: Any
    logabsdet: Any


@spells(np.linalg.slogdet)
def slogdet(a: Any) -> SlogdetResult:
    """Give sign and logarithm of the absolute value of a determinant."""
    return SlogdetResult(signdet(a), logabsdet(a))


def half_diagonal(x: Any) -> Any:
    """Give the lower triangle, its diagonal halved."""
    return (tril(x) + tril(x, k=-1)) / 2


def _cholesky_vjp(g: Any, y: Any, _a: Any) -> tuple[Any]:
    # NumPy reads the lower triangle alone, so the gradient is a lower triangle: each
    # element below the diagonal stands for its mirror image as well.
    t = matrix_transpose(y)
    s = solve(t, matrix_transpose(solve(t, half_diagonal(matmul(t, g)))))
    return (half_diagonal(s + matrix_transpose(s)),)


def _definite(rng: Any) -> Any:
    a = rng.normal(size=(2, 3, 3))
    return (a @ np.swapaxes(a, -1, -2) + 3 * np.eye(3),), {}


cholesky = register(
    Op("cholesky", ("a",), square_spec, "np.linalg.cholesky({0})", vjp=_cholesky_vjp,
       latex=r"\operatorname{{chol}} {0}", samples=_definite, traits=_REAL,
       js=FACTORED),
)  # fmt: skip


@spells(np.linalg.cholesky)
def _cholesky(a: Any, *, upper: bool = False) -> Any:
    return matrix_transpose(cholesky(matrix_transpose(a))) if upper else cholesky(a)
