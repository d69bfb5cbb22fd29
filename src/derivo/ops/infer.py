"""Specs of results, for the families of operations."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any

from derivo.errors import ShapeError
from derivo.graph.dim import Shape, format_shape
from derivo.graph.spec import Spec, broadcast, promote


def elementwise(*specs: Spec, **_attrs: Any) -> Spec:
    """Combine element by element: shapes broadcast, kinds promote."""
    return Spec(broadcast(*(s.shape for s in specs)), promote(*(s.kind for s in specs)))


def floating(*specs: Spec, **_attrs: Any) -> Spec:
    """Combine element by element to a floating result."""
    spec = elementwise(*specs)
    return Spec(spec.shape, promote(spec.kind, "pyfloat") if spec.is_weak else "float")


def predicate(*specs: Spec, **_attrs: Any) -> Spec:
    """Compare element by element: a boolean result."""
    return Spec(broadcast(*(s.shape for s in specs)), "bool")


def same(spec: Spec, *_others: Spec, **_attrs: Any) -> Spec:
    """Keep the first operand's spec."""
    return spec


def normal_axis(axis: Any, rank: int) -> tuple[int, ...]:
    """Give axes as a sorted tuple of non-negative integers; None means all."""
    if axis is None:
        axes: Any = range(rank)
    else:
        axes = axis if isinstance(axis, tuple | list) else (operator.index(axis),)
    for a in axes:
        if not -rank <= a < rank:
            message = f"axis {a} does not exist: the array has {rank} axes"
            raise ShapeError(message)
    result = tuple(sorted(int(a) % rank for a in axes))
    if len(set(result)) != len(result):
        message = f"axis {axis} names an axis twice"
        raise ShapeError(message)
    return result


def latex_along(sign: str, operand: str = "{0}") -> Callable[..., str]:
    r"""Give the formula of an operation along axes: the axes stand below its sign.

    Parameters
    ----------
    sign
        Such as ``\sum`` or ``\operatorname{{mean}}``, as templates write it.
    operand
        What follows.
    """

    def latex(attrs: Mapping[str, Any], *specs: Any) -> str:
        if not specs:
            return f"{sign} {operand}"
        below = axes_below(normal_axis(attrs["axis"], specs[0].rank), specs[0].shape)
        return f"{sign}{below} {operand}"

    return latex


def axes_below(axes: tuple[int, ...], shape: Shape) -> str:
    """Write axes as an index: by the name of their size if no other axis has it."""
    if len(axes) == len(shape):
        return ""  # over all there is
    sizes = [str(d) for d in shape]
    words = [
        sizes[a] if sizes[a].isidentifier() and sizes.count(sizes[a]) == 1
        else f"axis {a}"
        for a in axes
    ]  # fmt: skip
    return "_{{\\text{{" + ", ".join(words) + "}}}}"


def latex_summed(axes: tuple[int, ...], *specs: Any) -> str:
    """Give the formula of a sum over these axes."""
    return r"\sum" + (axes_below(axes, specs[0].shape) if specs else "") + " {0}"


def latex_transposed(attrs: Mapping[str, Any], *_specs: Any) -> str:
    """Give the formula of a matrix turned over; none for other orders of axes."""
    axes = attrs["axes"]
    rank = len(axes)
    turned = (*range(rank - 2), rank - 1, rank - 2)
    return r"{0}^\top" if not rank or axes == turned else ""


def reduced(spec: Spec, axis: Any, *, keepdims: bool) -> Spec:
    """Reduce along `axis`."""
    axes = normal_axis(axis, spec.rank)
    if keepdims:
        shape = tuple(1 if i in axes else d for i, d in enumerate(spec.shape))
    else:
        shape = tuple(d for i, d in enumerate(spec.shape) if i not in axes)
    return Spec(shape, spec.kind)


def matmul(a: Spec, b: Spec) -> Spec:
    """Multiply matrices, as ``@`` does for 1-D, 2-D and stacks of matrices."""
    if not a.rank or not b.rank:
        message = "@ needs arrays with at least one axis; use * for scalars"
        raise ShapeError(message)
    left = a.shape if a.rank > 1 else (1, *a.shape)
    right = b.shape if b.rank > 1 else (*b.shape, 1)
    if left[-1] != right[-2]:
        shapes = f"{format_shape(a.shape)} @ {format_shape(b.shape)}"
        message = f"{shapes} do not fit together: {left[-1]} against {right[-2]}"
        raise ShapeError(message)
    shape = broadcast(left[:-2], right[:-2])
    shape += (left[-2],) * (a.rank > 1) + (right[-1],) * (b.rank > 1)
    return Spec(shape, promote(a.kind, b.kind))
