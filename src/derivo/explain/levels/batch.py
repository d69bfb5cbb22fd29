"""Batch level: sums over rows, where 1/N comes from, sum against mean."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from derivo.explain.document import Display, Paragraph, Row, Section
from derivo.explain.formula.tree import (
    Formula,
    Mark,
    Number,
    Quotient,
    Size,
    Symbol,
    Under,
)  # fmt: skip
from derivo.explain.levels import matrix
from derivo.explain.levels.products import over_rows
from derivo.explain.levels.tell import Telling
from derivo.explain.subject import Subject
from derivo.explain.words import Words as Sentences
from derivo.graph.node import Node


def sections(subject: Subject, words: Sentences) -> tuple[Section, ...]:
    """Tell what a batch does to a loss; nothing where there is no batch."""
    if subject.batch is None:
        return ()
    t = Telling(subject, words)
    return (*_means(t), *_twice(t))


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


# --- sum against mean --------------------------------------------------------------


def _means(t: Telling) -> list[Section]:
    """Tell where 1/N comes from: the local derivative of a mean."""
    size = t.subject.batch
    for factor in t.subject.factors:
        part = t.part(factor)
        shape = [str(d) for d in factor.operand.spec.shape]
        reader = factor.reader
        if "elementwise" in reader.op.traits or part is None or str(size) not in shape:
            continue
        _, forward = t.entries.equation(reader)
        if not (isinstance(forward, Quotient) and _has(forward.under, size)):
            continue
        adjoint = t.came_back(factor)
        own, backward = t.entries_of(part, adjoint)
        rows = (
            Row(t.shown(reader), forward, t.words.runs("batch.mean_forward")),
            Row(own, Mark(backward, factor.id), t.words.runs("batch.mean_backward")),
        )
        blocks = (Paragraph(t.words.runs("batch.mean", size=Size(size))), Display(rows))
        title = t.words.runs("batch.mean_title", size=Size(size))
        return [Section("batch-mean", title, blocks, "batch")]
    return []


def _has(formula: Formula, size: Any) -> bool:
    from derivo.explain.formula.tree import walk

    return any(isinstance(f, Size) and str(f.dim) == str(size) for f in walk(formula))


def _twice(t: Telling) -> list[Section]:
    """Run the same batch twice over: a sum doubles, a mean stays."""
    s, size = t.subject, t.subject.batch
    if not s.arrays or s.upstream is not None or not s.is_loss:
        return []
    doubled = {
        n.attrs["name"]: _repeated(s.arrays[n.attrs["name"]], n, size)
        for n in s.graph.inputs
    }
    once = s.derivation.gradients(**s.arrays)
    both = s.derivation.gradients(**doubled)
    rows = []
    for name in s.derivation.wanted:
        a, b = np.asarray(once[name]), np.asarray(both[name])
        if a.shape != b.shape or not np.any(a):
            continue
        ratio = float(np.linalg.norm(b) / np.linalg.norm(a))
        symbol = Symbol(name, a.ndim, adjoint=True)
        left = Quotient(_sized(symbol, 2, size), _sized(symbol, 1, size))
        rows.append(Row(left, Number(round(ratio, 6), 6)))
    if not rows:
        return []
    blocks = (Paragraph(t.words.runs("batch.twice")), Display(tuple(rows)))
    return [Section("batch-twice", t.words.runs("batch.twice_title"), blocks, "batch")]


def _sized(symbol: Symbol, times: int, size: Any) -> Formula:
    return Under(symbol, f"{times} · {size}" if times > 1 else str(size))


def _repeated(array: Any, node: Node, size: Any) -> Any:
    a = np.asarray(array)
    for axis, d in enumerate(node.spec.shape):
        if str(d) == str(size):
            a = np.concatenate([a, a], axis=axis)
    return a
