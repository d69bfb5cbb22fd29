"""Going through a backward pass: which values are shortened, in which order."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from derivo.differentiate.reverse import Differentiated
from derivo.graph.node import Node, Why, order
from derivo.ops.shape import sum_to
from derivo.simplify.assume import SumsToOne
from derivo.simplify.fold import Definition, part_products
from derivo.simplify.model import Forward, Step
from derivo.simplify.shorten import Found, Shortener
from derivo.simplify.targets import targets_of


def best_rewriting(derived: Differentiated, forward: Forward) -> Rewriting:
    """Shorten the backward pass; then again with products worth computing for it."""
    known = frozenset(forward.known)
    targets = targets_of(forward.graph, forward.facts)

    def attempt(
        extra: tuple[Definition, ...] = (), *, keep_shared: bool = True
    ) -> Rewriting:
        shortener = Shortener(
            known, forward.builder, forward.facts, targets, forward.graph.names, extra
        )
        rewriting = Rewriting(derived, forward, shortener)
        rewriting.run(keep_shared=keep_shared)
        return rewriting

    best = attempt()
    if best.shortener.shared:
        best = min(best, attempt(keep_shared=False), key=Rewriting.operations)
    first = best.shortener
    for extra in part_products(first.definitions, first.roots, forward.builder, known):
        best = min(best, attempt((extra,), keep_shared=False), key=Rewriting.operations)
    return best


class Rewriting:
    """Goes through a backward pass and shortens each value that something reads."""

    def __init__(
        self, derived: Differentiated, forward: Forward, shortener: Shortener
    ) -> None:
        self.derived = derived
        self.shortener = shortener
        self.builder = forward.builder
        self.names = forward.graph.names
        self.steps: list[Step] = []
        self.assumptions: set[SumsToOne] = set()
        self.value_of = {a: v for v, a in derived.adjoints.items()}
        self.rebuilt: dict[Node, Node] = {}
        shortener.done.update(
            {s: s for s in derived.seeds if s.inputs or s.op.name == "argument"}
        )

    def run(self, *, keep_shared: bool) -> None:
        """Shorten what is read whole, and the gradients, in order of computation.

        With `keep_shared`, adjoints that several others are made of come first.
        """
        shared = self.shared - self.roots if keep_shared else set()
        self.shortener.shared = shared
        for n in order(self.derived.gradients.values()):
            settled = n in self.shortener.done or n in self.shortener.known
            if not settled and (n in self.roots or n in shared):
                self._shorten(n)

    def operations(self) -> int:
        """Count the operations of the whole backward pass."""
        nodes = order(self.now(n) for n in self.derived.gradients.values())
        known = self.shortener.known
        work = [n for n in nodes if n.inputs and "view" not in n.op.traits]
        return sum(n not in known for n in work)

    def now(self, node: Node) -> Node:
        """Give what a node has become."""
        return self.shortener.done.get(node) or self._rebuilt(node)

    @cached_property
    def roots(self) -> set[Node]:
        """Gradients, operations that are not algebra, and the operands of those."""
        gradients = set(self.derived.gradients.values())
        opaque = {n for n in order(gradients) if n.op.algebra is None and n.inputs}
        opaque -= self.shortener.known
        return gradients | opaque | {i for n in opaque for i in n.inputs if i.inputs}

    @cached_property
    def shared(self) -> set[Node]:
        """Adjoints that several roots are made of: computed once, they stay whole."""
        above: dict[Node, set[Node]] = {}
        for n in reversed(order(self.derived.gradients.values())):
            own = {n} if n in self.roots else above.get(n, set())
            for i in n.inputs:
                above.setdefault(i, set()).update(own)
        adjoints = [a for a in self.derived.adjoints.values() if a.inputs]
        return {a for a in adjoints if a.op.algebra and len(above.get(a, ())) > 1}

    def _shorten(self, node: Node) -> None:
        s = self.shortener
        plain = self._rebuilt(node)
        best, cost = Found(plain), s.cost(plain)
        if node.op.algebra is not None:
            for way in s.ways(node):
                if way.node.spec != node.spec:
                    continue
                # An undone broadcast is a sum like others: equal sums are one node.
                now, tie = s.cost(way.node), best.node.op is sum_to
                if now < cost or (tie and now == cost):
                    best, cost = way, now
        if best.node is not plain:
            self.assumptions |= best.assumptions
            rule = "; ".join(best.rules) or "collect like terms"
            assumption = "; ".join(sorted(str(a) for a in best.assumptions))
            about = self.value_of.get(node)
            self.steps.append(
                Step("rewrite", rule, best.node, plain, assumption, about)
            )
        s.done[node] = best.node
        s.done.setdefault(best.node, best.node)
        s.commit(best.node)
        self.rebuilt.clear()

    def _rebuilt(self, node: Node) -> Node:
        """Give a node as it was derived, on what its operands have become."""
        s = self.shortener
        if node in s.known or not node.inputs:
            return node
        if node in self.rebuilt:
            return self.rebuilt[node]
        inputs = tuple(s.done.get(i) or self._rebuilt(i) for i in node.inputs)
        made = node
        if inputs != node.inputs:
            made = self.builder.make(
                node.op, inputs, dict(node.attrs), node.line, node.group
            )
        self.rebuilt[node] = made
        return made

    def renamed(self, adjoints: Mapping[Node, Node]) -> dict[Node, Node]:
        """Give the adjoints as they are now."""
        return {v: self.now(a) for v, a in adjoints.items()}

    def renamed_keys(self, why: Mapping[Node, Why]) -> dict[Node, Why]:
        """Give the reasons for the nodes as they are now."""
        result: dict[Node, Why] = {}
        for node, reason in why.items():
            new = self.now(node)
            if new.op is node.op or reason.kind == "broadcast":
                result.setdefault(new, reason)
        return result
