"""Which arguments are targets: class weights that may be assumed to sum to 1."""

from __future__ import annotations

from derivo.graph.node import Graph, Node
from derivo.ops.composite import logsumexp, softmax
from derivo.simplify.assume import Facts, SumsToOne


def targets_of(graph: Graph, facts: Facts) -> dict[Node, tuple[int, SumsToOne]]:
    """Find the arguments that weigh logarithms of probabilities: rows of classes.

    Such a target is an argument that multiplies ``log softmax`` along the axis of the
    softmax; an argument that was declared to sum to 1 is one, too.
    """
    targets: dict[Node, int] = {}
    declared = {f.name: f.axis for f in facts.known}
    for n in graph.inputs:
        name = n.attrs["name"]
        if name in declared:
            targets[n] = declared[name] % n.spec.rank
    for n in graph.nodes():
        for argument, axis in _weights(n):
            if facts.may_assume(argument.attrs["name"]):
                targets.setdefault(argument, axis)
    return {n: (axis, assumption(n, axis, facts)) for n, axis in targets.items()}


def assumption(argument: Node, axis: int, facts: Facts) -> SumsToOne:
    """Say what is assumed of an argument, in the user's words if there are any."""
    name = argument.attrs["name"]
    for fact in facts.known:
        if fact.name == name:
            return fact
    return SumsToOne(name, axis - argument.spec.rank)


def _weights(product: Node) -> list[tuple[Node, int]]:
    arguments = [i for i in product.inputs if i.op.name == "argument" and i.spec.rank]
    if (
        len(product.inputs) != 2
        or len(arguments) != 1
        or "elementwise" not in product.op.traits
    ):
        return []
    (other,) = [i for i in product.inputs if i is not arguments[0]]
    return [
        (arguments[0], n.attrs["axis"] % n.spec.rank)
        for n in _close(other)
        if n.op is softmax or n.op is logsumexp
        if isinstance(n.attrs["axis"], int)
        and n.inputs[0].spec.shape == arguments[0].spec.shape == other.spec.shape
    ]


def _close(node: Node) -> list[Node]:
    """Give a value and what it is made of in one step."""
    return [node, *node.inputs, *(i for n in node.inputs for i in n.inputs)]
