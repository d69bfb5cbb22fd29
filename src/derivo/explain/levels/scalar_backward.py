"""Backward, number by number: where the paths are too many to be read, one by one."""

from __future__ import annotations

import numpy as np

from derivo.explain.document import Block, Paragraph, Row, Section
from derivo.explain.factors import Factor
from derivo.explain.formula.tree import Formula, Number, Times
from derivo.explain.levels.gather import gathered
from derivo.explain.levels.numbers_of import Scalars
from derivo.explain.levels.paths import paths_between
from derivo.explain.levels.scalar_numbers import RESULT
from derivo.explain.levels.scalar_parts import added, folded

MOST_OF_ENTRY = 30  # factors on all paths of one number that anybody reads
MOST_LINES = 60


def has_many_paths(t: Scalars) -> bool:
    """Tell whether the paths of one number are more than anybody would read."""
    for node in t.wanted:
        for entry in np.ravel(t.expanded.entries[node]):
            count = 0
            for result in t.expanded.graph.outputs:
                found, more = paths_between(entry, result, t.nodes, t.active, 12)
                count += sum(map(len, found)) + MOST_OF_ENTRY * (more > 0)
            if count > MOST_OF_ENTRY:
                return True
    return False


def backward(t: Scalars) -> Section:
    """Tell each gradient by those of the numbers that are computed from it.

    That is what backpropagation does, and what keeps it short: the paths of a network
    are many, its numbers are few.
    """
    outputs = t.expanded.graph.outputs
    rows: list[Row] = []
    for node in reversed(t.nodes):
        own, readers = t.derivative(node), t.readers.get(node, [])
        if node in outputs and t.subject.is_loss:
            rows.append(Row(own, Number(1)))
        if not readers:
            continue
        given = [own] if node in outputs else []
        rows.append(Row(own, added([*given, *(_handed(f, t) for f in readers)])))
        if node in t.gradients:
            rows.append(Row(None, Number(t.gradients[node], RESULT)))
    blocks: list[Block] = [
        Paragraph(t.words.runs("scalar.backward")), *folded(t.words, rows, MOST_LINES),
    ]  # fmt: skip
    for node in t.wanted:
        blocks += gathered(node, t, along_paths=False)
    title = t.words.runs("scalar.backward_title")
    return Section("scalar-backward", title, tuple(blocks), "scalar")


def _handed(f: Factor, t: Scalars) -> Formula:
    """Write what one reader hands back: its gradient times the local derivative."""
    own = t.derivative(f.reader)
    if t.is_one(f):
        return t.marked(f, own)
    return Times((own, t.marked(f, t.local(f))), "·")
