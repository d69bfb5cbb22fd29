"""Batch level: sums over rows, where 1/N comes from, sum against mean."""

from __future__ import annotations

from dataclasses import replace

from derivo.explain.document import Display, Paragraph, Row, Section
from derivo.explain.formula.tree import Mark, Quotient, Size, walk
from derivo.explain.levels import matrix
from derivo.explain.levels.products import over_rows
from derivo.explain.levels.tell import Telling
from derivo.explain.subject import Subject
from derivo.explain.words import Words as Sentences


def sections(subject: Subject, words: Sentences) -> tuple[Section, ...]:
    """Tell where 1/N comes from: the local derivative of a mean over a batch."""
    if subject.batch is None:
        return ()
    t, size, say = Telling(subject, words), Size(subject.batch), words.runs
    for factor in subject.factors:
        reader, part = factor.reader, t.part(factor)
        shape = map(str, factor.operand.spec.shape)
        if (
            "elementwise" in reader.op.traits
            or part is None
            or str(size.dim) not in shape
        ):
            continue
        _, forward = t.entries.equation(reader)
        if not isinstance(forward, Quotient) or size not in walk(forward.under):
            continue
        own, backward = t.entries_of(part, t.came_back(factor))
        rows = (
            Row(t.shown(reader), forward, say("batch.mean_forward")),
            Row(own, Mark(backward, factor.id), say("batch.mean_backward")),
        )
        said = Paragraph(say("batch.mean", size=size))
        blocks = (said, Display(rows), Paragraph(say("batch.twice")))
        title = say("batch.mean_title", size=size)
        return (Section("batch-mean", title, blocks, "batch"),)
    return ()


def sums(subject: Subject, words: Sentences) -> tuple[Section, ...]:
    """Tell of the gradients that are sums over copies, or over rows.

    That is a part of what is told in matrices: for those who ask for it alone.
    """
    t = Telling(subject, words)
    wanted = {w.node for w in subject.raw.why.values() if w.kind == "broadcast"}
    wanted &= subject.names.keys()
    first = over_rows(t)
    wanted |= set() if first is None else {first.operand}
    found = matrix.adjoint_sections(t, wanted)
    return tuple(replace(s, level="batch") for s in found)
