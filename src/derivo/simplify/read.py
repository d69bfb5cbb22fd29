"""From nodes to sums of products, as deep as is asked for."""

from __future__ import annotations

from collections.abc import Callable

from derivo.graph.builder import Constant
from derivo.graph.node import Node
from derivo.ops.arithmetic import neg
from derivo.simplify.factor import length
from derivo.simplify.terms import NotAlgebraic, Terms

MOST_TERMS = 40
# Sums inside sums: where each value is read twice, every line doubles the length.
MOST_VALUES = 120


def is_too_long(terms: Terms, most: tuple[int, int]) -> bool:
    """Tell whether a sum is of no more use: nobody would write it."""
    if len(terms.items) > most[0]:
        return True
    return sum(length(m) for m in terms.items) > most[1]


class Reader:
    """Reads nodes as sums of products.

    Parameters
    ----------
    is_atom
        Says of a node whether it stands for itself or is read through.
    renamed
        Nodes that stand for others: what they were simplified to.
    exps
        Whether exp and log are taken apart.
    identify
        Gives what a node that is not algebra equals, in terms of known values.
    most
        How many terms and values a sum may have that is still read through.
    """

    def __init__(
        self, is_atom: Callable[[Node], bool], renamed: dict[Node, Node] | None = None,
        *, exps: bool = False, identify: Callable[[Node], Terms | None] | None = None,
        most: tuple[int, int] = (MOST_TERMS, MOST_VALUES),
    ) -> None:  # fmt: skip
        self.most = most
        self.identify = identify
        self.is_atom = is_atom
        self.renamed = renamed or {}
        self.exps = exps
        self.known: dict[Node, Terms] = {}

    def __call__(self, node: Node) -> Terms:
        """Read a node."""
        if node not in self.known:
            # One after the other: a long chain would be too deep for a recursion.
            for n in self._below(node):
                self.known[n] = self._leaf(n) if self.is_atom(n) else self.through(n)
        return self.known[node]

    def _below(self, node: Node) -> list[Node]:
        """Give what has to be read for a node, operands first."""
        found: set[Node] = set()
        stack = [node]
        while stack:
            n = stack.pop()
            if n not in found and n not in self.known:
                found.add(n)
                if n.op.algebra is not None and not self.is_atom(n):
                    stack.extend(n.inputs)
        return sorted(found, key=lambda n: n.index)

    def through(self, node: Node) -> Terms:
        """Read a node by the meaning of its operation, whatever it is."""
        if node.op.algebra is not None:
            try:
                result = node.op.algebra(*(self(i) for i in node.inputs), **node.attrs)
            except NotAlgebraic:
                same = self.identify(node) if self.identify is not None else None
                return self._leaf(node) if same is None else same
            if isinstance(result, Terms) and not is_too_long(result, self.most):
                return result
        return self._leaf(node)

    def _leaf(self, node: Node) -> Terms:
        value = node.attrs.get("value")
        if "dim" in node.attrs:
            return Terms.size(node.attrs["dim"], exps=self.exps)
        is_number = not isinstance(value, bool | Constant) and value is not None
        if is_number and not node.inputs and node.spec.kind != "bool":
            try:
                terms = Terms.number(value, exps=self.exps)
            except NotAlgebraic:
                return Terms.of(node, exps=self.exps)
            return terms.broadcast_to(node.spec.shape)
        now = self.renamed.get(node, node)
        if now is not node and now.op is neg:  # the sign takes part in what reads it
            return -Terms.of(now.inputs[0], exps=self.exps)
        return Terms.of(now, exps=self.exps)
