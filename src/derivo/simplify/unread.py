"""What a loop hands on, or runs along, and nothing reads is left out of it."""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import replace

from derivo.graph.builder import Builder
from derivo.graph.loop import Loop, unchanging
from derivo.graph.node import Graph, Node, between


def without_unread(graph: Graph, builder: Builder) -> Graph:
    """Leave out what no result of a function needs of its loops.

    A plain loop hands on whatever its steps change: a name that is bound in each step
    is bound after the last one, too, and nobody reads it.
    """
    if not any("loop" in n.op.traits for n in graph.nodes()):
        return graph
    work = _Unread(builder)
    work.run(graph.outputs, frozenset())
    new = work.new
    outputs = tuple(new.get(o, o) for o in graph.outputs)
    names = dict(graph.names)
    names |= {new[n]: name for n, name in graph.names.items() if n in new}
    return replace(graph, outputs=outputs, names=names)


class _Unread:
    def __init__(self, builder: Builder) -> None:
        self.builder = builder
        self.new: dict[Node, Node] = {}

    def run(self, roots: Iterable[Node], given: Container[Node]) -> None:
        """Rebuild what lies between the roots and what is given."""
        nodes = between(roots, given)
        for node in nodes:
            if "loop" in node.op.traits:
                items = [n for n in nodes if "item" in n.op.traits and node in n.inputs]
                made = self._loop(node, items)
            else:
                inputs = tuple(self.new.get(i, i) for i in node.inputs)
                attrs = None
                if "item" in node.op.traits:
                    of = node.attrs["of"]
                    attrs = {"of": self.new.get(of, of)}
                    attrs = None if attrs["of"] is of else attrs
                made = self.builder.remake(node, inputs, attrs)
            if made is not node:
                self.new[node] = made

    def _loop(self, node: Node, items: list[Node]) -> Node:
        loop: Loop = node.attrs["loop"]
        carries, results = _read(loop, items)
        roots = [after for c, after in _ends(loop) if c in carries] + results
        self.run(roots, frozenset(loop.bound))
        roots = [self.new.get(r, r) for r in roots]
        inside = between(roots, frozenset(loop.bound))
        read = {*roots, *(i for n in inside for i in n.inputs)}
        slices = tuple(s for s in loop.slices if s in read)
        own = tuple(c for c in loop.carries if c in carries)
        fixed = unchanging(roots, frozenset((*own, *slices)))
        following = tuple(roots[: len(own)])
        kept = Loop(own, slices, fixed, following, loop.reverse)
        operand = dict(zip(loop.bound, node.inputs, strict=True))
        operands = tuple(operand.get(b, b) for b in kept.bound)
        operands = tuple(self.new.get(o, o) for o in operands)
        return self.builder.remake(node, operands, {**node.attrs, "loop": kept})


def _read(loop: Loop, items: Iterable[Node]) -> tuple[set[Node], list[Node]]:
    """Give the carries that something needs, and the results that are gathered."""
    items = list(items)
    results = [n.attrs["of"] for n in items if "last" not in n.op.traits]
    carries = {n.attrs["of"] for n in items if "last" in n.op.traits}
    after = dict(_ends(loop))
    while True:
        roots = [*results, *(after[c] for c in carries)]
        inside = between(roots, frozenset(loop.bound))
        read = {*roots, *(i for n in inside for i in n.inputs)}
        more = read.intersection(after) - carries
        if not more:
            return carries, results
        carries |= more


def _ends(loop: Loop) -> Iterable[tuple[Node, Node]]:
    """Give each carry with what a step makes of it."""
    return zip(loop.carries, loop.following, strict=True)
