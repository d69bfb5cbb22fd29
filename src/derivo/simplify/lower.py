"""Spelling out the operations that NumPy has no word for, before source is written."""

from __future__ import annotations

from typing import Any

from derivo.graph.builder import Builder
from derivo.graph.loop import Loop
from derivo.graph.node import Node, between
from derivo.ops.arithmetic import add, sub
from derivo.trace.recorder import Recorder


class Lowering:
    """Rebuilds nodes so that each operation has NumPy text of its own."""

    def __init__(self, builder: Builder) -> None:
        self.recorder = Recorder(builder)
        self.done: dict[Node, Node] = {}

    def __call__(self, root: Node) -> Node:
        """Give the node that computes the same in operations NumPy has."""
        for node in between([root], self.done):
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
        same = attrs == node.attrs
        made = self.recorder.builder.remake(node, inputs, None if same else attrs)
        return _without_detour(made, self.recorder.builder)

    def _inside(self, value: Any) -> Any:
        """Lower the body of a loop, and a value that is read from it."""
        if isinstance(value, Loop):
            return value.replace(self)
        return self(value) if isinstance(value, Node) else value


def _without_detour(node: Node, builder: Builder) -> Node:
    """Write what a logsumexp is subtracted from, or adds to, by way of its shift m.

    ``(m + x) - m`` is x; ``z - (m + x)`` is ``(z - m) - x``, where ``z - m`` has been
    computed: sums with a large m would round away what is small.
    """
    if node.op is not sub:
        return node
    a, b = node.inputs
    rest = _other(a, b)
    if rest is not None and rest.spec == node.spec:
        return rest
    if "view" in a.op.traits and a.op is b.op and a.attrs == b.attrs:
        plain = builder.make(sub, (a.inputs[0], b.inputs[0]))
        rest = _without_detour(plain, builder)
        return node if rest is plain else builder.remake(a, (rest,))
    for m in b.inputs if b.op is add else ():
        shifted = builder.known.get((sub.name, (a, m), ()))
        if shifted is not None:
            (x,) = [i for i in b.inputs if i is not m] or [m]
            return builder.make(sub, (shifted, x), {}, node.line, node.group)
    return node


def _other(node: Node, operand: Node) -> Node | None:
    """Give x for ``m + x`` and m."""
    left = [i for i in node.inputs if i is not operand]
    return left[0] if node.op is add and len(left) == 1 else None
