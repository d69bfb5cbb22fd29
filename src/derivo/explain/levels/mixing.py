"""Parts of a graph in which every entry of a row has an influence on all of the row."""

from __future__ import annotations

from dataclasses import dataclass

from derivo.differentiate.reverse import differentiate
from derivo.explain.drawing.of_subject import is_transparent
from derivo.explain.levels.tell import Telling
from derivo.graph.builder import Builder, substitute
from derivo.graph.node import Graph, Node
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


def mixing_parts(t: Telling) -> list[Part]:
    """Give the parts that mix entries and are no product of matrices, as one each."""
    found: list[Part] = []
    inside: set[Node] = set()
    for node in t.subject.graph.nodes():
        if node in inside or node not in t.readers or not node.spec.rank:
            continue
        part = next_part(node, t)
        while part is not None and part.mixes:
            further = next_part(part.result, t)
            if further is None or not further.mixes:
                break
            part = Part(node, further.result, (*part.nodes, *further.nodes))
        if part is not None and part.mixes:
            found.append(part)
            inside |= set(part.nodes) - {part.result}
    return found


def next_part(node: Node, t: Telling) -> Part | None:
    """Give the part from a value to the next one that all its readers lead to."""
    last, ways, between = node, set[Node](), list[Node]()
    while last not in t.subject.graph.outputs and len(between) < MOST:
        ways |= {f.reader for f in t.readers.get(last, ())}
        if not ways:
            return None
        last = min(ways, key=lambda n: n.index)  # operands come before their readers
        ways.remove(last)
        op = last.op
        if op.contraction is not None or op.vjp is None or "loop" in op.traits:
            return None
        between.append(last)
        if not ways:
            same = last.spec.shape == node.spec.shape
            return Part(node, last, tuple(between)) if same else None
    return None


def pulled_back(part: Part, builder: Builder) -> tuple[Node, Node]:
    """Give a free upstream gradient, and the operand's adjoint that follows from it."""
    spec = part.operand.spec
    stand_in = builder.make(argument, (), {"name": "the operand", "spec": spec})
    there = substitute([part.result], {part.operand: stand_in}, builder)
    graph = Graph("part", (stand_in,), (there[part.result],), {})
    derived = differentiate(graph, ("the operand",), builder)
    forward = Forward(graph, graph.nodes(), builder, Facts(nothing=True))
    shorter = simplify_backward(derived, forward, enabled=len(part.nodes) > 1)
    adjoint = shorter.gradients["the operand"]
    back = {new: old for old, new in there.items()}
    return derived.seeds[0], substitute([adjoint], back, builder)[adjoint]
