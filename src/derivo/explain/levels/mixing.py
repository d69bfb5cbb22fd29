"""Parts of a graph in which every entry of a row has an influence on all of the row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from heapq import heapify, heappop, heappush

from derivo.differentiate.reverse import differentiate
from derivo.explain.drawing.of_subject import is_transparent
from derivo.explain.subject import Subject
from derivo.graph.builder import Builder
from derivo.graph.node import Graph, Node, order
from derivo.ops.leaf import argument
from derivo.simplify.driver import simplify_backward
from derivo.simplify.model import Facts, Forward

MOST = 40  # operations in a part that is told as one


@dataclass(frozen=True)
class Part:
    """What lies between a value and another that all ways lead through.

    Attributes
    ----------
    operand, result
        The two values, of the same shape.
    nodes
        The operations between them, the last of which gives the result.
    """

    operand: Node
    result: Node
    nodes: tuple[Node, ...]

    @property
    def mixes(self) -> bool:
        """Whether operations on whole rows are among them."""
        return any(
            "elementwise" not in n.op.traits and not is_transparent(n)
            for n in self.nodes
        )


def mixing_parts(subject: Subject) -> list[Part]:
    """Give the parts that mix entries and are no product of matrices, as one each."""
    readers = readers_of(subject)
    found: list[Part] = []
    inside: set[Node] = set()
    for node in subject.graph.nodes():
        if node in inside or node not in subject.raw.adjoints or not node.spec.rank:
            continue
        part = next_part(node, readers, subject)
        while part is not None and part.mixes:
            further = next_part(part.result, readers, subject)
            if further is None or not further.mixes:
                break
            part = Part(node, further.result, (*part.nodes, *further.nodes))
        if part is not None and part.mixes:
            found.append(part)
            inside |= set(part.nodes) - {part.result}
    return found


def readers_of(subject: Subject) -> dict[Node, list[Node]]:
    """Give the operations that read each value and pass a gradient back to it."""
    readers: dict[Node, list[Node]] = {}
    for n in subject.graph.nodes():
        for operand in n.inputs if n in subject.raw.adjoints else ():
            readers.setdefault(operand, []).append(n)
    return readers


def next_part(
    node: Node, readers: Mapping[Node, list[Node]], subject: Subject
) -> Part | None:
    """Give the part from a value to the next one that all its readers lead to."""
    outputs = set(subject.graph.outputs)
    ways = [(n.index, n) for n in dict.fromkeys(readers.get(node, ()))]
    heapify(ways)
    between: list[Node] = []
    while ways and node not in outputs and len(between) < MOST:
        _, n = heappop(ways)
        if n.op.contraction is not None or n.op.vjp is None or "loop" in n.op.traits:
            return None
        between.append(n)
        if not ways:
            same = n.spec.shape == node.spec.shape
            return Part(node, n, tuple(between)) if same else None
        if n in outputs:
            return None
        known = {k for k, _ in ways}
        for reader in dict.fromkeys(readers.get(n, ())):
            if reader.index not in known:
                heappush(ways, (reader.index, reader))
    return None


def pulled_back(part: Part, builder: Builder) -> tuple[Node, Node]:
    """Give a free upstream gradient, and the operand's adjoint that follows from it."""
    spec = part.operand.spec
    stand_in = builder.make(argument, (), {"name": "the operand", "spec": spec})
    there = substituted(part.nodes, {part.operand: stand_in}, builder)
    graph = Graph("part", (stand_in,), (there[part.result],), {})
    derived = differentiate(graph, ("the operand",), builder)
    back = {new: old for old, new in there.items()} | {stand_in: part.operand}
    adjoint = derived.gradients["the operand"]
    if len(part.nodes) > 1:
        values = order([*graph.outputs, stand_in])
        forward = Forward(graph, values, builder, Facts(nothing=True))
        shorter = simplify_backward(derived, forward, enabled=True)
        adjoint = shorter.gradients["the operand"]
    (g,) = derived.seeds
    whole = substituted(order([adjoint]), back, builder)
    return g, whole.get(adjoint, adjoint)


def substituted(
    nodes: tuple[Node, ...], change: dict[Node, Node], builder: Builder
) -> dict[Node, Node]:
    """Make nodes anew on other operands; those that do not change stay."""
    made = dict(change)
    for n in nodes:
        if n in made or not any(i in made for i in n.inputs):
            continue
        inputs = tuple(made.get(i, i) for i in n.inputs)
        made[n] = builder.make(n.op, inputs, dict(n.attrs), n.line, n.group)
    return made
