"""How often a row is passed over: once for each reduction that others wait for."""

from __future__ import annotations

from derivo.emit.plan.items import reduced_letters
from derivo.emit.plan.layout import Panels, layout_of, origin
from derivo.emit.plan.leaf import Rows
from derivo.graph.element import Fold
from derivo.graph.node import Node


class Passes:
    """The passes over a row of a leaf.

    Attributes
    ----------
    of
        The pass in which each value is computed; -1 stands before the first. Matrices
        are computed during a pass, numbers of a row after it.
    last
        The last pass.
    """

    def __init__(self, leaf: Rows) -> None:
        self.leaf = leaf
        self.layout = Panels(leaf.rows, leaf.cols)
        self.of = self._found()
        self.last = max(self.of.values())

    def is_fold(self, node: Node) -> bool:
        """Tell whether a value is one of the reductions of rows."""
        if not isinstance(node.op.element, Fold):
            return False
        operand = layout_of(node.inputs[0].spec.shape)
        return operand == self.layout and "j" in (reduced_letters(node) or "")

    def is_matrix(self, node: Node) -> bool:
        """Tell whether a value has an element for each place of a row."""
        return layout_of(node.spec.shape) == self.layout and not self.is_fold(node)

    def is_during(self, node: Node) -> bool:
        """Tell whether a value is computed during a pass, not after it."""
        return self.is_matrix(node) or self.is_fold(node)

    def _found(self) -> dict[Node, int]:
        passes: dict[Node, int] = {}
        for node in self.leaf.nodes:
            during = self.is_during(node)
            least = 0 if during else -1
            for source in map(origin, node.inputs):
                if source in passes:
                    waits = during and not self.is_matrix(source)
                    least = max(least, passes[source] + waits)
            passes[node] = least
        return passes

    def crossing(self) -> tuple[Node, ...]:
        """Give the matrices that a later pass reads."""
        found = [
            source for node in self.leaf.nodes for source in map(origin, node.inputs)
            if source in self.of and self.is_matrix(source)
            and self.of[source] < self.of[node]
        ]  # fmt: skip
        found += [
            n for n in self.leaf.stores.values()
            if n in self.of and self.is_matrix(n) and self.of[n] < self.last
        ]  # fmt: skip
        return tuple(dict.fromkeys(found))
