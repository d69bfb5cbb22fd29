"""Spelling out the operations that NumPy has no word for, before source is written."""

from __future__ import annotations

from typing import Any

from derivo.graph.builder import Builder
from derivo.graph.loop import Loop
from derivo.graph.node import Node, order
from derivo.ops.arithmetic import add, sub
from derivo.trace.recorder import Recorder


class Lowering:
    """Rebuilds nodes so that each operation has NumPy text of its own."""

    def __init__(self, builder: Builder) -> None:
        self.recorder = Recorder(builder)
        self.done: dict[Node, Node] = {}

    def __call__(self, root: Node) -> Node:
        """Give the node that computes the same in operations NumPy has."""
        for node in order([root]):
            if node not in self.done:
                self.done[node] = self._lower(node)
        return self.done[root]

    def _lower(self, node: Node) -> Node:
        inputs = tuple(self.done[i] for i in node.inputs)
        if node.op.lower is not None:
            result = node.op.lower(
                *(self.recorder.wrap(i) for i in inputs), **node.attrs
            )
            return self(self.recorder.lift(result))
        attrs = {k: self._inside(v) for k, v in node.attrs.items()}
        made = node
        if inputs != node.inputs or attrs != node.attrs:
            made = self.recorder.builder.make(
                node.op, inputs, attrs, node.line, node.group
            )
        return _without_detour(made)

    def _inside(self, value: Any) -> Any:
        """Lower the body of a loop, and a value that is read from it."""
        if isinstance(value, Loop):
            return value.replace(self)
        return self(value) if isinstance(value, Node) else value


def _without_detour(node: Node) -> Node:
    """Give x for ``(m + x) - m``: the shift of a logsumexp that is subtracted again."""
    if node.op is not sub or node.inputs[0].op is not add:
        return node
    inner, shift = node.inputs
    left = [i for i in inner.inputs if i is not shift]
    if len(left) == 1 and left[0].spec == node.spec:
        return left[0]
    return node
