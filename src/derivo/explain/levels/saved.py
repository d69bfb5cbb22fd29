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
    for value, adjoint in d.backward.adjoints.items():
        name = d.forward.graph.names.get(value)
        if name is None:
            continue
        stop = {n for v, n in d.backward.adjoints.items() if v is not value}
        for kept in d.saved:
            if kept in by_name and _reads(adjoint, by_name[kept], stop):
                needs.setdefault(kept, []).append(name)
    for kept in d.saved:
        users: list[Formula | str] = []
        for name in dict.fromkeys(needs.get(kept, ())):
            users += [", "] if users else []
            users.append(Symbol(name, by_name[name].spec.rank, adjoint=True))
        rows.append(((Mono(kept),), tuple(users) or ("",)))
    blocks = (Paragraph(t.words.runs("matrix.saved")), Table(tuple(rows)))
    return (Section("saved", t.words.runs("matrix.saved_title"), blocks, "matrix"),)


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
    value = max(wanted[1:] or wanted, key=lambda n: n.spec.rank)
    w = t.shown(value)
    step = Plus((w, Minus(Times((Symbol("eta"), t.adjoint(value)), "·"))))
    blocks = (
        Paragraph(t.words.runs("matrix.update")), Display((Row(w, step, (), "←"),)),
    )  # fmt: skip
    return Section("update", t.words.runs("matrix.update_title"), blocks, "matrix")
