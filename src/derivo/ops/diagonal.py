"""Diagonals and triangles of matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

from derivo.errors import ShapeError
from derivo.graph.dim import Dim, format_shape
from derivo.graph.element import Placed, sized
from derivo.graph.op import Op
from derivo.graph.spec import Spec
from derivo.ops.axes import moveaxis
from derivo.ops.catalogue import CATALOGUE, register, spells
from derivo.ops.leaf import arange, eye, made
from derivo.ops.reduce import sum_of
from derivo.ops.shape import LINEAR, as_dim, read_only, reshape, transpose
from derivo.ops.tidy import operands, refilled


def _matrix(rng: Any) -> Any:
    return (rng.normal(size=(3, 4)),), {}


def diagonal_length(n: Dim, m: Dim, offset: int) -> Dim:
    """Give the length of a diagonal of an n x m matrix."""
    if n == m:
        return n - abs(offset)
    if isinstance(n, int) and isinstance(m, int):
        return max(min(n, m - offset) if offset >= 0 else min(n + offset, m), 0)
    message = (
        f"the diagonal of a matrix of shape {format_shape((n, m))} has a length that "
        "is not known by name; give the sizes as numbers"
    )
    raise ShapeError(message)


def _diagonal_spec(x: Spec, offset: int) -> Spec:
    if x.rank < 2:
        message = f"a diagonal needs a matrix, not the shape {format_shape(x.shape)}"
        raise ShapeError(message)
    return Spec(
        (*x.shape[:-2], diagonal_length(x.shape[-2], x.shape[-1], offset)), x.kind
    )


def _on_diagonal(index: Any, attrs: Any, *_: Any) -> str:
    *stack, i = index
    down, right = max(-attrs["offset"], 0), max(attrs["offset"], 0)
    return f"{{0}}[{', '.join([*stack, f'{i} + {down}', f'{i} + {right}'])}]"


def _off_diagonal(index: Any, attrs: Any, *_: Any) -> str:
    *stack, i, j = index
    down, right = max(-attrs["offset"], 0), max(attrs["offset"], 0)
    read = f"{{0}}[{', '.join([*stack, f'{i} - {down}'])}]"
    return f"{read} if {i} >= {down} and {i} - {down} == {j} - {right} else 0"


def _diagonal_text(_attrs: Any, x: Any) -> str:
    axes = "" if len(x.shape) == 2 else ", axis1=-2, axis2=-1"
    return f"np.diagonal({{0}}, offset={{offset}}{axes})"


def _tidy_diagonal(x: Any, *, offset: int) -> Any:
    for inner in operands(x, from_diagonal):
        if x.node.attrs["offset"] == offset:
            return inner
    product = operands(x, CATALOGUE["matmul"])
    if product and not offset and all(p.ndim == 2 for p in product):
        # The entries beside the diagonal are not computed only to be left out.
        a, b = product
        for turned in operands(a, transpose):
            return sum_of(turned * b, axis=0)
        return sum_of(a * transpose(b, axes=(1, 0)), axis=1)
    return refilled(x, _diagonal_spec(x.node.spec, offset).shape)


# Of the last two axes.
diagonal: Op = register(
    Op(
        "diagonal", ("x",), _diagonal_spec, _diagonal_text,
        vjp=lambda g, _y, x, *, offset: (
            from_diagonal(g, shape=x.shape[-2:], offset=offset),),
        latex=r"\operatorname{{diag}} {0}", attrs={"offset": 0}, samples=_matrix,
        element=Placed(_on_diagonal),
        traits=LINEAR | {"selects"}, tidy=_tidy_diagonal,
        written=lambda *_, **__: read_only("np.diagonal"),
        js="R.diagonal({0}, {offset})",
    )
)  # fmt: skip


def _is_square(shape: Any, offset: int, length: Dim) -> bool:
    n, m = shape
    return bool(n == m and as_dim(n) == as_dim(length) + abs(offset))


def _from_diagonal_text(attrs: Any, x: Any) -> str:
    shape, k = attrs["shape"], attrs["offset"]
    if len(x.shape) == 1 and _is_square(shape, k, x.shape[0]):
        return "np.diag({0}, k={offset})"
    size = "{shape}" if len(x.shape) == 1 else "{0}.shape[:-1] + {shape}"
    rows, columns = "np.arange({out}.shape[-2])", "np.arange({out}.shape[-1])"
    return (
        f"{{out}} = np.zeros({size}, dtype={{dtype}})\n"
        f"{{out}}[..., {columns} == {rows}[:, None] + {{offset}}] = {{0}}"
    )


from_diagonal: Op = register(
    Op(
        "from_diagonal",
        ("x",),
        lambda x, shape, offset: Spec((*x.shape[:-1], *shape), x.kind),  # noqa: ARG005
        _from_diagonal_text,
        vjp=lambda g, _y, _x, *, shape, offset: (diagonal(g, offset=offset),),  # noqa: ARG005
        attrs={"shape": (), "offset": 0},
        samples=lambda rng: (
            (rng.normal(size=(2, 3)),),
            {"shape": (3, 4), "offset": 1},
        ),
        traits=LINEAR,
        js="R.fromDiagonal({0}, {shape}, {offset})",
        element=Placed(_off_diagonal),
    )
)


@spells(np.diagonal)
def _diagonal(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    return diagonal(moveaxis(a, (axis1, axis2), (-2, -1)), offset=int(offset))


@spells(np.diag_indices_from)
def diag_indices_from(arr: Any) -> tuple[Any, ...]:
    """Give the places of the diagonal, for each axis."""
    rows, columns = (as_dim(d) for d in arr.shape[-2:])
    places: Any = made(arange, arr, stop=diagonal_length(rows, columns, 0))
    return tuple(places for _ in range(arr.ndim))


@spells(np.linalg.diagonal)
def _last_diagonal(x: Any, offset: int = 0) -> Any:
    return diagonal(x, offset=int(offset))


@spells(np.diag)
def diag(v: Any, k: int = 0) -> Any:
    """Give the diagonal of a matrix, or the matrix that has `v` on its diagonal."""
    if v.ndim != 1:
        return diagonal(v, offset=int(k))
    n = v.shape[0] + abs(k)
    return from_diagonal(v, shape=(n, n), offset=int(k))


@spells(np.diagflat)
def diagflat(v: Any, k: int = 0) -> Any:
    """Give the matrix that has all elements on its diagonal."""
    return diag(v if v.ndim == 1 else reshape(v, shape=(v.size,)), k)


def _trace_spec(x: Spec, offset: int) -> Spec:
    del offset
    if x.rank != 2:
        message = f"a trace needs a matrix, not the shape {format_shape(x.shape)}"
        raise ShapeError(message)
    return Spec((), x.kind)


def _trace_vjp(g: Any, _y: Any, x: Any, *, offset: int) -> tuple[Any]:
    return (g * made(eye, x, n=x.shape[0], m=x.shape[1], k=offset),)


trace = register(
    Op(
        "trace", ("x",), _trace_spec, "np.trace({0}, offset={offset})", vjp=_trace_vjp,
        latex=r"\operatorname{{tr}} {0}", attrs={"offset": 0}, samples=_matrix,
        traits=LINEAR,
        js="R.trace({0}, {offset})",
    )
)  # fmt: skip


@spells(np.trace)
def _trace(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    if a.ndim == 2 and (axis1 % 2, axis2 % 2) == (0, 1):
        return trace(a, offset=int(offset))
    return sum_of(_diagonal(a, offset, axis1, axis2), axis=-1)


spells(np.linalg.trace)(lambda x, offset=0: _trace(x, offset, -2, -1))


def _triangle_spec(x: Spec, k: int) -> Spec:
    del k
    if x.rank < 2:
        message = f"a triangle needs a matrix, not the shape {format_shape(x.shape)}"
        raise ShapeError(message)
    return x


def _triangle_element(side: str) -> Placed:
    """Keep the elements on one side of a diagonal."""

    def text(index: Any, attrs: Any, *_: Any) -> str:
        *_, i, j = index
        return (
            f"{{0}}[{', '.join(index)}] if {j} {side} {i} + {sized(attrs['k'])} else 0"
        )

    return Placed(text)


triu: Op = register(
    Op(
        "triu", ("x",), _triangle_spec, "np.triu({0}, k={k})",
        vjp=lambda g, _y, _x, *, k: (triu(g, k=k),), attrs={"k": 0}, samples=_matrix,
        traits=LINEAR,
        js="R.triu({0}, {k})", element=_triangle_element(">="),
    )
)  # fmt: skip
tril: Op = register(
    Op(
        "tril", ("x",), _triangle_spec, "np.tril({0}, k={k})",
        vjp=lambda g, _y, _x, *, k: (tril(g, k=k),), attrs={"k": 0}, samples=_matrix,
        traits=LINEAR,
        js="R.tril({0}, {k})", element=_triangle_element("<="),
    )
)  # fmt: skip
spells(np.triu)(lambda m, k=0: triu(m, k=int(k)))
spells(np.tril)(lambda m, k=0: tril(m, k=int(k)))
