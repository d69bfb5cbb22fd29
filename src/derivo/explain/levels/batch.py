"""Batch level: sums over rows, where 1/N comes from, sum against mean."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from derivo.explain.document import Block, Display, Note, Paragraph, Row, Section
from derivo.explain.factors import Factor
from derivo.explain.formula.of_node import formula_of
from derivo.explain.formula.tree import (
    Call,
    Entry,
    Formula,
    Mark,
    Number,
    Plus,
    Quotient,
    Size,
    Symbol,
    Under,
)  # fmt: skip
from derivo.explain.levels.tell import Telling, numbers, shape_of
from derivo.explain.subject import Subject
from derivo.explain.words import Words as Sentences
from derivo.graph.node import Node, Why

MOST_ROWS = 4


def sections(subject: Subject, words: Sentences) -> tuple[Section, ...]:
    """Tell what a batch changes; nothing where there is no batch."""
    t = Telling(subject, words)
    found = _copies(t)
    if batch_size(subject) is not None:
        found += [*_products(t), *_means(t), *_twice(t)]
    return tuple(found)


def batch_size(subject: Subject) -> Any:
    """Give the size of the batch: the first axis of the first argument, by name.

    It is a batch if no parameter has it: a parameter is an argument after the first
    whose gradient is asked for.
    """
    inputs = subject.graph.inputs
    if not inputs or not inputs[0].spec.rank:
        return None
    # A loop over time runs along it: its rows are steps.
    if any(inputs[0] in map(s.operand, s.slices) for s in subject.loops):
        return None
    size = inputs[0].spec.shape[0]
    wrt = set(subject.derivation.wanted)
    parameters = [n for n in inputs[1:] if n.attrs["name"] in wrt]
    held = any(str(size) == str(d) for n in parameters for d in n.spec.shape)
    return None if isinstance(size, int) or held else size


# --- copies ---------------------------------------------------------------------------


def _copies(t: Telling) -> list[Section]:
    """Tell of every value that was copied to fit another: a sum over the copies."""
    found: dict[str, Section] = {}
    for node, why in t.subject.raw.why.items():
        if why.kind != "broadcast" or why.reader is None:
            continue
        anchor = f"batch-copy-{t.anchor(why.node)}"
        if anchor not in found and why.node in t.subject.names:
            found[anchor] = _copy(node, why, anchor, t)
    sections = list(found.values())
    if sections:  # what most people look for: the bias of a layer
        first = sections[0]
        sections[0] = replace(first, anchor="batch-bias")
    return sections


def copy_anchor(value: Node, t: Telling) -> str:
    """Give the anchor of the section on the copies of a value."""
    copied = [w.node for w in t.subject.raw.why.values() if w.kind == "broadcast"]
    first = next((n for n in copied if n in t.subject.names), None)
    if value is first:
        return f"{t.subject.prefix}batch-bias"
    return f"batch-copy-{t.anchor(value)}"


def _copy(node: Node, why: Why, anchor: str, t: Telling) -> Section:
    reader, operand = why.reader, why.node
    assert reader is not None  # noqa: S101
    factor = t.subject.factor_of.get((reader, why.position))
    whole, forward = t.entries.equation(reader)
    own, backward = t.entries.equation(node)
    adjoint = t.came_back(factor) if factor else t.adjoint(operand)
    own = Entry(adjoint, own.indices) if isinstance(own, Entry) else adjoint
    marked = Mark(backward, factor.id) if factor else backward
    rows = (
        Row(whole, forward, t.words.runs("batch.used", value=t.shown(operand))),
        Row(own, marked, t.words.runs("batch.paths")),
    )
    wide = Under(t.adjoint(reader), shape_of(reader.spec))
    summed = formula_of(node, {**t.names, **_adjoint_names(reader, wide, t)})
    left = Under(adjoint, shape_of(operand.spec)) if operand.spec.rank else adjoint
    matrix = [Row(left, summed, t.words.runs("batch.shape"))]
    matrix += t.in_numbers(node)
    fields = {"value": t.shown(operand), "reader": t.shown(reader)}
    blocks: list[Block] = [
        Paragraph(t.words.runs("batch.copied", **fields)),
        Display(rows), Display(tuple(matrix)),
    ]  # fmt: skip
    blocks += _without_axis(node, operand, t)
    title = t.words.runs("batch.copied_title", adjoint=adjoint)
    about = t.subject.ids[operand]
    return Section(anchor, title, tuple(blocks), "batch", about)


def _adjoint_names(reader: Node, shown: Formula, t: Telling) -> dict[Node, Formula]:
    held = t.subject.raw.adjoints.get(reader)
    return {} if held is None else {held: shown}


def _without_axis(node: Node, operand: Node, t: Telling) -> list[Block]:
    """Warn of the sum without an axis, with the numbers that it would give."""
    value = t.subject.values.get(node)
    if value is None or not operand.spec.rank or np.size(value) < 2:
        return []
    total = Number(float(np.sum(value)), 4)
    key = "batch.without_axis"
    return [Note("warning", t.words.runs(key, total=total, value=t.shown(operand)))]


# --- products that add up over rows -------------------------------------------------


def _products(t: Telling) -> list[Section]:
    """Tell that a product over rows adds up over the batch by itself."""
    size = batch_size(t.subject)
    for factor in t.subject.factors:
        part = t.part(factor)
        is_product = factor.reader.op.contraction is not None and part is not None
        if not is_product or factor.operand not in t.subject.names:
            continue
        assert part is not None  # noqa: S101
        if any(str(d) == str(size) for d in factor.operand.spec.shape):
            continue
        if not any(str(size) in [str(d) for d in i.spec.shape] for i in part.inputs):
            continue
        return [_product(factor, part, t)]
    return []


def _product(factor: Factor, part: Node, t: Telling) -> Section:
    adjoint = t.came_back(factor)
    own, backward = t.entries.equation(part)
    own = Entry(adjoint, own.indices) if isinstance(own, Entry) else adjoint
    blocks: list[Block] = [
        Paragraph(t.words.runs("batch.rows", adjoint=adjoint)),
        Display((Row(own, Mark(backward, factor.id)),)),
    ]
    blocks += _row_by_row(part, adjoint, t)
    return Section(
        "batch-sum",
        t.words.runs("batch.rows_title", adjoint=adjoint),
        tuple(blocks),
        "batch",
        t.subject.ids[factor.operand],
    )


def _row_by_row(part: Node, adjoint: Formula, t: Telling) -> list[Block]:
    """Show what each row adds, with numbers: its column times its row."""
    values = [t.subject.values.get(i) for i in part.inputs]
    if len(values) != 2 or any(v is None or np.ndim(v) != 2 for v in values):
        return []
    left, right = (np.asarray(v) for v in values)
    small = max(left.shape[0], right.shape[1]) <= MOST_ROWS
    if left.shape[1] > MOST_ROWS or not small:
        return []
    outer = [np.outer(left[:, k], right[k]) for k in range(left.shape[1])]
    terms: tuple[Formula, ...] = tuple(
        Under(numbers(o), t.words.text("batch.row", number=k))
        for k, o in enumerate(outer, 1)
    )
    rows = (Row(adjoint, Plus(terms)), Row(None, numbers(sum(outer))))
    return [Paragraph(t.words.runs("batch.each")), Display(rows)]


# --- sum against mean --------------------------------------------------------------


def _means(t: Telling) -> list[Section]:
    """Tell where 1/N comes from: the local derivative of a mean."""
    size = batch_size(t.subject)
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
        own, backward = t.entries.equation(part)
        own = Entry(adjoint, own.indices) if isinstance(own, Entry) else adjoint
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
    s, size = t.subject, batch_size(t.subject)
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


__all__ = ["Call", "batch_size", "sections"]
