"""A loop over time, as inert data: what a step reads, and what it hands on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from derivo.graph.builder import Builder
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


def within_loops(nodes: Iterable[Node]) -> dict[Node, None]:
    """Give what the steps of all loops among nodes compute, and find, in order."""
    found: dict[Node, None] = {}
    nodes = tuple(nodes)
    results: dict[Node, list[Node]] = {}
    for n in nodes:
        if "item" in n.op.traits:
            results.setdefault(n.inputs[0], []).append(n.attrs["of"])
    for n in nodes:
        if "loop" in n.op.traits:
            loop: Loop = n.attrs["loop"]
            inside = loop.inside(results.get(n, ()))
            found |= dict.fromkeys((*loop.bound, *inside))
            found |= within_loops(inside)
    return found


def remade(
    node: Node, nodes: Iterable[Node], new: Mapping[Node, Node], builder: Builder,
    found: Callable[[Node], Node] | None = None,
) -> dict[Node, Node]:  # fmt: skip
    """Remake a node on other operands: give what became of it, and of what is in it.

    Parameters
    ----------
    node
        Perhaps a loop: what its steps read that is the same for all is another value,
        inside as well.
    nodes
        What is remade with it, among them what a loop gives.
    new
        What became of its operands.
    found
        Gives what stands for a value that each step finds; that itself if left out.
    """
    inputs = tuple(new[i] for i in node.inputs)
    if "item" in node.op.traits:
        of = node.attrs["of"]
        attrs = None if new.get(of, of) is of else {**node.attrs, "of": new[of]}
        return {node: builder.remake(node, inputs, attrs)}
    if "loop" not in node.op.traits:
        return {node: builder.remake(node, inputs)}
    loop: Loop = node.attrs["loop"]
    own = (*loop.carries, *loop.slices)
    inside = {b: b if found is None else found(b) for b in own}
    inside |= zip(loop.fixed, inputs[len(own) :], strict=True)
    if all(b is i for b, i in inside.items()):
        return {**inside, node: builder.remake(node, inputs)}
    results = [n.attrs["of"] for n in nodes if node in n.inputs and "of" in n.attrs]
    body = loop.inside(results)
    for n in body:
        inside |= remade(n, body, inside, builder, found)
    attrs = {**node.attrs, "loop": loop.replace(inside.__getitem__)}
    return {**inside, node: builder.remake(node, inputs, attrs)}


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
