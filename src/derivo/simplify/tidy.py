"""Making values so that special operands never reach the text: ``x + 0``, ``--x``."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from derivo.graph.builder import Builder
from derivo.graph.node import Frame, Graph, Line, Node
from derivo.graph.op import Op
from derivo.ops.shape import with_one_new_axis, without_copies
from derivo.ops.tidy import of_numbers
from derivo.trace.recorder import Recorder


def not_taken_apart(graph: Graph, known: Collection[Node]) -> set[Node]:
    """Give the forward values that cost something, or that the user gave a name."""
    return {n for n in known if n in graph.names or "view" not in n.op.traits}


def is_zero(node: Node) -> bool:
    """Tell whether a value is the number 0, or a block of zeros."""
    value = node.attrs.get("value")
    return not node.inputs and isinstance(value, int | float) and value == 0


class Tidy(Recorder):
    """Makes nodes by the rules of their operations for special operands.

    What those rules are stands in the records (`Op.tidy`), and in `derivo.ops.tidy` and
    `derivo.ops.shape` for those that hold of every element-wise operation.

    Parameters
    ----------
    at_hand
        Values that are there in any case: they are not taken apart.
    """

    def __init__(self, builder: Builder, at_hand: Collection[Node] = ()) -> None:
        super().__init__(builder)
        self.at_hand = at_hand

    def make(
        self, op: Op, inputs: tuple[Node, ...], attrs: dict[str, Any] | None = None,
        line: Line | None = None, group: tuple[Frame, ...] = (),
    ) -> Node:  # fmt: skip
        """Give the node for `op` on `inputs`, or a shorter one of the same value."""
        return self.tidied(self.builder.make(op, inputs, attrs, line, group))

    def remake(self, node: Node, inputs: tuple[Node, ...]) -> Node:
        """Give a node on other operands, or a shorter one of the same value."""
        return self.tidied(self.builder.remake(node, inputs))

    def tidied(self, node: Node) -> Node:
        """Give the shortest node of the same value that the rules know."""
        found = self._shorter(node)
        while found is not None:
            node, found = found, self._shorter(found)
        return node

    def record(self, op: Op, args: tuple[Any, ...], attrs: dict[str, Any]) -> Any:
        """Record an operation; what a rule makes is tidied in its turn."""
        return self.wrap(self.tidied(super().record(op, args, attrs).node))

    def _shorter(self, node: Node) -> Node | None:
        """Apply the first rule that fits; one that changes the kind does not."""
        args = tuple(self.wrap(i) for i in node.inputs)
        attrs = dict(node.attrs)
        found = node.op.tidy(*args, **attrs) if node.op.tidy and args else None
        if found is None and "elementwise" in node.op.traits and args:
            found = of_numbers(node.op, args, attrs)
            if found is None:
                found = without_copies(node.op, args, attrs)
            if found is None:
                found = with_one_new_axis(node.op, args, attrs)
        if found is None:
            return None
        new = self.lift(found)
        return new if new.spec == node.spec and new is not node else None
