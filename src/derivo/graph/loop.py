"""A loop over time, as inert data: what a step reads, and what it hands on."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from derivo.graph.node import Node, between


@dataclass(frozen=True, slots=True)
class Loop:
    """The body of a scan.

    Any node may be bound: inside, it stands for a value that comes from outside, and
    what it was computed from does not matter. Loops with equal parts are equal.

    Attributes
    ----------
    carries
        Values handed from step to step, as a step finds them.
    slices
        This step's part of each array that the loop runs along.
    fixed
        Values that are the same at every step.
    following
        The carries as the step leaves them.
    reverse
        The loop runs from the last step to the first.
    """

    carries: tuple[Node, ...]
    slices: tuple[Node, ...]
    fixed: tuple[Node, ...]
    following: tuple[Node, ...]
    reverse: bool = False

    @property
    def bound(self) -> tuple[Node, ...]:
        """Everything that a step finds, in the order of the scan's operands."""
        return (*self.carries, *self.slices, *self.fixed)

    def inside(self, results: Iterable[Node] = ()) -> tuple[Node, ...]:
        """Give the nodes that a step computes for its carries and for `results`."""
        return between((*self.following, *results), frozenset(self.bound))

    def replace(self, change: Callable[[Node], Node]) -> Loop:
        """Give the loop with every node replaced."""
        carries, slices, fixed, following = (
            tuple(change(n) for n in part)
            for part in (self.carries, self.slices, self.fixed, self.following)
        )
        return Loop(carries, slices, fixed, following, self.reverse)


def is_inline(node: Node) -> bool:
    """Tell whether a value is a number, or made of numbers and sizes alone."""
    if node.spec.rank:
        return False
    if not node.inputs:
        return "value" in node.attrs or "dim" in node.attrs
    return all(is_inline(i) for i in node.inputs)


def unchanging(roots: Iterable[Node], own: frozenset[Node]) -> tuple[Node, ...]:
    """Give the largest values that steps read and that none of `own` has a part in.

    They are computed once, before the loop. Numbers and sizes are not among them:
    they are written where they are read.
    """
    roots = tuple(roots)
    nodes, varying = between(roots, own), set(own)
    for n in nodes:
        if any(i in varying for i in n.inputs):
            varying.add(n)
    read = {*roots, *(i for n in nodes if n in varying for i in n.inputs)}
    return tuple(
        n for n in nodes if n in read and n not in varying and not is_inline(n)
    )


def is_analytic(node: Node) -> bool:
    """Tell whether an operation, or all inside a loop or call, takes complex values."""
    if "loop" in node.op.traits:
        return all(is_analytic(n) for n in node.attrs["loop"].inside())
    if "item" in node.op.traits:
        loop: Loop = node.inputs[0].attrs["loop"]
        return all(is_analytic(n) for n in loop.inside([node.attrs["of"]]))
    if "call" in node.op.traits:
        called = node.attrs.get("block") or node.attrs["derived"]
        return all(is_analytic(n) for n in called.graph.nodes())
    if "result" in node.op.traits:
        return True
    return not node.inputs or "analytic" in node.op.traits
