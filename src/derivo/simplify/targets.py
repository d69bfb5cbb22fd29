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
    if len(product.inputs) != 2 or "elementwise" not in product.op.traits:
        return []
    found = []
    for weight, other in (product.inputs, product.inputs[::-1]):
        for n in _close(other):
            if n.op is not softmax and n.op is not logsumexp:
                continue
            axis = n.attrs["axis"]
            if not isinstance(axis, int):
                continue
            axis %= n.inputs[0].spec.rank
            target = _behind(weight, axis)
            shape = n.inputs[0].spec.shape
            if target is not None and shape == target.spec.shape == other.spec.shape:
                found.append((target, axis))
    return found if len({target for target, _ in found}) == 1 else []


def _behind(weight: Node, axis: int) -> Node | None:
    """Give the argument that a weight is made of: smoothed, or scaled row by row.

    ``0.9 * t + 0.1 / n`` and ``w[:, None] * t`` weigh classes as t does.
    """
    while weight.op.name != "argument":
        if "elementwise" not in weight.op.traits or weight.op.algebra is None:
            return None
        wide = [i for i in weight.inputs if _varies(i, axis, weight.spec.rank)]
        if len(wide) != 1 or wide[0].spec != weight.spec:
            return None
        (weight,) = wide
    return weight if weight.spec.rank else None


def _varies(node: Node, axis: int, rank: int) -> bool:
    """Tell whether a value differs along an axis of the frame that it stands in."""
    own = axis - (rank - node.spec.rank)
    return 0 <= own < node.spec.rank and node.spec.shape[own] != 1


def _close(node: Node) -> list[Node]:
    """Give a value and what it is made of in one step."""
    return [node, *node.inputs, *(i for n in node.inputs for i in n.inputs)]
