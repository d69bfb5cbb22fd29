"""``scipy.linalg``, distances, signals and sparse matrices, in NumPy's words.

What SciPy does with half of a matrix is spelled out: `np.tril`, `np.triu`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from derivo.errors import ShapeError
from derivo.graph.op import Op
from derivo.graph.spec import Spec
from derivo.ops import scipy_text as text
from derivo.ops.axes import matrix_transpose
from derivo.ops.catalogue import SPELLINGS, register, spells_scipy
from derivo.ops.decompose import EighResult, eigh, eigvalsh
from derivo.ops.diagonal import tril, triu
from derivo.ops.elementwise import where
from derivo.ops.index import cut, gather, getitem
from derivo.ops.join import concatenate, joined
from derivo.ops.leaf import eye, made
from derivo.ops.least_squares import pinv
from derivo.ops.linalg import FACTORED, matmul
from derivo.ops.norm import norm
from derivo.ops.rearrange import flip, pad
from derivo.ops.shape import as_array, as_shape, expand_dims
from derivo.ops.solve import cholesky, det, inv, solve, square_spec

F = TypeVar("F", bound=Callable[..., Any])
_CHECKS = {"check_finite", "overwrite_a", "overwrite_b", "overwrite_c"}


def _as_columns(a: Any, b: Any) -> Any:
    """Solve as SciPy does: the right side is a vector or columns, for one matrix."""
    return solve(as_array(a), as_array(b))


def _spelled(*places: str) -> Callable[[F], F]:
    """Mark a spelling that takes, and needs not, what says how SciPy works."""

    def mark(handler: F) -> F:
        def call(*args: Any, **options: Any) -> Any:
            kept = {k: v for k, v in options.items() if k not in _CHECKS}
            return handler(*args, **kept)

        spells_scipy(*places)(call)
        return handler

    return mark


# --- solving ------------------------------------------------------------------------


@_spelled("linalg.solve")
def solve_of(
    a: Any, b: Any, lower: bool = False, assume_a: Any = None, transposed: bool = False
) -> Any:
    """Solve a linear system; of a symmetric matrix one half is read."""
    a = as_array(a)
    if assume_a in ("sym", "her", "pos", "symmetric", "hermitian", "positive definite"):
        a = mirrored(a, lower=lower)
    elif assume_a in ("upper triangular", "lower triangular"):
        a = tril(a, k=0) if assume_a.startswith("lower") else triu(a, k=0)
    return _as_columns(matrix_transpose(a) if transposed else a, b)


def mirrored(a: Any, *, lower: bool) -> Any:
    """Give the symmetric matrix of which one half is read."""
    half = tril(a, k=0) if lower else triu(a, k=0)
    rest = tril(a, k=-1) if lower else triu(a, k=1)
    return half + matrix_transpose(rest)


@_spelled("linalg.solve_triangular")
def solve_triangular(
    a: Any, b: Any, trans: Any = 0, lower: bool = False, unit_diagonal: bool = False
) -> Any:
    """Solve a triangular system: the other half of the matrix is not read."""
    a = as_array(a)
    if unit_diagonal:
        n = a.shape[-1]
        a = (tril(a, k=-1) if lower else triu(a, k=1)) + made(eye, a, n=n, m=n)
    else:
        a = tril(a, k=0) if lower else triu(a, k=0)
    return _as_columns(matrix_transpose(a) if trans in (1, 2, "T", "C") else a, b)


def _factor(a: Any, *, lower: bool) -> Any:
    a = as_array(a)
    return cholesky(a) if lower else matrix_transpose(cholesky(matrix_transpose(a)))


@_spelled("linalg.cholesky")
def cholesky_of(a: Any, lower: bool = False) -> Any:
    """Give the Cholesky factor: the upper one unless the lower is asked for."""
    return _factor(a, lower=lower)


@_spelled("linalg.cho_factor")
def cho_factor(a: Any, lower: bool = False) -> tuple[Any, bool]:
    """Give the Cholesky factor and which it is; the other half holds zeros here."""
    return _factor(a, lower=lower), lower


@_spelled("linalg.cho_solve")
def cho_solve(c_and_lower: tuple[Any, bool], b: Any) -> Any:
    """Solve a system of which the Cholesky factor is given."""
    c, lower = c_and_lower
    once = solve_triangular(c, b, trans=0 if lower else 1, lower=lower)
    return solve_triangular(c, once, trans=1 if lower else 0, lower=lower)


spells_scipy("linalg.inv")(lambda a, **_: inv(as_array(a)))
spells_scipy("linalg.det")(lambda a, **_: det(as_array(a)))


@_spelled("linalg.norm")
def norm_of(a: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    """Give a norm, as NumPy does."""
    return norm(as_array(a), ord, axis, keepdims)


def _numpys(function: Any, *places: str, **fixed: Any) -> None:
    """Let a function of SciPy be spelled as that of NumPy is."""

    def call(*args: Any, **options: Any) -> Any:
        options.pop("check_finite", None)
        return SPELLINGS[function](*args, **{**fixed, **options})

    spells_scipy(*places)(call)


_numpys(np.linalg.svd, "linalg.svd")
_numpys(np.linalg.svdvals, "linalg.svdvals")
spells_scipy("linalg.pinv")(lambda a: pinv(as_array(a)))


@_spelled("linalg.lstsq")
def lstsq_of(a: Any, b: Any) -> Any:
    """Give the least squares solution, and what SciPy gives beside it."""
    return SPELLINGS[np.linalg.lstsq](a, b)


@_spelled("linalg.qr")
def qr_of(a: Any, mode: str = "full") -> Any:
    """Give the orthogonal and the triangular factor."""
    names = {"economic": "reduced", "full": "complete", "r": "r"}
    if mode == "r" and as_shape(a.shape)[-1] != as_shape(a.shape)[-2]:
        message = "qr(mode='r') of SciPy gives rows of zeros; write mode='economic'"
        raise NotImplementedError(message)
    result = SPELLINGS[np.linalg.qr](as_array(a), names.get(mode, mode))
    return (result,) if mode == "r" else result


@_spelled("linalg.eigh")
def eigh_of(
    a: Any, b: Any = None, *, lower: bool = True, eigvals_only: bool = False
) -> Any:
    """Give eigenvalues and eigenvectors of a symmetric matrix, or of a pair."""
    a = as_array(a) if lower else matrix_transpose(as_array(a))
    if b is None:
        if eigvals_only:
            return eigvalsh(a)
        y = eigh(a)
        return EighResult(getitem(y, 0), cut(y, 0, 1, None))
    # b = L L': the pair has the eigenvalues of inv(L) a inv(L)'.
    factor = _factor(b if lower else matrix_transpose(as_array(b)), lower=True)
    a = mirrored(a, lower=True)
    reduced = solve(factor, matrix_transpose(solve(factor, a)))
    if eigvals_only:
        return eigvalsh(reduced)
    y = eigh(reduced)
    return EighResult(
        getitem(y, 0), solve(matrix_transpose(factor), cut(y, 0, 1, None))
    )


@_spelled("linalg.eigvalsh")
def eigvalsh_of(a: Any, b: Any = None, *, lower: bool = True) -> Any:
    """Give the eigenvalues of a symmetric matrix, or of a pair."""
    return eigh_of(a, b, lower=lower, eigvals_only=True)


# --- the exponential of a matrix ----------------------------------------------------


def _expm_vjp(g: Any, _y: Any, a: Any) -> tuple[Any]:
    # The derivative in the direction G stands in the corner of the exponential of the
    # blocks A', G, 0, A': N. J. Higham, Functions of Matrices (2008), equation 10.49.
    t, n = matrix_transpose(a), as_shape(a.shape)[-1]
    last = a.ndim - 1
    above = concatenate(t, g, axis=last)
    below = concatenate(0 * t, t, axis=last)
    whole = expm(concatenate(above, below, axis=last - 1))
    return (cut(cut(whole, last - 1, None, n), last, n, None),)


expm: Op = register(
    Op(
        "expm", ("a",), square_spec, "expm_scipy({0})", vjp=_expm_vjp,
        latex="e^{{{0}}}", helpers=(text.expm_scipy,), traits=frozenset({"floating"}),
        samples=lambda rng: ((rng.normal(size=(2, 3, 3)) * 0.4,), {}),
        js=FACTORED,
    )
)  # fmt: skip
spells_scipy("linalg.expm")(lambda A: expm(as_array(A)))


def _sylvester_spec(a: Spec, b: Spec, q: Spec) -> Spec:
    rows, columns = square_spec(a).shape[-1], square_spec(b).shape[-1]
    if q.shape != (rows, columns) or a.rank != 2 or b.rank != 2:
        message = (
            f"solve_sylvester: a {a}, b {b} and q {q} do not fit; a is (N, N), "
            "b (M, M) and q (N, M)"
        )
        raise ShapeError(message)
    return Spec(q.shape, "float")


def _sylvester_vjp(g: Any, y: Any, a: Any, b: Any, _q: Any) -> tuple[Any, Any, Any]:
    # The adjoint of the linear map x -> a x + x b is x -> a' x + x b'.
    s = solve_sylvester(matrix_transpose(a), matrix_transpose(b), g)
    t = matrix_transpose(y)
    return -matmul(s, t), -matmul(t, s), s


solve_sylvester: Op = register(
    Op(
        "solve_sylvester", ("a", "b", "q"), _sylvester_spec,
        "sylvester_scipy({0}, {1}, {2})", vjp=_sylvester_vjp,
        helpers=(text.sylvester_scipy,), traits=frozenset({"floating"}),
        samples=lambda rng: (
            (rng.normal(size=(3, 3)) + 3 * np.eye(3),
             rng.normal(size=(2, 2)) + 3 * np.eye(2), rng.normal(size=(3, 2))), {},
        ),
        js=FACTORED,
    )
)  # fmt: skip
spells_scipy("linalg.solve_sylvester")(
    lambda a, b, q: solve_sylvester(*map(as_array, (a, b, q)))
)


@_spelled("linalg.solve_banded")
def solve_banded(l_and_u: tuple[int, int], ab: Any, b: Any) -> Any:
    """Solve a system of which the diagonals are given, the upper ones first."""
    ab, (below, above) = as_array(ab), l_and_u
    n = as_shape(ab.shape)[-1]
    if not isinstance(n, int) or as_shape(ab.shape)[0] != below + above + 1:
        message = (
            f"solve_banded: ab has the shape {ab.shape}; {below} diagonals below and "
            f"{above} above need {below + above + 1} rows, and the size is a number"
        )
        raise ShapeError(message)
    i, j = np.indices((n, n))
    row = above + i - j
    inside = (row >= 0) & (row <= below + above)
    return _as_columns(where(inside, ab[np.where(inside, row, 0), j], 0.0), b)


@spells_scipy("linalg.block_diag")
def block_diag(*arrs: Any) -> Any:
    """Put matrices along the diagonal of a matrix of zeros."""
    parts = [as_array(p) for p in arrs]
    parts = [expand_dims(p, axis=0) if np.ndim(p) == 1 else p for p in parts]
    widths: Any = [as_shape(p.shape)[1] for p in parts]
    rows = []
    for k, p in enumerate(parts):
        before, after = sum(widths[:k]), sum(widths[k + 1 :])
        rows.append(pad(p, widths=((0, 0), (before, after))))
    return joined(rows, 0)


@spells_scipy("linalg.toeplitz")
def toeplitz(c: Any, r: Any = None) -> Any:
    """Give the matrix whose diagonals are constant."""
    c = as_array(c)
    r = c if r is None else as_array(r)
    n, m = _known(c, "toeplitz"), _known(r, "toeplitz")
    values = joined([flip(cut(r, 0, 1, None)), c])
    return gather(values, np.arange(n)[:, None] - np.arange(m) + m - 1, axis=0)


@spells_scipy("linalg.circulant")
def circulant(c: Any) -> Any:
    """Give the matrix whose columns are a vector, turned further and further."""
    c = as_array(c)
    n = _known(c, "circulant")
    return gather(c, (np.arange(n)[:, None] - np.arange(n)) % n, axis=0)


@spells_scipy("linalg.hankel")
def hankel(c: Any, r: Any = None) -> Any:
    """Give the matrix whose diagonals across are constant."""
    c = as_array(c)
    n = _known(c, "hankel")
    r = 0 * c if r is None else as_array(r)
    m = _known(r, "hankel")
    values = joined([c, cut(r, 0, 1, None)])
    return gather(values, np.arange(n)[:, None] + np.arange(m), axis=0)


def _known(x: Any, what: str) -> int:
    n = as_shape(np.shape(x))[0]
    if not isinstance(n, int):
        message = f"{what} needs the sizes of its vectors as numbers"
        raise ShapeError(message)
    return n
