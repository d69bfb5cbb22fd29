"""Matrix level, products: from entries and their sums to transposes and shapes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from derivo.explain.document import Block, Display, Note, Paragraph, Row, Runs
from derivo.explain.factors import Factor
from derivo.explain.formula.tree import (
    Entry,
    Formula,
    Mark,
    Number,
    Partial,
    Plus,
    Sum,
    Times,
    Transposed,
    Under,
)  # fmt: skip
from derivo.explain.levels.sums import multiplied, worked_out
from derivo.explain.levels.tell import Telling, numbers, shape_of
from derivo.graph.node import Node

MOST_TERMS = 4  # of a sum that is worked out in numbers
MOST_ROWS = 4


def product_blocks(factor: Factor, part: Node, t: Telling) -> list[Block]:
    """Tell of a matrix product: from entries and their sums to transposes."""
    reader, operand, left = factor.reader, factor.operand, t.came_back(factor)
    say, value = t.words.runs, t.shown(operand)
    whole, forward = t.entries.equation(reader)
    own, backward = t.entries_of(part, left)
    rows = [
        Row(whole, forward, say("matrix.entry")),
        *_chain(factor, whole, own, backward, t),
    ]
    # The matrix that is transposed in the product, if one is.
    turned = next((t.shown(i.inputs[0]) for i in part.inputs if _is_turned(i)), None)
    notes: list[Block] = []
    reason: Runs = ()
    if turned is not None and isinstance(backward, Sum):
        entry = _transposed(backward, turned)
        if entry != backward and isinstance(own, Entry):
            rows.append(Row(None, entry, say("matrix.turned", matrix=turned)))
            rows += _one_cell(left, part, t)
        fields = {"index": backward.index, "matrix": turned, "value": value}
        notes.append(Note("reason", say("matrix.transpose", **fields)))
        reason = say("matrix.shapes", shape=shape_of(operand.spec))
    last = Row(left, t.with_shapes(part), reason), *t.in_numbers(part)
    blocks: list[Block] = [
        Paragraph(say("matrix.product", value=value, product=t.shown(reader))),
        Display(tuple(rows)), *notes, Display(last),
    ]  # fmt: skip
    plain = [(i.inputs[0] if _is_turned(i) else i).spec for i in part.inputs]
    if [s.rank for s in plain] == [2, 2] and plain[0].shape[1] != plain[1].shape[0]:
        first, second = map(shape_of, plain)
        said = say("matrix.unfitting", first=first, second=second)
        blocks.append(Paragraph(said))
    elif turned is not None:
        blocks.append(Paragraph(say("matrix.square")))
    return blocks


def _is_turned(operand: Node) -> bool:
    return "axes" in operand.attrs and bool(operand.inputs) and operand.spec.rank == 2


def _chain(
    factor: Factor, whole: Formula, own: Formula, backward: Formula, t: Telling
) -> list[Row]:
    """Write the sum over paths; the local derivative is what upstream leaves of it."""
    say, above = t.words.runs, t.adjoint(factor.reader)
    body = backward.body if isinstance(backward, Sum) else backward
    parts = body.factors if isinstance(body, Times) else ()
    upstream = [f for f in parts if f == above or _base(f) == above]
    if len(upstream) != 1 or not isinstance(own, Entry) or not isinstance(body, Times):
        return [Row(own, backward, say("matrix.chain"))]
    by = Entry(t.shown(factor.operand), own.indices)
    slope = multiplied([f for f in parts if f is not upstream[0]], body.sign)
    sign = Partial(whole, by)
    chain: Formula = Times((Mark(sign, factor.id), *upstream), "")
    if isinstance(backward, Sum):
        chain = replace(backward, body=chain)
    return [
        Row(sign, Mark(slope, factor.id), say("matrix.slope")),
        Row(own, chain, say("matrix.paths", value=by)),
        Row(None, backward, say("matrix.inserted")),
    ]


def _base(f: Formula) -> Formula:
    return f.base if isinstance(f, Entry) else f


def _transposed(backward: Sum, turned: Formula) -> Sum:
    """Write the sum with the entry of the transposed matrix: ``Σᵢ (xᵀ)ⱼᵢ dnᵢₖ``."""
    body = backward.body
    if not isinstance(body, Times):
        return backward
    factors = tuple(
        Entry(Transposed(f.base), f.indices[::-1])
        if isinstance(f, Entry) and f.base == turned and len(f.indices) == 2 else f
        for f in body.factors
    )  # fmt: skip
    return replace(backward, body=replace(body, factors=factors))


def _matrices(part: Node, t: Telling) -> list[Any]:
    """Give the two matrices of a product, in numbers; nothing if there are none."""
    found: list[Any] = [t.subject.values.get(i) for i in part.inputs]
    is_known = len(found) == 2 and all(v is not None for v in found)
    return found if is_known and all(np.ndim(v) == 2 for v in found) else []


def _one_cell(left: Formula, part: Node, t: Telling) -> list[Row]:
    """Work one entry out in numbers: a row times a column."""
    found = _matrices(part, t)
    if not found or not all(map(np.size, found)) or len(found[1]) > MOST_TERMS:
        return []
    both = zip(found[0][0], found[1][:, 0], strict=True)
    pairs = [[(float(x), "") for x in pair] for pair in both]
    rows = worked_out(pairs, reason=t.words.runs("matrix.one_cell"))
    cell = Entry(left, (Number(1), Number(1)))
    return [replace(r, left=r.left if k else cell) for k, r in enumerate(rows)]


# --- row by row -----------------------------------------------------------------------


def over_rows(t: Telling) -> Factor | None:
    """Give the first product that adds up over the rows of a batch by itself."""
    rows = t.subject.batch

    def has_rows(node: Node) -> bool:
        return any(str(d) == str(rows) for d in node.spec.shape)

    for factor in t.subject.factors if rows is not None else ():
        is_product = factor.reader.op.contraction is not None
        if is_product and factor.operand in t.names and not has_rows(factor.operand):
            part = t.part(factor)
            if part is not None and any(map(has_rows, part.inputs)):
                return factor
    return None


def rows_blocks(factor: Factor, part: Node, t: Telling) -> list[Block]:
    """Tell, once, that a product adds up over the rows; with numbers, row by row."""
    if factor is not over_rows(t):
        return []
    left = t.came_back(factor)
    blocks: list[Block] = [Paragraph(t.words.runs("batch.rows", adjoint=left))]
    found = _matrices(part, t)
    if found and max(*found[0].shape, found[1].shape[1]) <= MOST_ROWS:
        outer = [np.outer(a, b) for a, b in zip(found[0].T, found[1], strict=True)]
        terms = (
            Under(numbers(o), t.words.text("batch.row", number=k))
            for k, o in enumerate(outer, 1)
        )
        rows = Row(left, Plus(tuple(terms))), Row(None, numbers(sum(outer)))
        blocks += [Paragraph(t.words.runs("batch.each")), Display(rows)]
    return blocks
