"""What a page computes: both passes as JavaScript, or why it cannot."""

from __future__ import annotations

from derivo.differentiate.reverse import handed_back
from derivo.emit.js.program import Script, script, why_not
from derivo.explain.subject import Subject
from derivo.graph.node import Node, order


def reasons(about: Subject) -> tuple[str, ...]:
    """Say what keeps a page from computing; nothing where it can."""
    raw = about.raw
    nodes = order([*about.graph.nodes(), *raw.adjoints.values()])
    return why_not(nodes)


def script_of(about: Subject) -> Script:
    """Write both passes of what is told, with every value and every adjoint of it."""
    graph, raw = about.graph, about.raw
    adjoints = dict(raw.adjoints)
    for name, gradient in raw.gradients.items():
        by_name = {n.attrs["name"]: n for n in graph.inputs}
        adjoints.setdefault(by_name[name], gradient)
    return script(
        graph.nodes(), about.names, about.derivation.forward.builder,
        adjoints=adjoints, seeds=raw.seeds, edges=_edges(about),
    )  # fmt: skip


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
