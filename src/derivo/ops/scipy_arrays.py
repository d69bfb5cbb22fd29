"""Distances, signals and sparse matrices of SciPy, in NumPy's words."""

from __future__ import annotations

from typing import Any

import numpy as np

from derivo.errors import ShapeError
from derivo.graph.dim import format_shape
from derivo.graph.op import Op
from derivo.graph.spec import Spec, promote
from derivo.ops.axes import matrix_transpose
from derivo.ops.catalogue import SPELLINGS, register, spells_scipy
from derivo.ops.elementwise import abs_, sqrt, where
from derivo.ops.index import cut, gather, scatter_add
from derivo.ops.rearrange import flip, pad
from derivo.ops.reduce import max_of, sum_of
from derivo.ops.shape import as_array, as_shape, expand_dims

# --- distances ----------------------------------------------------------------------


def _safe_root(s: Any) -> Any:
    """Give the square root, with the slope 0 at 0: of the distance of equal points."""
    return where(s == 0, 0, sqrt(where(s == 0, 1, s)))


def _distance(a: Any, b: Any, metric: str, p: float) -> Any:
    """Give distances along the last axis."""
    d = a - b
    if metric in ("euclidean", "sqeuclidean"):
        squares = sum_of(d * d, axis=-1)
        return squares if metric == "sqeuclidean" else _safe_root(squares)
    if metric == "cityblock":
        return sum_of(abs_(d), axis=-1)
    if metric == "chebyshev":
        return max_of(abs_(d), axis=-1)
    if metric == "minkowski":
        total = sum_of(abs_(d) ** p, axis=-1)
        return where(total == 0, 0, where(total == 0, 1, total) ** (1 / p))
    if metric == "cosine":
        lengths = sqrt(sum_of(a * a, axis=-1)) * sqrt(sum_of(b * b, axis=-1))
        return 1 - sum_of(a * b, axis=-1) / lengths
    message = (
        f"the metric {metric!r} has no rule, only euclidean, sqeuclidean, cityblock, "
        "chebyshev, minkowski and cosine"
    )
    raise NotImplementedError(message)


@spells_scipy("spatial.distance.cdist")
def cdist(XA: Any, XB: Any, metric: str = "euclidean", *, p: float = 2) -> Any:
    """Give the distance of every row of one array to every row of another."""
    a, b = expand_dims(as_array(XA), axis=1), expand_dims(as_array(XB), axis=0)
    return _distance(a, b, metric, p)


@spells_scipy("spatial.distance.pdist")
def pdist(X: Any, metric: str = "euclidean", *, p: float = 2) -> Any:
    """Give the distances of all pairs of rows, one after the other."""
    n = as_shape(X.shape)[0]
    if not isinstance(n, int):
        message = "pdist needs the number of rows as a number; cdist(x, x) does not"
        raise ShapeError(message)
    i, j = np.triu_indices(n, 1)
    return _distance(gather(X, i, axis=0), gather(X, j, axis=0), metric, p)


# --- signals ------------------------------------------------------------------------


def convolution_of(a, v):  # type: ignore[no-untyped-def]
    """Slide the flipped `v` along `a`, and sum the products, along every axis."""
    windows = np.lib.stride_tricks.sliding_window_view(a, v.shape)
    return np.tensordot(windows, np.flip(v), v.ndim)


def _convolve_spec(a: Spec, v: Spec) -> Spec:
    if a.rank != v.rank:
        shapes = f"{format_shape(a.shape)} and {format_shape(v.shape)}"
        message = f"a convolution of {shapes}: the numbers of axes differ"
        raise ShapeError(message)
    shape = tuple(n - m + 1 for n, m in zip(a.shape, v.shape, strict=True))
    return Spec(shape, promote(a.kind, v.kind))


def _full(a: Any, v: Any) -> Any:
    widths = tuple((m - 1, m - 1) for m in as_shape(v.shape))
    return convolve_inside(pad(a, widths=widths), v)


def _convolve_vjp(g: Any, _y: Any, a: Any, v: Any) -> tuple[Any, Any]:
    return _full(g, flip(v)), convolve_inside(flip(a), g)


# Where the arrays overlap in full; other modes fill up the first with zeros.
convolve_inside: Op = register(
    Op(
        "convolve_inside", ("a", "v"), _convolve_spec, "convolution_of({0}, {1})",
        vjp=_convolve_vjp, latex="{0} * {1}", helpers=(convolution_of,),
        samples=lambda rng: ((rng.normal(size=(5, 4)), rng.normal(size=(2, 3))), {}),
        traits=frozenset({"analytic"}),
        js="R.convolve({0}, {1}, 'valid')",
    )
)  # fmt: skip


@spells_scipy("signal.convolve", "signal.fftconvolve", "signal.oaconvolve")
def convolve_of(in1: Any, in2: Any, mode: str = "full", method: str = "auto") -> Any:
    """Give the convolution of two arrays of equal rank."""
    del method  # the result is the same
    a, v = as_array(in1), as_array(in2)
    if np.ndim(a) != np.ndim(v):
        _convolve_spec(Spec(as_shape(np.shape(a))), Spec(as_shape(np.shape(v))))
    if np.ndim(a) == 1 and mode != "same":
        return SPELLINGS[np.convolve](a, v, mode)
    n: Any = as_shape(np.shape(a))
    m: Any = as_shape(np.shape(v))
    if mode == "valid":
        known = all(isinstance(d, int) for d in (*n, *m))
        turned = known and all(p <= q for p, q in zip(n, m, strict=True)) and n != m
        return convolve_inside(v, a) if turned else convolve_inside(a, v)
    if mode not in ("full", "same"):
        message = f"mode {mode!r} has no rule, only 'full', 'same' and 'valid'"
        raise NotImplementedError(message)
    y = _full(a, v)
    for axis in range(np.ndim(a)) if mode == "same" else ():
        start = (m[axis] - 1) // 2
        y = cut(y, axis, start, start + n[axis])
    return y


@spells_scipy("signal.convolve2d")
def convolve2d(in1: Any, in2: Any, mode: str = "full") -> Any:
    """Give the convolution of two matrices."""
    return convolve_of(in1, in2, mode)


@spells_scipy("signal.correlate", "signal.correlate2d")
def correlate_of(in1: Any, in2: Any, mode: str = "full", method: str = "auto") -> Any:
    """Slide one array along another, and sum the products."""
    return convolve_of(in1, flip(as_array(in2)), mode, method)


# --- sparse matrices ----------------------------------------------------------------


def _times_dense(matrix: Any, x: Any) -> Any:
    """Multiply a sparse matrix by a traced array: take, scale, add up."""
    entries = matrix.tocoo()
    taken = gather(x, entries.col.astype(np.int64), axis=0)
    data = np.asarray(entries.data, float)
    for _ in range(x.ndim - 1):
        data = data[:, None]
    shape = (entries.shape[0], *as_shape(x.shape)[1:])
    n = as_shape(x.shape)[0]
    if n != entries.shape[1]:
        message = f"a sparse matrix of shape {entries.shape} times {x.node.spec}"
        raise ShapeError(message)
    places = entries.row.astype(np.int64)
    return scatter_add(taken * data, places, shape=shape, axis=0)


def _dense_times(matrix: Any, x: Any) -> Any:
    if x.ndim == 1:
        return _times_dense(matrix.T, x)
    return matrix_transpose(_times_dense(matrix.T, matrix_transpose(x)))


for _class in ("coo_array", "coo_matrix"):
    for _method in ("__matmul__", "dot"):
        spells_scipy(f"sparse.{_class}.{_method}")(_times_dense)
    spells_scipy(f"sparse.{_class}.__rmatmul__")(_dense_times)
spells_scipy("sparse.coo_matrix.__mul__")(_times_dense)
