"""Small rewrites of single nodes, at the very end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from derivo.graph.builder import Builder
from derivo.graph.node import Node, between, order
from derivo.ops.arithmetic import add, div, mul, sub
from derivo.ops.assemble import assemble, is_in_parts, together
from derivo.ops.elementwise import where
from derivo.ops.linalg import matmul
from derivo.ops.shape import transpose
from derivo.simplify.tidy import Tidy, is_zero


class Polish:
    """Rebuilds a backward pass with products of matrices as they are usually written.

    Parameters
    ----------
    roots
        The gradients.
    known
        The values of the forward pass, which stay as they are.
    at_hand
        Those of them that are read as they are, too: all if left out.
    """

    def __init__(
        self, roots: Iterable[Node], builder: Builder, known: Iterable[Node] = (),
        at_hand: Iterable[Node] | None = None,
    ) -> None:  # fmt: skip
        roots = list(roots)
        self.done: dict[Node, Node] = {n: n for n in known}
        self.at_hand = set(self.done) if at_hand is None else set(at_hand)
        self.builder = Tidy(builder, self.at_hand)
        self.readers = Counter(i for n in order(roots) for i in n.inputs)

    def __call__(self, root: Node) -> Node:
        """Give what a node becomes."""
        if root in self.done:
            return self.done[root]
        for node in between([root], self.done):
            inputs = tuple(self.done[i] for i in node.inputs)
            made = self.builder.remake(node, inputs)
            made = self._choice(node, self._together(node, made))
            made = self._one_product(node, made)
            self.done[node] = self._transposed_product(node, made)
            if self.readers[node] > 1:
                self.at_hand.add(self.done[node])
        return self.done[root]

    def _together(self, node: Node, made: Node) -> Node:
        """Put parts of an array that are added up into one array."""
        shared = any(self.readers[i] > 1 and is_in_parts(i) for i in node.inputs)
        if node.op is not add or made.op is not add or shared:
            return made
        a, b = made.inputs
        found = together(a, b, lambda *pair: self.builder.make(add, pair))
        return made if found is None else self.builder.make(assemble, *found)

    def _one_product(self, node: Node, made: Node) -> Node:
        """Write ``a @ x + b @ x`` as ``(a + b) @ x``, if nothing else reads the two."""
        if made.op not in (add, sub) or any(self.readers[i] > 1 for i in node.inputs):
            return made
        first, second = made.inputs
        both = (first, second)
        if any(n.op is not matmul or n in self.at_hand for n in both):
            return made
        for k in (0, 1):
            common, others = first.inputs[k], tuple(n.inputs[1 - k] for n in both)
            if second.inputs[k] is common and others[0].spec == others[1].spec:
                total = self.builder.make(made.op, others)
                pair = (common, total) if k == 0 else (total, common)
                return self.builder.make(matmul, pair)
        return made

    def _choice(self, node: Node, made: Node) -> Node:
        """Bring factors into a choice, and two halves of a choice together.

        ``where(c, 0, g) * f`` is NaN where c holds and f overflows, as the other branch
        of a function may; ``where(c, 0, g * f)`` is 0 there. And ``where(c, a, 0) +
        where(c, 0, b)`` is ``where(c, a, b)``.
        """
        if any(self.readers[i] > 1 for i in node.inputs if i.op is where):
            return made
        if made.op in (mul, div):
            return self._into_choice(made)
        if made.op is add and all(i.op is where for i in made.inputs):
            (c, a, b), (d, e, f) = (i.inputs for i in made.inputs)
            joined = made
            if c is d and is_zero(b) and is_zero(e):
                joined = self.builder.make(where, (c, a, f))
            elif c is d and is_zero(a) and is_zero(f):
                joined = self.builder.make(where, (c, e, b))
            # A block of zeros may have more elements than what is left.
            return joined if joined.spec == made.spec else made
        return made

    def _into_choice(self, made: Node) -> Node:
        for k, choice in enumerate(made.inputs[: 2 if made.op is mul else 1]):
            if choice.op is not where or sum(map(is_zero, choice.inputs[1:])) != 1:
                continue
            other = made.inputs[1 - k]
            condition, *branches = choice.inputs
            for j, branch in enumerate(branches):
                if not is_zero(branch):
                    pair = (branch, other) if k == 0 else (other, branch)
                    branches[j] = self.builder.make(made.op, pair)
            return self.builder.make(where, (condition, *branches))
        return made

    def _transposed_product(self, node: Node, made: Node) -> Node:
        """Rewrite ``(a @ b).T`` as ``b.T @ a.T``, if nothing else reads ``a @ b``."""
        if made.op is not transpose or self.readers[node.inputs[0]] > 1:
            return made
        (inner,) = made.inputs
        ranks = {i.spec.rank for i in (*inner.inputs, made)}
        if inner.op is not matmul or len(ranks) > 1:
            return made
        axes = made.attrs["axes"]
        rank = len(axes)
        turn = {rank - 1: rank - 2, rank - 2: rank - 1}
        left = tuple(turn.get(a, a) for a in axes)  # once the product is turned round
        if _moved(left) >= _moved(axes):
            return made
        a, b = inner.inputs
        turned = self.builder.make(matmul, (self._flipped(b), self._flipped(a)))
        return self._transposed(turned, left)

    def _flipped(self, node: Node) -> Node:
        """Give a matrix, or a stack of matrices, transposed."""
        rank = node.spec.rank
        return self._transposed(node, (*range(rank - 2), rank - 1, rank - 2))

    def _transposed(self, node: Node, axes: tuple[int, ...]) -> Node:
        """Give a value with its axes in another order; two transposes are one."""
        if node.op is transpose:
            axes = tuple(node.attrs["axes"][a] for a in axes)
            (node,) = node.inputs
        if not _moved(axes):
            return node
        return self.builder.make(transpose, (node,), {"axes": axes})


def _moved(axes: tuple[int, ...]) -> int:
    return sum(i != a for i, a in enumerate(axes))
