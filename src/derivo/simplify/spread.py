"""Adjoints of picked elements, as products with rows of zeros and a 1.

``logp[np.arange(n), labels]`` hands its adjoint to one element of each row. Written as
``g[:, None] * one_hot``, it can take part in algebra: that is how ``(p - one_hot) / n``
comes out for integer labels.
"""

from __future__ import annotations

from dataclasses import replace

from derivo.differentiate.reverse import Differentiated
from derivo.graph.builder import Builder
from derivo.graph.node import Node, order
from derivo.ops.diagonal import from_diagonal
from derivo.ops.index import scatter_add
from derivo.ops.leaf import arange, eye, one_hot
from derivo.ops.pick import add_along_axis
from derivo.ops.shape import expand_dims, squeeze
from derivo.trace.recorder import Recorder


def spread_rows(derived: Differentiated, builder: Builder) -> Differentiated:
    """Rewrite what was picked from each row as a product with one-hot rows."""
    recorder = Recorder(builder)
    new: dict[Node, Node] = {}
    forward = set(derived.forward.nodes())
    for node in order([*derived.gradients.values(), *derived.adjoints.values()]):
        inputs = tuple(new[i] for i in node.inputs)
        made = node
        if inputs != node.inputs:
            made = builder.make(node.op, inputs, dict(node.attrs), node.line, node.group)
        new[node] = node if node in forward else _spread(made, recorder) or made
    return replace(
        derived,
        gradients={k: new[n] for k, n in derived.gradients.items()},
        adjoints={v: new[n] for v, n in derived.adjoints.items()},
        why={new.get(n, n): w for n, w in derived.why.items()},
    )


def _spread(node: Node, recorder: Recorder) -> Node | None:
    shape = node.attrs.get("shape", ())
    g = recorder.wrap(node.inputs[0]) if node.inputs else None
    if len(shape) != 2 or node.op not in (scatter_add, add_along_axis, from_diagonal):  # noqa: PLR2004
        return None
    rows, columns = shape
    if node.op is scatter_add:
        _, *index = node.inputs
        counts = index[0].op is arange and index[0].attrs["stop"] == rows
        if len(index) != 2 or not counts or index[1].spec.shape != (rows,):  # noqa: PLR2004
            return None
        hot = recorder.record(one_hot, (recorder.wrap(index[1]),), {"classes": columns})
        made: Node = (expand_dims(g, axis=1) * hot).node
        return made
    if node.op is add_along_axis:
        labels = node.inputs[1]
        if node.attrs["axis"] not in (1, -1) or labels.spec.shape != (rows, 1):
            return None
        labels = squeeze(recorder.wrap(labels), axis=1)
        hot = recorder.record(one_hot, (labels,), {"classes": columns})
        along: Node = (g * hot).node
        return along
    if rows != columns or node.attrs["offset"] or node.inputs[0].spec.shape != (rows,):
        return None
    identity = recorder.wrap(recorder.builder.make(eye, (), {"n": rows, "m": rows, "k": 0}))
    diagonal: Node = (expand_dims(g, axis=1) * identity).node
    return diagonal
