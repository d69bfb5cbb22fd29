"""What the forward pass keeps, and where the derivative ends."""

from __future__ import annotations

from math import prod

from derivo.explain.document import (
    Display,
    Mono,
    Paragraph,
    Row,
    Runs,
    Section,
    Table,
)  # fmt: skip
from derivo.explain.formula.tree import Minus, Plus, Symbol, Times
from derivo.explain.levels.tell import Telling
from derivo.explain.subject import Subject
from derivo.explain.words import Words
from derivo.graph.dim import evaluate
from derivo.graph.names import adjoint_name
from derivo.graph.node import Node


def sections(subject: Subject, words: Words) -> tuple[Section, ...]:
    """Tell what a function that is called keeps."""
    return saved(Telling(subject, words))


def saved(t: Telling) -> tuple[Section, ...]:
    """Tell which values the forward pass keeps, and which gradients need them."""
    d = t.subject.derivation
    if not d.saved:
        return ()
    named = {adjoint_name(name): n for n, name in t.subject.names.items()}
    rows: list[tuple[Runs, ...]] = [
        (t.words.runs("matrix.saved_name"), t.words.runs("matrix.saved_for"))
    ]
    for kept, readers in d.emitted.readers.items():
        users = [
            t.adjoint(named[reader]) if reader in named else Mono(reader)
            for reader in dict.fromkeys(r.partition("[")[0] for r in readers)
        ]
        rows.append(((Mono(kept),), t.words.listed(users)))
    blocks = (Paragraph(t.words.runs("matrix.saved")), Table(tuple(rows)))
    return (Section("saved", t.words.runs("matrix.saved_title"), blocks, "matrix"),)


def update(t: Telling) -> Section:
    """Tell where the derivative ends and the update begins."""
    wrt = set(t.subject.derivation.wanted)
    wanted = [n for n in t.subject.graph.inputs if n.attrs["name"] in wrt]
    # A weight rather than the data or a bias: what people think of as being trained.
    at_every_step = {s.operand(a) for s in t.subject.loops for a in s.fixed}
    weights = [n for n in wanted if n in at_every_step] or wanted[1:] or wanted
    value = max(weights, key=lambda n: n.spec.rank)
    w = t.shown(value)
    step = Plus((w, Minus(Times((Symbol("eta"), t.adjoint(value)), "·"))))
    blocks = (
        Paragraph(_one_pass(wanted, t)),
        Paragraph(t.words.runs("matrix.update")), Display((Row(w, step, (), "←"),)),
    )  # fmt: skip
    return Section("update", t.words.runs("matrix.update_title"), blocks, "matrix")


def _one_pass(wanted: list[Node], t: Telling) -> Runs:
    """Say what one pass backward saves: a run of the function for every number."""
    names = t.words.listed(t.shown(node) for node in wanted)
    sizes = t.subject.sizes
    if not t.subject.values:
        return t.words.runs("matrix.one_pass_any", names=names)
    count = sum(prod(evaluate(d, sizes) for d in n.spec.shape) for n in wanted)
    return t.words.runs("matrix.one_pass", names=names, count=str(count))
