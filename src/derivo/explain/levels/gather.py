"""From numbers to matrices: the gradients of the entries, put in their places.

Each entry is a sum of upstream times local derivative. Where the upstream parts are the
same in every row, and the local derivatives do not depend on the upstream, the whole is
a product of two matrices: ``dw = xᵀ dn``. Nothing is assumed: it is looked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from derivo.explain.document import Block, Display, Link, Paragraph, Row
from derivo.explain.factors import Factor
from derivo.explain.formula.of_node import adjoint_symbol, formula_of
from derivo.explain.formula.tree import (
    Formula,
    Matrix,
    MatrixProduct,
    Number,
    Times,
)  # fmt: skip
from derivo.explain.levels.calls import place_of
from derivo.explain.levels.paths import paths_between
from derivo.explain.levels.scalars import RESULT, Scalars, added, digits_for_all, slope
from derivo.explain.levels.tell import Telling
from derivo.graph.node import Node

MOST_ENTRIES, MOST_PARTS = 12, 12
LONGEST = 6  # factors of a path that is written in one cell of a matrix


@dataclass(frozen=True)
class Part:
    """What comes back to a number along one path, cut in two.

    Attributes
    ----------
    upstream
        All but the last factor: what arrives at the operation that reads the number.
    local
        The last factor: the local derivative of that operation.
    values
        Both as numbers; None if there are none.
    """

    upstream: Formula
    local: Formula
    values: tuple[float, float] | None

    @property
    def whole(self) -> Formula:
        """Both together."""
        parts = [f for f in (self.upstream, self.local) if f != Number(1)]
        return Times(tuple(parts), "·") if len(parts) > 1 else (parts or [Number(1)])[0]


def gathered(node: Node, t: Scalars, *, along_paths: bool) -> list[Block]:
    """Gather the entries of an argument's gradient into the matrix that they make.

    Parameters
    ----------
    node
        The argument.
    t
        The computation, number by number.
    along_paths
        Write what comes back to an entry as the product along its whole path; else as
        the gradient of the number that is computed from it, times one factor.
    """
    entries = t.expanded.entries[node]
    if not entries.ndim:
        return []
    cells = np.atleast_2d(np.asarray(entries, dtype=object))
    if cells.ndim != 2 or cells.size > MOST_ENTRIES:
        return []
    symbol = adjoint_symbol(t.whole[node])
    matrix = Matrix(tuple(tuple(t.derivative(e) for e in row) for row in cells))
    rows = [Row(symbol, matrix), *_as_product(node, cells, t, along_paths=along_paths)]
    link = f"#{place_of(node, Telling(t.subject, t.words))}"
    return [
        Paragraph(t.words.runs("scalar.gathered")), Display(tuple(rows)),
        Paragraph((Link(t.words.text("scalar.to_matrix"), link),)),
    ]  # fmt: skip


def _as_product(node: Node, cells: Any, t: Scalars, *, along_paths: bool) -> list[Row]:
    """Write the gathered entries in full, and as the product of matrices they are."""
    is_short = along_paths and all(_is_short(e, t) for row in cells for e in row)
    find = _along_paths if is_short else _of_readers
    parts = [[find(e, t) for e in row] for row in cells]
    gradient = t.subject.raw.gradients.get(node.attrs["name"])
    counts = {len(found) for row in parts for found in row}
    if len(counts) != 1 or not 0 < counts.pop() <= MOST_PARTS or gradient is None:
        return []
    written = Matrix(
        tuple(tuple(added([p.whole for p in found]) for found in row) for row in parts)
    )
    rows = [Row(None, written, t.words.runs("scalar.each_entry"))]
    split = _column_times_row(parts) or _row_times_matrix(parts)
    if split is not None:
        product = MatrixProduct(split)
        rows.append(Row(None, product, t.words.runs("scalar.as_product")))
    in_arrays = formula_of(gradient, t.whole)
    rows.append(Row(None, in_arrays, t.words.runs("scalar.in_arrays")))
    return [*rows, *(_numbers(parts, t) if t.gradients else [])]


def _numbers(parts: list[list[list[Part]]], t: Scalars) -> list[Row]:
    """Write the product in numbers, and what it comes to."""
    totals, sums = [], []
    for row in parts:
        cells = []
        for found in row:
            known = [p.values for p in found if p.values is not None]
            total = float(sum(a * b for a, b in known))
            sums.append((total, known))
            cells.append(Number(total, RESULT))
        totals.append(tuple(cells))
    digits = digits_for_all(sums)
    shown = [[[_shown(p, digits) for p in found] for found in row] for row in parts]
    split = _column_times_row(shown) or _row_times_matrix(shown)
    reason = t.words.runs("matrix.numbers")
    rows = [] if split is None else [Row(None, MatrixProduct(split), reason)]
    return [*rows, Row(None, Matrix(tuple(totals)))]


def _shown(part: Part, digits: int) -> Part:
    """Put the numbers of a part in the places of its formulas."""
    assert part.values is not None  # noqa: S101
    upstream, local = (Number(v, digits) for v in part.values)
    return Part(upstream, local, part.values)


# --- as a product ---------------------------------------------------------------------


def _column_times_row(
    parts: Sequence[Sequence[Sequence[Part]]],
) -> tuple[Formula, Formula] | None:
    """Split a matrix of single products into a column and a row, if it is that."""
    if any(len(found) != 1 for row in parts for found in row) or len(parts) < 2:
        return None
    cells = [[found[0] for found in row] for row in parts]
    rows_agree = all(c.local == row[0].local for row in cells for c in row)
    columns_agree = all(
        c.upstream == cells[0][k].upstream for row in cells for k, c in enumerate(row)
    )
    if not (rows_agree and columns_agree):
        return None
    column = Matrix(tuple((row[0].local,) for row in cells))
    return column, Matrix((tuple(c.upstream for c in cells[0]),))


def _row_times_matrix(
    parts: Sequence[Sequence[Sequence[Part]]],
) -> tuple[Formula, Formula] | None:
    """Split a row of sums of products into a row and a matrix, if it is that."""
    if len(parts) != 1 or len(parts[0]) < 2:
        return None
    (entries,) = parts
    upstream = [p.upstream for p in entries[0]]
    if any([p.upstream for p in found] != upstream for found in entries):
        return None
    if len(upstream) < 2:
        return None
    matrix = tuple(
        tuple(found[k].local for found in entries) for k in range(len(upstream))
    )
    return Matrix((tuple(upstream),)), Matrix(matrix)


# --- what comes back to a number ------------------------------------------------------


def _along_paths(entry: Node, t: Scalars) -> list[Part]:
    """Give what comes back along each path, written as the product along it."""
    found = []
    for k, result in enumerate(t.expanded.graph.outputs):
        paths, _ = paths_between(entry, result, t.nodes, t.active, MOST_PARTS + 1)
        for path in paths:
            *before, last = path
            factors = [t.marked(f, t.local(f)) for f in before if not t.is_one(f)]
            if not t.subject.is_loss:
                factors = [t.adjoint(result, k), *factors]
            upstream = Times(tuple(factors), "·") if len(factors) > 1 else None
            shown = upstream or (factors[0] if factors else Number(1))
            seed = t.seeds[k] if t.seeds else 1.0
            found.append(_part(shown, last, seed, before, t))
    return found


def _is_short(entry: Node, t: Scalars) -> bool:
    """Tell whether every path from a number is short enough to stand in a matrix."""
    return all(
        len(path) <= LONGEST
        for result in t.expanded.graph.outputs
        for path in paths_between(entry, result, t.nodes, t.active, MOST_PARTS)[0]
    )


def _of_readers(entry: Node, t: Scalars) -> list[Part]:
    """Give what each reader hands back: its gradient times the local derivative."""
    found = []
    for f in t.readers.get(entry, ()):
        above = _passed_from(f.reader, t)
        values = None
        if t.gradients:
            values = t.gradients.get(above, 0.0), slope(f, t.values)
        found.append(Part(t.derivative(above), _last(f, t), values))
    return found


def _passed_from(node: Node, t: Scalars) -> Node:
    """Give the number whose gradient is passed on, unchanged, to this one."""
    readers = t.readers.get(node, ())
    while len(readers) == 1 and t.is_one(readers[0]):
        node = readers[0].reader
        readers = t.readers.get(node, ())
    return node


def _part(
    upstream: Formula, last: Factor, seed: float, before: list[Factor], t: Scalars
) -> Part:
    values = None
    if t.values:
        with np.errstate(all="ignore"):
            first = float(seed * np.prod([slope(f, t.values) for f in before]))
        values = first, slope(last, t.values)
    return Part(upstream, _last(last, t), values)


def _last(f: Factor, t: Scalars) -> Formula:
    """Write the last factor; a 1 is not written."""
    return Number(1) if t.is_one(f) else t.marked(f, t.local(f))
