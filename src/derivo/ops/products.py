"""The other products of NumPy: dot, inner, outer, tensordot, kron, cross and so on."""

from __future__ import annotations

import operator
import string
from typing import Any

import numpy as np

from derivo.errors import ShapeError
from derivo.graph.dim import format_shape
from derivo.graph.op import Op
from derivo.graph.spec import Spec, promote
from derivo.ops.axes import moveaxis
from derivo.ops.catalogue import register, spells, younger
from derivo.ops.einsum import contract
from derivo.ops.index import getitem
from derivo.ops.join import stack
from derivo.ops.leaf import eye, made
from derivo.ops.linalg import matmul
from derivo.ops.reduce import sum_of
from derivo.ops.shape import LINEAR, as_array, as_shape, expand_dims, reshape, squeeze
from derivo.ops.solve import inv


def _flat(x: Any) -> Any:
    return x if np.ndim(x) == 1 else reshape(x, shape=(np.size(x),))


@spells(np.dot)
def dot(a: Any, b: Any) -> Any:
    """Sum products over the last axis of `a` and the last but one of `b`."""
    a, b = as_array(a), as_array(b)
    if not np.ndim(a) or not np.ndim(b):
        return a * b
    if np.ndim(b) <= 2:
        return matmul(a, b)
    return tensordot(a, b, axes=(-1, -2))


@spells(np.inner)
def inner(a: Any, b: Any) -> Any:
    """Sum products over the last axes."""
    a, b = as_array(a), as_array(b)
    if not np.ndim(a) or not np.ndim(b):
        return a * b
    return tensordot(a, b, axes=(-1, -1))


@spells(np.vdot)
def vdot(a: Any, b: Any) -> Any:
    """Sum the products of all elements."""
    a, b = as_array(a), as_array(b)
    return matmul(_flat(a), _flat(b)) if np.ndim(a) or np.ndim(b) else a * b


@spells(np.vecdot, np.linalg.vecdot)
def vecdot(x1: Any, x2: Any, axis: int = -1) -> Any:
    """Sum products along one axis."""
    x1, x2 = as_array(x1), as_array(x2)
    return sum_of(x1 * x2, axis=axis)


@spells(*younger("matvec"))
def matvec(x1: Any, x2: Any) -> Any:
    """Multiply matrices by vectors."""
    x1, x2 = as_array(x1), as_array(x2)
    if np.ndim(x2) == 1:
        return matmul(x1, x2)
    return squeeze(matmul(x1, expand_dims(x2, axis=-1)), axis=-1)


@spells(*younger("vecmat"))
def vecmat(x1: Any, x2: Any) -> Any:
    """Multiply vectors by matrices."""
    x1, x2 = as_array(x1), as_array(x2)
    if np.ndim(x1) == 1:
        return matmul(x1, x2)
    return squeeze(matmul(expand_dims(x1, axis=-2), x2), axis=-2)


spells(np.linalg.matmul)(matmul)


@spells(np.outer, np.linalg.outer)
def outer(a: Any, b: Any) -> Any:
    """Multiply every element of `a` by every element of `b`."""
    return expand_dims(_flat(as_array(a)), axis=1) * _flat(as_array(b))


@spells(np.tensordot, np.linalg.tensordot)
def tensordot(a: Any, b: Any, axes: Any = 2) -> Any:
    """Sum products over some axes of `a` and as many of `b`."""
    a, b = as_array(a), as_array(b)
    rank_a, rank_b = np.ndim(a), np.ndim(b)
    if isinstance(axes, int):
        of_a, of_b = list(range(rank_a - axes, rank_a)), list(range(axes))
    else:
        of_a, of_b = ([p] if isinstance(p, int) else list(p) for p in axes)
    letters = string.ascii_letters
    term_a, term_b = list(letters[:rank_a]), list(letters[rank_a : rank_a + rank_b])
    for i, j in zip(of_a, of_b, strict=True):
        term_b[j] = term_a[i]
    out = [c for c in term_a + term_b if (c in term_a) != (c in term_b)]
    return contract(f"{''.join(term_a)},{''.join(term_b)}->{''.join(out)}", a, b)


@spells(np.linalg.multi_dot)
def multi_dot(arrays: Any) -> Any:
    """Multiply matrices in a row."""
    first, *rest = (as_array(a) for a in arrays)
    for a in rest:
        first = matmul(first, a)
    return first


@spells(np.linalg.matrix_power)
def matrix_power(a: Any, n: int) -> Any:
    """Multiply a matrix by itself, `n` factors; squares are shared."""
    n = operator.index(n)
    if n < 0:
        return matrix_power(inv(a), -n)
    if not n:
        return a * 0 + made(eye, a, n=a.shape[-1], m=a.shape[-1])
    result, square = None, a
    while n:
        if n % 2:
            result = square if result is None else matmul(result, square)
        n //= 2
        square = matmul(square, square) if n else square
    return result


# --- Kronecker and cross products ----------------------------------------------------


def _kron_spec(a: Spec, b: Spec) -> Spec:
    if a.rank != b.rank or not a.rank:
        shapes = f"{format_shape(a.shape)} and {format_shape(b.shape)}"
        message = f"kron of {shapes}: the numbers of axes differ; reshape first"
        raise ShapeError(message)
    shape = tuple(m * n for m, n in zip(a.shape, b.shape, strict=True))
    return Spec(shape, promote(a.kind, b.kind))


def _kron_vjp(g: Any, _y: Any, a: Any, b: Any) -> tuple[Any, Any]:
    # Laid out as one axis of `a`, one of `b`, one of `a`, ...: an outer product.
    r = a.ndim
    pairs = tuple(d for pair in zip(a.shape, b.shape, strict=True) for d in pair)
    blocks = reshape(g, shape=pairs)
    all_of = string.ascii_letters[: 2 * r]
    of_a, of_b = all_of[::2], all_of[1::2]
    return (contract(f"{all_of},{of_b}->{of_a}", blocks, b),
            contract(f"{all_of},{of_a}->{of_b}", blocks, a))  # fmt: skip


kron = register(
    Op(
        "kron", ("a", "b"), _kron_spec, "np.kron({0}, {1})", vjp=_kron_vjp,
        latex=r"{0} \otimes {1}",
        samples=lambda rng: ((rng.normal(size=(2, 3)), rng.normal(size=(4, 2))), {}),
        traits=LINEAR,
        js="R.kron({0}, {1})",
    )
)  # fmt: skip


@spells(np.kron)
def _kron(a: Any, b: Any) -> Any:
    a, b = as_array(a), as_array(b)
    if not np.ndim(a) or not np.ndim(b):
        return a * b
    while np.ndim(a) < np.ndim(b):
        a = expand_dims(a, axis=0)
    while np.ndim(b) < np.ndim(a):
        b = expand_dims(b, axis=0)
    return kron(a, b)


@spells(np.cross)
def cross(
    a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: Any = None
) -> Any:
    """Give the vector product of vectors with three components, or with two."""
    if axis is not None:
        axisa = axisb = axisc = axis
    a, b = moveaxis(as_array(a), axisa, -1), moveaxis(as_array(b), axisb, -1)
    counts: Any = [as_shape(np.shape(v))[-1] for v in (a, b)]
    if any(n not in (2, 3) for n in counts):
        message = "np.cross needs two or three components on each side"
        raise ShapeError(message)
    a1, a2, *a_rest = (getitem(a, (Ellipsis, i)) for i in range(counts[0]))
    b1, b2, *b_rest = (getitem(b, (Ellipsis, i)) for i in range(counts[1]))
    if counts == [2, 2]:
        return a1 * b2 - a2 * b1
    a3, b3 = a_rest[0] if a_rest else 0 * a1, b_rest[0] if b_rest else 0 * b1
    parts = (a2 * b3 - a3 * b2, a3 * b1 - a1 * b3, a1 * b2 - a2 * b1)
    return moveaxis(stack(*parts, axis=np.ndim(parts[0])), -1, axisc)


spells(np.linalg.cross)(lambda x1, x2, axis=-1: cross(x1, x2, axis=axis))
