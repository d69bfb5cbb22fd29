"""Matrix level, products: from entries and their sums to transposes and shapes."""

from __future__ import annotations

import numpy as np

from derivo.explain.document import (
    Block,
    Display,
    Note,
    Paragraph,
    Row,
    Runs,
)  # fmt: skip
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
from derivo.explain.levels.sums import RESULT, added, digits_for
from derivo.explain.levels.tell import Telling, numbers, shape_of
from derivo.graph.node import Node

MOST_TERMS = 4  # of a sum that is worked out in numbers
MOST_ROWS = 4


def product_blocks(factor: Factor, part: Node, t: Telling) -> list[Block]:
    """Tell of a matrix product: from entries and their sums to transposes."""
    reader, operand, left = factor.reader, factor.operand, t.came_back(factor)
    e = t.entries
    whole, forward = e.equation(reader)
    fields = {"value": t.shown(operand), "product": t.shown(reader)}
    rows = [Row(whole, forward, t.words.runs("matrix.entry"))]
    e.names = {**t.names}
    own, backward = e.equation(part, through={part: part})
    own = Entry(left, own.indices) if isinstance(own, Entry) else left
    slope = _slope(backward, t.adjoint(reader))
    blocks: list[Block] = [Paragraph(t.words.runs("matrix.product", **fields))]
    if slope is not None and isinstance(own, Entry):
        by = Entry(t.shown(operand), own.indices)
        rows.append(
            Row(
                Partial(whole, by), Mark(slope, factor.id), t.words.runs("matrix.slope")
            )
        )
        chain = _over_paths(
            backward,
            Times(
                (
                    Mark(Partial(whole, by), factor.id),
                    _upstream(backward, t.adjoint(reader)),
                ),
                "",
            ),
        )
        rows.append(Row(own, chain, t.words.runs("matrix.paths", value=by)))
        rows.append(Row(None, backward, t.words.runs("matrix.inserted")))
    else:
        rows.append(Row(own, backward, t.words.runs("matrix.chain")))
    turned = _turned(part, t)
    if turned is not None and isinstance(backward, Sum):
        row = _over_transpose(backward, turned, own)
        if row is not None:
            rows.append(Row(None, row, t.words.runs("matrix.turned", matrix=turned)))
            rows += _one_cell(left, part, t)
    blocks.append(Display(tuple(rows)))
    matrix = t.with_shapes(part)
    reason: Runs = ()
    if turned is not None and isinstance(backward, Sum):
        blocks.append(
            Note(
                "reason",
                t.words.runs(
                    "matrix.transpose",
                    index=backward.index,
                    matrix=turned,
                    value=t.shown(operand),
                ),
            )
        )
        reason = t.words.runs("matrix.shapes", shape=shape_of(operand.spec))
    rows = [Row(left, matrix, reason), *t.in_numbers(part)]
    blocks.append(Display(tuple(rows)))
    wrong = _unfitting(part)
    if wrong is not None:
        blocks.append(
            Paragraph(t.words.runs("matrix.unfitting", first=wrong[0], second=wrong[1]))
        )
    elif turned is not None:
        blocks.append(Paragraph(t.words.runs("matrix.square")))
    return blocks


def over_rows(t: Telling) -> Factor | None:
    """Give the first product that adds up over the rows of a batch by itself."""
    size = str(t.subject.batch)
    for factor in t.subject.factors if t.subject.batch is not None else ():
        if factor.reader.op.contraction is None or factor.operand not in t.names:
            continue
        part = t.part(factor)
        shapes = () if part is None else [i.spec.shape for i in part.inputs]
        if any(str(d) == size for d in factor.operand.spec.shape):
            continue
        if any(str(d) == size for shape in shapes for d in shape):
            return factor
    return None


def rows_blocks(factor: Factor, part: Node, t: Telling) -> list[Block]:
    """Tell, once, that a product adds up over the rows; with numbers, row by row."""
    if factor is not over_rows(t):
        return []
    left = t.came_back(factor)
    said = Paragraph(t.words.runs("batch.rows", adjoint=left))
    return [said, *_row_by_row(part, left, t)]


def _row_by_row(part: Node, adjoint: Formula, t: Telling) -> list[Block]:
    """Show what each row adds, with numbers: its column times its row."""
    values = [t.subject.values.get(i) for i in part.inputs]
    if len(values) != 2 or any(v is None or np.ndim(v) != 2 for v in values):
        return []
    left, right = (np.asarray(v) for v in values)
    if max(*left.shape, right.shape[1]) > MOST_ROWS:
        return []
    outer = [np.outer(left[:, k], right[k]) for k in range(left.shape[1])]
    terms: tuple[Formula, ...] = tuple(
        Under(numbers(o), t.words.text("batch.row", number=k))
        for k, o in enumerate(outer, 1)
    )
    rows = (Row(adjoint, Plus(terms)), Row(None, numbers(sum(outer))))
    return [Paragraph(t.words.runs("batch.each")), Display(rows)]


def _over_transpose(backward: Sum, turned: Formula, own: Formula) -> Formula | None:
    """Write the sum with the entry of the transposed matrix: ``Σᵢ (xᵀ)ⱼᵢ dnᵢₖ``."""
    body = backward.body
    if not isinstance(body, Times) or not isinstance(own, Entry):
        return None
    factors: list[Formula] = []
    for f in body.factors:
        is_turned = isinstance(f, Entry) and f.base == turned and len(f.indices) == 2
        if is_turned:
            assert isinstance(f, Entry)  # noqa: S101
            f = Entry(Transposed(f.base), f.indices[::-1])  # noqa: PLW2901
        factors.append(f)
    if factors == list(body.factors):
        return None
    return Sum(backward.index, backward.size, Times(tuple(factors), body.sign))


def _one_cell(left: Formula, part: Node, t: Telling) -> list[Row]:
    """Work one entry out in numbers: a row times a column."""
    values = [t.subject.values.get(i) for i in part.inputs]
    if len(values) != 2 or any(
        v is None or np.ndim(v) != 2 or not np.size(v) for v in values
    ):
        return []
    if not all(np.asarray(v).size for v in values):
        return []
    row, column = np.asarray(values[0])[0], np.asarray(values[1])[:, 0]
    if not 0 < len(row) <= MOST_TERMS:
        return []
    pairs = list(zip(map(float, row), map(float, column), strict=True))
    total = sum(a * b for a, b in pairs)
    digits = digits_for((total, pairs))
    terms = [Times((Number(a, digits), Number(b, digits)), "·") for a, b in pairs]
    entry = Entry(left, (Number(1), Number(1)))
    reason = t.words.runs("matrix.one_cell")
    return [Row(entry, added(list(terms)), reason), Row(None, Number(total, RESULT))]


def _slope(backward: Formula, upstream: Formula) -> Formula | None:
    """Take the upstream entry out of a product: the local derivative is left."""
    body = backward.body if isinstance(backward, Sum) else backward
    if not isinstance(body, Times):
        return None
    rest = [f for f in body.factors if not _is_entry(f, upstream)]
    if len(rest) != len(body.factors) - 1:
        return None
    return rest[0] if len(rest) == 1 else Times(tuple(rest), body.sign)


def _upstream(backward: Formula, upstream: Formula) -> Formula:
    body = backward.body if isinstance(backward, Sum) else backward
    assert isinstance(body, Times)  # noqa: S101
    return next(f for f in body.factors if _is_entry(f, upstream))


def _is_entry(f: Formula, of: Formula) -> bool:
    return f == of or (isinstance(f, Entry) and f.base == of)


def _over_paths(backward: Formula, body: Formula) -> Formula:
    if isinstance(backward, Sum):
        return Sum(backward.index, backward.size, body)
    return body


def _turned(part: Node, t: Telling) -> Formula | None:
    """Give the matrix that is transposed in a product, if one is."""
    for operand in part.inputs:
        if "axes" in operand.attrs and operand.inputs and operand.spec.rank == 2:
            return t.shown(operand.inputs[0])
    return None


def _unfitting(part: Node) -> tuple[str, str] | None:
    """Give the shapes that would not fit without the transpose; None if they would."""
    if len(part.inputs) != 2:
        return None
    shapes = []
    for operand in part.inputs:
        turned = "axes" in operand.attrs and operand.inputs
        shapes.append((operand.inputs[0] if turned else operand).spec)
    a, b = shapes
    if a.rank != 2 or b.rank != 2 or a.shape[1] == b.shape[0]:
        return None
    return shape_of(a), shape_of(b)
