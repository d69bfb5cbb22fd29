"""A step on other values: what it computes is made again, in its inner loops, too."""

from __future__ import annotations

from collections.abc import Container, Iterable
from typing import Any

from derivo.graph.loop import Loop
from derivo.graph.node import Node, between
from derivo.trace.loops.loop import TracedStep


class Again:
    """Makes values again, where what they are made of is replaced.

    Parameters
    ----------
    recorder
        What records.
    new
        What stands in the place of what.
    """

    def __init__(self, recorder: Any, new: dict[Node, Node]) -> None:
        self.recorder, self.new = recorder, new

    def make(self, node: Node, nodes: Iterable[Node]) -> None:
        """Make one value again; `nodes` are those among which its results are."""
        inputs = tuple(self.new.get(i, i) for i in node.inputs)
        attrs = None
        if "item" in node.op.traits:
            attrs = {"of": self.new.get(node.attrs["of"], node.attrs["of"])}
        elif "loop" in node.op.traits and inputs != node.inputs:
            items = [n for n in nodes if "item" in n.op.traits and node in n.inputs]
            loop = self._loop(node, [n.attrs["of"] for n in items])
            attrs = {**node.attrs, "loop": loop}
        if inputs != node.inputs or attrs not in (None, node.attrs):
            self.put(node, self.recorder.builder.remake(node, inputs, attrs))

    def put(self, old: Node, new: Node) -> None:
        """Note what stands in the place of a value."""
        self.new[old] = new
        self.recorder.is_now(old, new)

    def _loop(self, node: Node, results: Iterable[Node]) -> Loop:
        """Give a loop in the step: what is the same at its steps stands for itself."""
        loop: Loop = node.attrs["loop"]
        inside = loop.inside(results)
        for inner in inside:
            self.make(inner, inside)
        return loop.replace(lambda n: self.new.get(n, n))

    def finish(self, step: TracedStep) -> None:
        """Let a step leave what its results have become."""
        step.following = [self.new.get(n, n) for n in step.following]
        step.results = [self.new.get(n, n) for n in step.results]


def replaced(recorder: Any, step: TracedStep, new: dict[Node, Node]) -> None:
    """Put other values in the place of some that a step computes."""
    given: Container[Node] = {*step.carries, *step.parts, *new}
    again = Again(recorder, dict(new))
    nodes = between((*step.following, *step.results), given)
    for node in nodes:
        again.make(node, nodes)
    again.finish(step)
