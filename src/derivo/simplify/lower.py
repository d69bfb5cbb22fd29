"""Spelling out the operations that NumPy has no word for, before source is written."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np

from derivo.graph.builder import Builder
from derivo.graph.element import Rearranged
from derivo.graph.loop import Loop
from derivo.graph.node import Node, between
from derivo.ops.arithmetic import add, sub
from derivo.ops.infer import normal_axis
from derivo.ops.leaf import as_float, less_ones, one_hot
from derivo.simplify.read import Reader
from derivo.simplify.terms import NotAlgebraic
from derivo.simplify.write import Writer
from derivo.trace.recorder import Recorder


class Lowering:
    """Rebuilds nodes so that each operation has NumPy text of its own.

    Attributes
    ----------
    in_place
        Rows of a single 1 are taken from what they are taken from, at the places of
        the ones: so a person writes a backward pass, and it holds no zeros.
    at_hand
        Values of the forward pass, as they are written: rows that it has made itself
        are subtracted as they are.
    """

    def __init__(self, builder: Builder) -> None:
        self.in_place = False
        self.at_hand: Collection[Node] = ()
        self.recorder = Recorder(builder)
        self.done: dict[Node, Node] = {}
        self.computed: set[Node] = set()

    def __call__(self, root: Node) -> Node:
        """Give the node that computes the same in operations NumPy has."""
        if root in self.done:
            return self.done[root]
        for node in between([root], self.done):
            self.done[node] = self._lower(node)
            self.computed.add(self.done[node])
        return self.done[root]

    def _lower(self, node: Node) -> Node:
        inputs = tuple(self.done[i] for i in node.inputs)
        if node.op.lower is not None:
            result = node.op.lower(
                *(self.recorder.wrap(i) for i in inputs), **node.attrs
            )
            return self(self.recorder.lift(result))
        attrs: dict[str, Any] | None = None
        if node.op.traits & {"loop", "item"}:
            attrs = {k: self._inside(v) for k, v in node.attrs.items()}
            attrs = None if attrs == node.attrs else attrs
        made = self.recorder.builder.remake(node, inputs, attrs)
        takes_ones = made.op is sub and made.inputs[1].op is one_hot
        if self.in_place and takes_ones and made.inputs[1] not in self.at_hand:
            return self._less_ones(made) or made
        return self._without_detour(made)

    def _less_ones(self, node: Node) -> Node | None:
        """Write ``p - np.eye(c)[labels]`` as ``p[np.arange(n), labels] -= 1``."""
        whole, ones = node.inputs
        (labels,) = ones.inputs
        if whole.spec != node.spec or labels.spec.rank != 1:
            return None
        attrs = {"rows": labels.spec.shape[0]}
        return self.recorder.builder.make(less_ones, (whole, labels), attrs, node.line)

    def _inside(self, value: Any) -> Any:
        """Lower the body of a loop, and a value that is read from it."""
        if isinstance(value, Loop):
            return value.replace(self)
        return self(value) if isinstance(value, Node) else value

    def _without_detour(self, node: Node) -> Node:
        """Write what a logsumexp is subtracted from, or adds to, by way of its shift m.

        ``(m + x) - m`` is x; ``z - (m + x)`` is ``(z - m) - x``, where ``z - m`` is
        computed anyway: sums with a large m would round away what is small.
        """
        if node.op is not sub:
            return node
        a, b = node.inputs
        rest = self._less(a, b)
        if rest is not None and rest.spec == node.spec:
            return rest
        for m in _addends(b):
            shifted = self.recorder.builder.known.get((sub.name, (a, m), ()))
            rest = self._less(b, m)
            # Many nodes have been made; only a few of them are computed.
            if shifted is not None and shifted in self.computed and rest is not None:
                return self.recorder.builder.make(
                    sub, (shifted, rest), {}, node.line, node.group
                )
        return node

    def _less(self, node: Node, m: Node) -> Node | None:
        """Give x for ``m + x`` and m, also where both are seen in the same way."""
        if node.op is add:
            left = [i for i in node.inputs if i is not m]
            return left[0] if len(left) == 1 else None
        if not isinstance(node.op.element, Rearranged):
            return None
        inner = None
        if node.op is m.op and node.attrs == m.attrs:
            (inner,) = m.inputs
        elif m.attrs.get("keepdims") is False and _drops_axis_of(node, m):
            attrs = {**m.attrs, "keepdims": True}
            inner = self.recorder.builder.remake(m, m.inputs, attrs)
        rest = None if inner is None else self._less(node.inputs[0], inner)
        return None if rest is None else self.recorder.builder.remake(node, (rest,))


def _drops_axis_of(node: Node, reduced: Node) -> bool:
    """Tell whether a value drops the axis along which another one is reduced."""
    rank = node.inputs[0].spec.rank
    axes = [n.attrs.get("axis") for n in (node, reduced)]
    if node.spec.rank != rank - 1 or not all(isinstance(a, int) for a in axes):
        return False
    return normal_axis(axes[0], rank) == normal_axis(axes[1], rank)


def _addends(node: Node) -> list[Node]:
    """Give what is added up in a value."""
    return list(node.inputs) if node.op is add else []


# --- local ----------------------------------------------------------------------------
#
# The local derivative of an element-wise operation, as short as it gets.


def local_node(reader: Node, position: int, builder: Builder) -> Node | None:
    """Give the local derivative by one operand: the rule for an upstream adjoint of 1.

    Parameters
    ----------
    reader, position
        The operation, and which of its operands.
    builder
        Where new nodes may go.

    Returns
    -------
    Node
        None if the operation is not element-wise, or has no derivative there.
    """
    if "elementwise" not in reader.op.traits or reader.op.vjp is None:
        return None
    recorder = Recorder(builder)
    operands = [recorder.wrap(i) for i in reader.inputs]
    parts = reader.op.vjp(
        np.float64(1), recorder.wrap(reader), *operands, **reader.attrs
    )
    if parts[position] is None:
        return None
    node: Node = recorder.lift(parts[position])
    known = {reader, *reader.inputs}
    try:
        terms = Reader(lambda n: n in known)(node)
        lowering = Lowering(builder)
        lowering.done.update({n: n for n in known})
        node = lowering(Writer(recorder, lambda _n: True)(terms))
    except NotAlgebraic:
        pass  # it is written as the rule has it
    if node.op is as_float:  # a mask is as good as the numbers 0 and 1 to a reader
        (node,) = node.inputs
    return node
