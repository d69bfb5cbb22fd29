"""Distances, signals and sparse matrices of SciPy, in NumPy's words."""

from __future__ import annotations

from collections.abc import Callable
from math import isqrt
from typing import Any, NamedTuple

import numpy as np

from derivo.errors import ShapeError
from derivo.graph.dim import format_shape
from derivo.graph.op import Op
from derivo.graph.spec import Spec, promote
from derivo.ops.axes import matrix_transpose
from derivo.ops.catalogue import SPELLINGS, register, spells_scipy
from derivo.ops.elementwise import abs_, sqrt, where
from derivo.ops.index import cut, gather, scatter_add
from derivo.ops.join import concatenate
from derivo.ops.rearrange import flip, pad
from derivo.ops.reduce import max_of, mean, sum_of
from derivo.ops.shape import as_array, as_shape, expand_dims
from derivo.ops.solve import inv
from derivo.ops.statistics import cov, var

# --- distances ----------------------------------------------------------------------


def _safe_root(s: Any) -> Any:
    """Give the square root, with the slope 0 at 0: of the distance of equal points."""
    return where(s == 0, 0, sqrt(where(s == 0, 1, s)))


def _quotient(a: Any, b: Any) -> Any:
    """Divide, and give 0 for nothing of nothing."""
    return where(b == 0, 0, a / where(b == 0, 1, b))


def _minkowski(d: Any, p: float, w: Any) -> Any:
    total = _summed(abs_(d) ** p, w)
    return where(total == 0, 0, where(total == 0, 1, total) ** (1 / p))


def _cosine(a: Any, b: Any) -> Any:
    lengths = sqrt(sum_of(a * a, axis=-1)) * sqrt(sum_of(b * b, axis=-1))
    return 1 - sum_of(a * b, axis=-1) / lengths


def _centred(a: Any) -> Any:
    return a - mean(a, axis=-1, keepdims=True)


def _summed(x: Any, w: Any) -> Any:
    return sum_of(x if w is None else w * x, axis=-1)


# Of arrays that are broadcast: distances along the last axis, with weights there.
_WEIGHTED: dict[str, Callable[..., Any]] = {
    "euclidean": lambda a, b, w, _p: _safe_root(_summed((a - b) ** 2, w)),
    "sqeuclidean": lambda a, b, w, _p: _summed((a - b) ** 2, w),
    "cityblock": lambda a, b, w, _p: _summed(abs_(a - b), w),
    "minkowski": lambda a, b, w, p: _minkowski(a - b, p, w),
    "canberra": lambda a, b, w, _p: (
        _summed(_quotient(abs_(a - b), abs_(a) + abs_(b)), w)
    ),
    "braycurtis": lambda a, b, w, _p: _summed(abs_(a - b), w) / _summed(abs_(a + b), w),
}  # fmt: skip
_PLAIN: dict[str, Callable[..., Any]] = {
    "chebyshev": lambda a, b: max_of(abs_(a - b), axis=-1),
    "cosine": _cosine,
    "correlation": lambda a, b: _cosine(_centred(a), _centred(b)),
}


class _Measure(NamedTuple):
    """A metric, with what its function may be given."""

    metric: str
    p: float = 2
    w: Any = None
    V: Any = None
    VI: Any = None

    def between(self, a: Any, b: Any, every: Any) -> Any:
        """Give distances along the last axis; `every` gives all rows together."""
        if self.metric in _WEIGHTED:
            w = None if self.w is None else as_array(self.w)
            return _WEIGHTED[self.metric](a, b, w, self.p)
        if self.w is not None:
            message = f"weights of the metric {self.metric!r} have no rule"
            raise NotImplementedError(message)
        if self.metric in _PLAIN:
            return _PLAIN[self.metric](a, b)
        if self.metric == "seuclidean":
            spread = var(every(), axis=0, ddof=1) if self.V is None else self.V
            return _safe_root(sum_of((a - b) ** 2 / as_array(spread), axis=-1))
        if self.metric == "mahalanobis":
            inverse = inv(cov(every(), rowvar=False)) if self.VI is None else self.VI
            return _safe_root(sum_of(((a - b) @ as_array(inverse)) * (a - b), axis=-1))
        known = ", ".join((*_WEIGHTED, *_PLAIN, "seuclidean", "mahalanobis"))
        message = f"the metric {self.metric!r} has no rule, only {known}"
        raise NotImplementedError(message)


@spells_scipy("spatial.distance.cdist")
def cdist(
    XA: Any, XB: Any, metric: str = "euclidean", *, p: float = 2, w: Any = None,
    V: Any = None, VI: Any = None,
) -> Any:  # fmt: skip
    """Give the distance of every row of one array to every row of another."""
    x, y = as_array(XA), as_array(XB)
    a, b = expand_dims(x, axis=1), expand_dims(y, axis=0)
    measure = _Measure(metric, p, w, V, VI)
    return measure.between(a, b, lambda: concatenate(x, y, axis=0))


@spells_scipy("spatial.distance.squareform")
def squareform(X: Any, force: str = "no", checks: bool = True) -> Any:
    """Turn distances of pairs into a symmetric matrix of them, and back."""
    del force, checks
    x = as_array(X)
    n = as_shape(np.shape(x))[0]
    if not isinstance(n, int):
        message = "squareform needs the size of its argument as a number"
        raise ShapeError(message)
    if np.ndim(x) > 1:
        i, j = np.triu_indices(n, 1)
        return x[i, j]
    rows = (1 + isqrt(1 + 8 * n)) // 2
    if rows * (rows - 1) // 2 != n:
        message = f"squareform: {n} is no number of pairs, as 1, 3, 6, 10 are"
        raise ShapeError(message)
    i, j = np.triu_indices(rows, 1)
    places = np.full((rows, rows), n)
    places[i, j] = places[j, i] = np.arange(n)
    return gather(pad(x, widths=((0, 1),)), places, axis=0)


@spells_scipy("spatial.distance.pdist")
def pdist(
    X: Any, metric: str = "euclidean", *, p: float = 2, w: Any = None, V: Any = None,
    VI: Any = None,
) -> Any:  # fmt: skip
    """Give the distances of all pairs of rows, one after the other."""
    n = as_shape(X.shape)[0]
    if not isinstance(n, int):
        message = "pdist needs the number of rows as a number; cdist(x, x) does not"
        raise ShapeError(message)
    i, j = np.triu_indices(n, 1)
    measure = _Measure(metric, p, w, V, VI)
    return measure.between(gather(X, i, axis=0), gather(X, j, axis=0), lambda: X)


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


_BOUNDARIES = {"fill": "constant", "wrap": "wrap", "symm": "symmetric"}


@spells_scipy("signal.convolve2d")
def convolve2d(
    in1: Any, in2: Any, mode: str = "full", boundary: str = "fill", fillvalue: Any = 0
) -> Any:
    """Give the convolution of two matrices."""
    return _convolve2d(in1, as_array(in2), mode, boundary, fillvalue, turned=False)


@spells_scipy("signal.correlate2d")
def correlate2d(
    in1: Any, in2: Any, mode: str = "full", boundary: str = "fill", fillvalue: Any = 0
) -> Any:
    """Slide one matrix along another, and sum the products."""
    v = flip(as_array(in2))
    return _convolve2d(in1, v, mode, boundary, fillvalue, turned=True)


def _convolve2d(
    in1: Any, v: Any, mode: str, boundary: str, value: Any, *, turned: bool
) -> Any:
    """Give a convolution with what is said to lie around the first matrix.

    In the mode "same" a kernel of an even size lies further to one side for a
    correlation (`turned`) than for a convolution.
    """
    if mode == "valid":
        return convolve_of(in1, v, mode)
    if mode not in ("full", "same") or boundary not in _BOUNDARIES:
        message = (
            f"mode {mode!r} with boundary {boundary!r} has no rule: modes are full, "
            "same and valid, the boundaries fill, wrap and symm"
        )
        raise NotImplementedError(message)
    a, m = as_array(in1), as_shape(np.shape(v))
    widths = tuple((size - 1, size - 1) for size in m)
    around = {"constant_values": value} if boundary == "fill" else {}
    padded = SPELLINGS[np.pad](a, widths, _BOUNDARIES[boundary], **around)
    y = convolve_inside(padded, v)
    for axis in (0, 1) if mode == "same" else ():
        start = (m[axis] - 1 + turned) // 2
        y = cut(y, axis, start, start + as_shape(np.shape(a))[axis])
    return y


@spells_scipy("signal.correlate")
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
