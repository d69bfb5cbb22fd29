"""What a page computes: both passes as JavaScript, or why it cannot."""

from __future__ import annotations

from collections import Counter

from derivo.differentiate.reverse import handed_back
from derivo.emit.js.program import Backward, Script, script, why_not
from derivo.explain.factors import Factor
from derivo.explain.subject import Subject
from derivo.graph.node import Node, order


def reasons(about: Subject) -> tuple[str, ...]:
    """Say what keeps a page from computing; nothing where it can."""
    raw = about.raw
    nodes = order([*about.graph.nodes(), *raw.adjoints.values()])
    return why_not(nodes)


def script_of(about: Subject) -> Script:
    """Write both passes of what is told: a value, and its adjoint, goes by its id."""
    graph, raw = about.graph, about.raw
    adjoints = dict(raw.adjoints)
    for name, gradient in raw.gradients.items():
        by_name = {n.attrs["name"]: n for n in graph.inputs}
        adjoints.setdefault(by_name[name], gradient)
    passed = {raw.adjoints[f.operand]: raw.adjoints[f.reader] for f in mixing(about)}
    back = Backward(adjoints, raw.seeds, _edges(about), passed)
    builder = about.derivation.forward.builder
    return script(list(about.ids), about.ids, builder, back)


def mixing(about: Subject) -> tuple[Factor, ...]:
    """Give the operations that mix entries as no sum or product does: as softmax does.

    Only those whose operand has no other reader: what comes back to it is its gradient.
    """
    count = Counter(f.operand for f in about.factors)
    adjoints = about.raw.adjoints

    def mixes(factor: Factor) -> bool:
        op, upstream = factor.reader.op, adjoints[factor.reader]
        is_told = bool(op.traits & {"elementwise", "view", "selects", "loop", "item"})
        is_told |= op.contraction is not None or op.element is not None
        is_array = bool(upstream.inputs or "name" in upstream.attrs)
        return not is_told and is_array and op.vjp is not None

    return tuple(f for f in about.factors if count[f.operand] == 1 and mixes(f))


def _edges(about: Subject) -> dict[str, Node]:
    """Give what comes back along each edge that bears a factor, by the factor."""
    builder, adjoints = about.derivation.forward.builder, about.raw.adjoints
    found: dict[str, Node] = {}
    back: dict[Node, dict[int, Node]] = {}
    for factor in about.factors:
        reader = factor.reader
        if reader.op.vjp is None:
            continue  # a loop hands back what its steps add up to
        if reader not in back:
            places = {f.position for f in about.factors if f.reader is reader}
            back[reader] = handed_back(reader, adjoints[reader], places, builder)
        if factor.position in back[reader]:  # else what comes back is nothing
            found[factor.id] = back[reader][factor.position]
    return found
