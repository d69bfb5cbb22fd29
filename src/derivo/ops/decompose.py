"""Eigenvalues and singular values.

Rules: M. B. Giles, Collected matrix derivative results (2008), section 3, for
eigenvalues; J. Townsend, Differentiating the singular value decomposition (2016).

Where eigenvalues or singular values are equal their vectors are not determined, and the
part of the gradient that mixes them is left out.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from derivo.errors import ShapeError
from derivo.graph.dim import format_shape, smaller
from derivo.graph.op import Op
from derivo.graph.spec import Spec
from derivo.ops import matrix_functions as plain
from derivo.ops.axes import matrix_transpose
from derivo.ops.catalogue import register, spells
from derivo.ops.elementwise import where
from derivo.ops.index import cut, slice_
from derivo.ops.join import concatenate
from derivo.ops.linalg import FACTORED, matmul
from derivo.ops.shape import as_shape, expand_dims
from derivo.ops.solve import as_matrix, half_diagonal, square_spec

_REAL = frozenset({"floating"})


def matrix_sides(a: Spec) -> tuple[Any, ...]:
    """Give the sizes of the last two axes."""
    if a.rank < 2:
        message = f"a matrix is needed, not the shape {format_shape(a.shape)}"
        raise ShapeError(message)
    return a.shape[-2:]


def rows(x: Any, start: Any, stop: Any) -> Any:
    """Take some of the rows of matrices."""
    return cut(x, x.ndim - 2, start, stop)


def _row(x: Any, k: int) -> Any:
    whole = ("cut", None, None, None)
    return slice_(x, index=((whole,) * (x.ndim - 2)) + (("at", k), whole))


def _columns_times(x: Any, factors: Any) -> Any:
    return x * expand_dims(factors, axis=-2)


def _gaps(values: Any) -> Any:
    """Give 1 / (value j - value i), and 0 where they are equal."""
    gap = expand_dims(values, axis=-2) - expand_dims(values, axis=-1)
    return where(gap == 0, 0, 1 / where(gap == 0, 1, gap))


# --- symmetric matrices ---------------------------------------------------------------


def _symmetric(rng: Any) -> Any:
    a = rng.normal(size=(2, 3, 3))
    return (a + np.swapaxes(a, -1, -2) + np.diag([0.0, 3.0, 7.0]),), {}


def _eigh_spec(a: Spec, uplo: str) -> Spec:  # noqa: ARG001
    shape = square_spec(a).shape
    return Spec((*shape[:-2], shape[-1] + 1, shape[-1]), "float")


def _lower(s: Any) -> Any:
    """Give the gradient for what NumPy reads: the lower triangle.

    Each element below the diagonal stands for its mirror image as well.
    """
    return half_diagonal(s + matrix_transpose(s))


def _eigh_vjp(g: Any, y: Any, _a: Any, *, uplo: str) -> tuple[Any]:
    w, v = _row(y, 0), rows(y, 1, None)
    g_w, g_v = rows(g, None, 1), rows(g, 1, None)
    t = matrix_transpose(v)
    mixed = matmul(v, _gaps(w) * matmul(t, g_v)) + v * g_w
    read = _lower(matmul(mixed, t))
    return (read if uplo == "L" else matrix_transpose(read),)


eigh = register(
    Op(
        "eigh", ("a",), _eigh_spec, "eigh_stacked({0}, uplo={uplo})", vjp=_eigh_vjp,
        latex=r"\operatorname{{eigh}} {0}", attrs={"uplo": "L"}, samples=_symmetric,
        traits=_REAL, helpers=(plain.eigh_stacked,),
        js=FACTORED,
    )
)  # fmt: skip


def _eigvalsh_vjp(g: Any, _y: Any, a: Any) -> tuple[Any]:
    v = rows(eigh(a), 1, None)
    return (_lower(matmul(_columns_times(v, g), matrix_transpose(v))),)


eigvalsh = register(
    Op(
        "eigvalsh", ("a",), lambda a: Spec(square_spec(a).shape[:-1], "float"),
        "np.linalg.eigvalsh({0})", vjp=_eigvalsh_vjp, latex=r"\lambda({0})",
        samples=_symmetric, traits=_REAL,
        js=FACTORED,
    )
)  # fmt: skip


class EighResult(NamedTuple):
    """Eigenvalues and eigenvectors."""

    eigenvalues: Any
    eigenvectors: Any


def _triangle(which: str) -> str:
    if which.upper() not in ("L", "U"):
        message = f"UPLO={which!r} is neither 'L' nor 'U'"
        raise ShapeError(message)
    return which.upper()


# The upper triangle is not read as the lower one of the transpose: the signs of the
# eigenvectors may be others then.
@spells(np.linalg.eigh)
def _eigh(a: Any, UPLO: str = "L") -> EighResult:
    y = eigh(a, uplo=_triangle(UPLO))
    return EighResult(_row(y, 0), rows(y, 1, None))


@spells(np.linalg.eigvalsh)
def _eigvalsh(a: Any, UPLO: str = "L") -> Any:
    return eigvalsh(matrix_transpose(a) if _triangle(UPLO) == "U" else a)


# --- singular values ------------------------------------------------------------------


def draw_oblong(rng: Any) -> Any:
    """Draw tall matrices whose singular values are far apart."""
    return (rng.normal(size=(2, 4, 3)) + 3 * np.eye(4, 3) * np.array([1, 2, 3]),), {}


def _svd_spec(a: Spec) -> Spec:
    m, n = matrix_sides(a)
    return Spec((*a.shape[:-2], m + n + 1, smaller(m, n)), "float")


def _svd_parts(y: Any, a: Any) -> tuple[Any, Any, Any]:
    m = as_shape(a.shape)[-2]
    return rows(y, 1, m + 1), _row(y, 0), rows(y, m + 1, None)


def _svd_vjp(g: Any, y: Any, a: Any) -> tuple[Any]:
    u, s, v = _svd_parts(y, a)
    g_u, g_s, g_v = _svd_parts(g, a)
    f, s, g_s = _gaps(s * s), expand_dims(s, axis=-2), expand_dims(g_s, axis=-2)
    in_u, in_v = matmul(matrix_transpose(u), g_u), matmul(matrix_transpose(v), g_v)
    turn_u = f * (in_u - matrix_transpose(in_u))
    turn_v = f * (in_v - matrix_transpose(in_v))
    inner = turn_u * s + matrix_transpose(s) * turn_v
    left = matmul(u, inner) + u * g_s + (g_u - matmul(u, in_u)) / s
    outside = (g_v - matmul(v, in_v)) / s
    t = matrix_transpose
    return (matmul(left, t(v)) + matmul(u, t(outside)),)


svd = register(
    Op(
        "svd", ("a",), _svd_spec, "svd_stacked({0})", vjp=_svd_vjp,
        latex=r"\operatorname{{svd}} {0}", samples=draw_oblong, traits=_REAL,
        helpers=(plain.svd_stacked,),
        js=FACTORED,
    )
)  # fmt: skip


def _svdvals_vjp(g: Any, _y: Any, a: Any) -> tuple[Any]:
    u, _, v = _svd_parts(svd(a), a)
    return (matmul(_columns_times(u, g), matrix_transpose(v)),)


svdvals = register(
    Op(
        "svdvals", ("a",),
        lambda a: Spec((*a.shape[:-2], smaller(*matrix_sides(a))), "float"),
        "np.linalg.svd({0}, compute_uv=False)", vjp=_svdvals_vjp,
        latex=r"\sigma({0})", samples=draw_oblong, traits=_REAL,
        js=FACTORED,
    )
)  # fmt: skip
spells(np.linalg.svdvals)(svdvals)


class SVDResult(NamedTuple):
    """Left singular vectors, singular values, right singular vectors in rows."""

    U: Any
    S: Any
    Vh: Any


@spells(np.linalg.svd)
def _svd(a: Any, full_matrices: bool = True, compute_uv: bool = True) -> Any:
    if not compute_uv:
        return svdvals(a)
    m, n = as_shape(a.shape)[-2:]
    if full_matrices and m != n:
        message = (
            "the vectors that fill up the larger side have no derivative; write "
            "full_matrices=False, or compute_uv=False for the singular values alone"
        )
        raise NotImplementedError(message)
    u, s, v = _svd_parts(svd(a), a)
    return SVDResult(u, s, matrix_transpose(v))


# The matrix norms that are made of singular values.
def _steepest_vjp(g: Any, _y: Any, a: Any, *, ord: Any) -> tuple[Any]:
    # Through the singular vectors: which of them count must be known.
    y = svd(a)
    u, s, v = _svd_parts(y, a)
    count: Any = as_shape(s.shape)[-1]
    if not isinstance(count, int):
        message = (
            f"the second derivative of a norm of a matrix of shape "
            f"{format_shape(as_shape(a.shape)[-2:])} needs the sizes as numbers"
        )
        raise ShapeError(message)
    kept = {"nuc": slice(None), 2: slice(1), -2: slice(-1, None)}[ord]
    keep = np.zeros(count)
    keep[kept] = 1.0
    d_u, d_v = matmul(g, v) * keep, matmul(matrix_transpose(g), u) * keep
    packed = concatenate(expand_dims(0 * s, axis=-2), d_u, d_v, axis=a.ndim - 2)
    return _svd_vjp(packed, y, a)


def _text_of_norm(_attrs: Any, a: Any) -> str:
    axes = ", axis=(-2, -1)" if len(a.shape) > 2 else ""
    return f"np.linalg.norm({{0}}, {{ord}}{axes})"


steepest = register(
    Op(
        "steepest", ("a",), lambda a, **_: Spec(a.shape, "float"),
        "steepest_of({0}, {ord})", vjp=_steepest_vjp, attrs={"ord": None},
        samples=lambda rng: (draw_oblong(rng)[0], {"ord": "nuc"}), traits=_REAL,
        helpers=(plain.steepest_of,),
        js=FACTORED,
    )
)  # fmt: skip
singular_norm = register(
    Op(
        "singular_norm", ("a",), lambda a, **_: Spec(a.shape[:-2], "float"),
        _text_of_norm,
        vjp=lambda g, _y, a, *, ord: (as_matrix(g) * steepest(a, ord=ord),),
        latex=r"\left\|{0}\right\|", attrs={"ord": None},
        samples=lambda rng: (draw_oblong(rng)[0], {"ord": 2}), traits=_REAL,
        js=FACTORED,
    )
)  # fmt: skip


@spells(np.linalg.cond)
def cond(x: Any, p: Any = None) -> Any:
    """Give the condition number of matrices."""
    if p in (None, 2, -2):
        largest, smallest = singular_norm(x, ord=2), singular_norm(x, ord=-2)
        return smallest / largest if p == -2 else largest / smallest
    return np.linalg.norm(x, p, axis=(-2, -1)) * np.linalg.norm(
        np.linalg.inv(x), p, axis=(-2, -1)
    )


matrix_rank = register(
    Op(
        "matrix_rank", ("a",), lambda a: Spec(a.shape[:-2], "int"),
        "np.linalg.matrix_rank({0})", vjp=lambda _g, _y, _a: (None,),
        latex=r"\operatorname{{rank}} {0}", samples=draw_oblong,
        js=FACTORED,
    )
)  # fmt: skip
spells(np.linalg.matrix_rank)(matrix_rank)
