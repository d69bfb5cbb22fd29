"""Products of matrices, and what is built on them."""

from __future__ import annotations

from typing import Any

import numpy as np

from derivo.graph.dim import product
from derivo.graph.element import Product, Unscripted
from derivo.graph.op import Op
from derivo.ops.arithmetic import mul
from derivo.ops.axes import matrix_transpose
from derivo.ops.catalogue import CATALOGUE, register
from derivo.ops.diagonal import from_diagonal
from derivo.ops.infer import matmul as matmul_spec
from derivo.ops.leaf import eye, fill
from derivo.ops.shape import (
    as_shape,
    broadcast_to,
    expand_dims,
    reshape,
    transpose,
)
from derivo.ops.tidy import made_by, operands


def _matmul_vjp(g: Any, _y: Any, a: Any, b: Any) -> tuple[Any, Any]:
    # y[i,k] = sum_j a[i,j] b[j,k] gives g[i,k] b[j,k] summed over k for a, and
    # a[i,j] g[i,k] summed over i for b: hence the transposes.
    if a.ndim == 1 and b.ndim == 1:
        return g * b, g * a
    if a.ndim == 1:
        d_a = matmul(b, expand_dims(g, axis=-1))[..., 0]
        return d_a, expand_dims(a, axis=-1) * expand_dims(g, axis=-2)
    if b.ndim == 1:
        d_b = matmul(matrix_transpose(a), g) if a.ndim == 2 else None
        if d_b is None:
            d_b = matmul(matrix_transpose(a), expand_dims(g, axis=-1))[..., 0]
        return expand_dims(g, axis=-1) * b, d_b
    d_a = matmul(g, matrix_transpose(b))
    if b.ndim == 2 and a.ndim > 2:
        # One matrix against a stack: the stack is laid out as rows of one matrix.
        rows = product(as_shape(a.shape)[:-1])
        flat = reshape(a, shape=(rows, as_shape(a.shape)[-1]))
        flat_g = reshape(g, shape=(rows, as_shape(g.shape)[-1]))
        return d_a, matmul(matrix_transpose(flat), flat_g)
    return d_a, matmul(matrix_transpose(a), g)


def _subscripts(_attrs: Any, a: Any, b: Any) -> str:
    """Give the subscripts of ``a @ b``; none where a stack is copied."""
    stack_a, stack_b = a.shape[:-2], b.shape[:-2]
    if stack_a and stack_b and stack_a != stack_b:
        return ""
    stack = "abcdefgh"[: max(len(stack_a), len(stack_b))]
    row, column = "i" * (a.rank > 1), "k" * (b.rank > 1)
    left, right = stack * bool(stack_a) + row, stack * bool(stack_b)
    return f"{left}j,{right}j{column}->{stack}{row}{column}"


def _tidy_matmul(a: Any, b: Any) -> Any:
    for x, other, is_left in ((a, b, True), (b, a, False)):
        if _is_identity(x):
            return other
        for scale, identity in _scaled_identity(x):
            if _is_identity(identity):
                return scale * other
        for diagonal in _diagonal_of(x):
            rows = is_left and other.ndim > 1
            return (expand_dims(diagonal, axis=1) if rows else diagonal) * other
    return _summed(a, b) if a.ndim == b.ndim == 2 else None


def _summed(a: Any, b: Any) -> Any:
    """Give the product with a matrix of one number: all rows, or columns, are a sum.

    ``np.ones((n, m)) @ b`` has ``np.sum(b, axis=0)`` in each of its rows.
    """
    shape = (*as_shape(a.shape)[:1], *as_shape(b.shape)[1:])
    for x, other, axis in ((a, b, 0), (b, a, 1)):
        for number in _number_in(x):
            total = CATALOGUE["sum"](other, axis=axis, keepdims=True)
            return broadcast_to(number * total, shape=shape)
    return None


def _number_in(x: Any) -> list[Any]:
    """Give the number that fills an array."""
    if made_by(x, fill):
        return [x.node.attrs["value"]]
    return [n for n in operands(x, broadcast_to) if not n.ndim]


def _diagonal_of(x: Any) -> list[Any]:
    """Give the vector on the diagonal of ``np.diag(v)``, also where that is at hand."""
    node = x.node
    while node.op is transpose and node.attrs["axes"] == (1, 0):
        (node,) = node.inputs
    if node.op is not from_diagonal or node.attrs["offset"] or node.spec.rank != 2:
        return []
    n, m = node.spec.shape
    return [x.recorder.wrap(node.inputs[0])] if n == m else []


def _is_identity(x: Any) -> bool:
    attrs = x.node.attrs
    return made_by(x, eye) and bool(attrs["n"] == attrs["m"]) and not attrs["k"]


def _scaled_identity(x: Any) -> list[tuple[Any, Any]]:
    """Give the number and the matrix of ``c * np.eye(n)``."""
    pair = operands(x, mul)
    return [(c, e) for c, e in (pair, pair[::-1]) if not c.ndim] if pair else []


# Pages compute products and sums; these stay with NumPy.
FACTORED = Unscripted("takes a matrix apart, which a page leaves to NumPy")
matmul = register(
    Op(
        "matmul", ("a", "b"), matmul_spec, "{0} @ {1}", vjp=_matmul_vjp,
        latex=r"{0} {1}",
        samples=lambda rng: ((rng.normal(size=(3, 4)), rng.normal(size=(4, 2))), {}),
        traits=frozenset({"analytic"}), contraction=_subscripts, element=Product(),
        tidy=_tidy_matmul, called=("{0}_at_{1}", "product"),
        js="R.matmul({0}, {1})",
    ),
    np.matmul,
)  # fmt: skip
