"""Adjoints of picked elements, as products with rows of zeros and a 1.

``logp[np.arange(n), labels]`` hands its adjoint to one element of each row. Written as
``g[:, None] * one_hot``, it can take part in algebra: that is how ``(p - one_hot) / n``
comes out for integer labels.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from derivo.differentiate.reverse import Differentiated
from derivo.graph.builder import Builder
from derivo.graph.dim import Dim, Shape
from derivo.graph.node import Node, order
from derivo.graph.op import Op
from derivo.ops.arithmetic import add
from derivo.ops.diagonal import from_diagonal
from derivo.ops.index import embed, scatter_add
from derivo.ops.join import concatenate
from derivo.ops.leaf import arange, eye, one_hot
from derivo.ops.pick import add_along_axis
from derivo.ops.shape import expand_dims, squeeze
from derivo.simplify.tidy import Tidy, is_zero, not_taken_apart
from derivo.trace.recorder import Recorder


def spread_rows(derived: Differentiated, builder: Builder) -> Differentiated:
    """Rewrite what was picked from each row as a product with one-hot rows."""
    forward = set(derived.forward.nodes())
    recorder = Tidy(builder, not_taken_apart(derived.forward, forward))
    new: dict[Node, Node] = {}
    for node in order([*derived.gradients.values(), *derived.adjoints.values()]):
        inputs = tuple(new[i] for i in node.inputs)
        made = node
        if inputs != node.inputs:
            made = builder.make(
                node.op, inputs, dict(node.attrs), node.line, node.group
            )
        if node not in forward:
            shorter = recorder.tidied(made)
            # Arithmetic is read as sums of products, which come to the same.
            if made.op.algebra is None or is_zero(shorter):
                made = shorter
            made = _spread(made, recorder) or _side_by_side(made, recorder) or made
        new[node] = made
    return replace(
        derived,
        gradients={k: new[n] for k, n in derived.gradients.items()},
        adjoints={v: new[n] for v, n in derived.adjoints.items()},
        why={new.get(n, n): w for n, w in derived.why.items()},
    )


def _side_by_side(node: Node, recorder: Recorder) -> Node | None:
    """Rewrite a sum of parts that fill an axis as one array of the parts.

    The adjoints of ``gates[:, :h]`` and ``gates[:, h:]`` are zero outside of their
    columns; together they are ``np.concatenate([d_i, d_f], axis=1)``.
    """
    if node.op is not add:
        return None
    parts: list[Node] = []
    stack = [node]
    while stack:
        n = stack.pop()
        if n.op is add and n.spec.shape == node.spec.shape:
            stack.extend(n.inputs)
        elif n.op is not embed or n.spec.shape != node.spec.shape:
            return None
        else:
            parts.append(n)
    cut_axes = {
        axis for n in parts for axis, e in enumerate(n.attrs["index"])
        if e != ("cut", None, None, None)
    }  # fmt: skip
    if len(cut_axes) != 1:
        return None
    (axis,) = cut_axes
    placed = _in_a_row(parts, axis, node.spec.shape[axis])
    if placed is None:
        return None
    values = tuple(recorder.wrap(n.inputs[0]) for n in placed)
    joined: Node = recorder.record(concatenate, values, {"axis": axis}).node
    return joined


def _in_a_row(parts: list[Node], axis: int, size: Dim) -> list[Node] | None:
    """Sort parts so that each begins where the last one ends, if they fill the axis."""
    at: dict[Dim, Node] = {}
    for n in parts:
        kind, *place = n.attrs["index"][axis]
        start = 0 if not place or place[0] is None else place[0]
        whole = kind == "cut" and place[2] in (None, 1)
        if not whole or start in at or (isinstance(start, int) and start < 0):
            return None
        at[start] = n
    row: list[Node] = []
    end: Dim = 0
    while end in at:
        row.append(at.pop(end))
        end = end + row[-1].inputs[0].spec.shape[axis]
    return row if not at and end == size else None


def _spread(node: Node, recorder: Recorder) -> Node | None:
    """Give a scattered value as the value times one-hot rows, if it is of that kind."""
    rule = _ROWS.get(node.op)
    shape = node.attrs.get("shape", ())
    if rule is None or not shape:
        return None
    hot = rule(node, shape, recorder)
    if hot is None:
        return None
    g = recorder.wrap(node.inputs[0])
    among_rows = 0 < g.ndim < len(shape)
    made: Node = ((expand_dims(g, axis=g.ndim) if among_rows else g) * hot).node
    return made


def _picked_rows(node: Node, shape: Shape, recorder: Recorder) -> Any:
    """Give the one-hot rows of ``x[np.arange(n), labels]``, or the row of ``x[k]``."""
    _, *index = node.inputs
    *counted, labels = index
    if len(index) != len(shape) or labels.spec.shape != shape[:-1]:
        return None
    if len(counted) > 1 or not all(
        _counts(i, n) for i, n in zip(counted, shape, strict=False)
    ):
        return None
    return recorder.record(one_hot, (recorder.wrap(labels),), {"classes": shape[-1]})


def _counts(index: Node, size: Dim) -> bool:
    return index.op is arange and index.attrs["stop"] == size


def _along_rows(node: Node, shape: Shape, recorder: Recorder) -> Any:
    """Give those of ``np.take_along_axis(x, labels[:, None], axis=1)``."""
    labels, columns = node.inputs[1], shape[-1]
    if node.attrs["axis"] not in (1, -1) or labels.spec.shape != (*shape[:1], 1):
        return None
    if len(shape) != 2:
        return None
    if labels.op is expand_dims:
        flat = recorder.wrap(labels.inputs[0])
    else:
        flat = squeeze(recorder.wrap(labels), axis=1)
    return recorder.record(one_hot, (flat,), {"classes": columns})


def _diagonal(node: Node, shape: Shape, recorder: Recorder) -> Any:
    """Give the identity that ``np.diag(x)`` is a multiple of."""
    if len(shape) != 2:
        return None
    rows, columns = shape
    if rows != columns or node.attrs["offset"] or node.inputs[0].spec.shape != (rows,):
        return None
    identity = recorder.builder.make(eye, (), {"n": rows, "m": rows, "k": 0})
    return recorder.wrap(identity)


_ROWS: dict[Op, Callable[..., Any]] = {
    scatter_add: _picked_rows,
    add_along_axis: _along_rows,
    from_diagonal: _diagonal,
}
