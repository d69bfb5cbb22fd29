"""A closed sub-graph: a function of the user's that stays a function."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from derivo.graph.builder import Builder
from derivo.graph.node import Graph, Node, between


@dataclass(frozen=True, eq=False, slots=True)
class Block:
    """A computation by itself, over arguments of its own. Equal blocks are one object.

    Attributes
    ----------
    graph
        What it computes; its name is the one that the source gives it.
    structure
        How the results are handed back: a nest of places among the graph's outputs.
    function
        How the user knows it: ``block``, ``Class.method``.
    """

    graph: Graph
    structure: Any
    function: str

    def __repr__(self) -> str:
        """Show the name and the shapes."""
        taken = ", ".join(str(n.spec) for n in self.graph.inputs)
        return f"{self.graph.name}({taken})"


def has_calls(nodes: Iterable[Node]) -> bool:
    """Tell whether functions are called among some nodes."""
    return any("call" in n.op.traits for n in nodes)


def inline(
    roots: Iterable[Node], builder: Builder, given: Mapping[Node, Node] | None = None
) -> dict[Node, Node]:
    """Put the bodies of functions in the place of their calls, forward and backward.

    Parameters
    ----------
    roots
        The values wanted.
    builder
        Where new nodes go.
    given
        What stands in the place of what; nothing below the keys is looked at.

    Returns
    -------
    dict
        What became of each node; calls themselves become nothing.
    """
    new = dict(given or {})
    # Results of a call, once its body is written out.
    bodies: dict[Node, tuple[Node, ...]] = {}
    for node in between(tuple(roots), frozenset(new)):
        if "call" in node.op.traits:
            bodies[node] = _written_out(node, new, builder)
        elif "result" in node.op.traits:
            new[node] = bodies[node.inputs[0]][node.attrs["at"]]
        else:
            new[node] = builder.remake(node, tuple(new[i] for i in node.inputs))
    return new


def _written_out(
    node: Node, new: Mapping[Node, Node], builder: Builder
) -> tuple[Node, ...]:
    """Give the results of a call, computed where it stands."""
    if "back" in node.op.traits:
        call, *adjoints = node.inputs
        derived = node.attrs["derived"]
        graph, outputs = derived.forward.graph, derived.gradients
        given = dict(zip(derived.seeds, (new[a] for a in adjoints), strict=True))
    else:
        call, graph, given = node, node.attrs["block"].graph, {}
        outputs = graph.outputs
    operands = (new[i] for i in call.inputs)
    given |= dict(zip(graph.inputs, operands, strict=True))
    inside = inline(outputs, builder, given)
    return tuple(inside[o] for o in outputs)
