"""What the forward pass keeps, and where the derivative ends."""

from __future__ import annotations

from derivo.explain.document import (
    Display,
    Mono,
    Paragraph,
    Row,
    Runs,
    Section,
    Table,
)  # fmt: skip
from derivo.explain.formula.tree import (
    Formula,
    Minus,
    Plus,
    Symbol,
    Times,
)  # fmt: skip
from derivo.explain.levels.tell import Telling
from derivo.graph.node import Node


def saved(t: Telling) -> tuple[Section, ...]:
    """Tell which values the forward pass keeps, and which gradients need them."""
    d = t.subject.derivation
    if not d.saved:
        return ()
    rows: list[tuple[Runs, ...]] = [
        (t.words.runs("matrix.saved_name"), t.words.runs("matrix.saved_for"))
    ]
    by_name = {name: n for n, name in d.forward.graph.names.items()}
    needs: dict[str, list[str]] = {}
    outside = set(d.forward.graph.nodes())
    looped = _through_loops(t)
    for value, adjoint in d.backward.adjoints.items():
        name = d.forward.graph.names.get(value)
        if name is None or value not in outside:
            continue
        stop = {n for v, n in d.backward.adjoints.items() if v is not value}
        for kept in d.saved:
            if kept in by_name and _reads(adjoint, by_name[kept], stop):
                needs.setdefault(kept, []).append(name)
    for kept in d.saved:
        users: list[Formula | str] = []
        found = [] if kept in by_name else looped  # all steps of a value in a loop
        for name in dict.fromkeys(needs.get(kept, found)):
            users += [", "] if users else []
            users.append(Symbol(name, by_name[name].spec.rank, adjoint=True))
        rows.append(((Mono(kept),), tuple(users) or ("",)))
    blocks = (Paragraph(t.words.runs("matrix.saved")), Table(tuple(rows)))
    return (Section("saved", t.words.runs("matrix.saved_title"), blocks, "matrix"),)


def _through_loops(t: Telling) -> list[str]:
    """Give the values that get gradients from a loop over time."""
    return [
        t.subject.names[o]
        for steps in t.subject.loops
        for a in steps.arguments
        if steps.gradient(a) is not None
        and (o := steps.operand(a)) in t.subject.names
        and o in t.subject.raw.adjoints
        and t.subject.names[o] in t.subject.derivation.forward.graph.names.values()
    ]


def _reads(root: Node, wanted: Node, stop: set[Node]) -> bool:
    todo, seen = [root], {root}
    while todo:
        for operand in todo.pop().inputs:
            if operand is wanted:
                return True
            if operand not in seen and operand not in stop:
                seen.add(operand)
                todo.append(operand)
    return False


def update(t: Telling) -> Section:
    """Tell where the derivative ends and the update begins."""
    wrt = set(t.subject.derivation.wrt)
    wanted = [n for n in t.subject.graph.inputs if n.attrs["name"] in wrt]
    # A weight rather than the data or a bias: what people think of as being trained.
    at_every_step = {s.operand(a) for s in t.subject.loops for a in s.fixed}
    weights = [n for n in wanted if n in at_every_step] or wanted[1:] or wanted
    value = max(weights, key=lambda n: n.spec.rank)
    w = t.shown(value)
    step = Plus((w, Minus(Times((Symbol("eta"), t.adjoint(value)), "·"))))
    blocks = (
        Paragraph(t.words.runs("matrix.update")), Display((Row(w, step, (), "←"),)),
    )  # fmt: skip
    return Section("update", t.words.runs("matrix.update_title"), blocks, "matrix")
