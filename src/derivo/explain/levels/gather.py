"""From numbers to matrices: the gradients of the entries, put in their places.

Each entry is a sum of upstream times local derivative. Where what arrives is the same
in every row, and the local derivatives in every column, or the other way about, the
whole is a product of two matrices: ``dw = xᵀ dn``. It is looked for, not assumed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np

from derivo.explain.document import Block, Display, Link, Paragraph, Row, Run, Runs
from derivo.explain.formula.of_node import adjoint_symbol, formula_of
from derivo.explain.formula.tree import Formula, Matrix, MatrixProduct, Number
from derivo.explain.formula.unicode import inline
from derivo.explain.levels.matrix import place_of
from derivo.explain.levels.scalars import Scalars
from derivo.explain.levels.sums import RESULT, added, digits_for, multiplied
from derivo.graph.node import Node

MOST_ENTRIES, WIDEST = 12, 90  # and the signs of a row that is still read
LONGEST = 6  # factors that are written in one cell of a matrix


class Part(NamedTuple):
    """What arrives at a reader of a number, and the reader's local derivative."""

    upstream: Formula
    local: Formula

    @property
    def whole(self) -> Formula:
        """Both together."""
        return multiplied(f for f in self if f != Number(1))


Cells = list[list[list[Part]]]


def gathered(nodes: Iterable[Node], t: Scalars, *, along_paths: bool) -> list[Block]:
    """Gather the entries of gradients into the matrices that they make.

    Parameters
    ----------
    nodes
        The arguments.
    t
        The computation, number by number.
    along_paths
        Write what arrives at a reader as the product along its path, if there is but
        one; else as the gradient of what it is computed from.
    """
    displays: list[Block] = []
    links: list[Run] = []
    for node in nodes:
        rows = _matrices(node, t, along_paths=along_paths)
        if rows:
            name = inline(adjoint_symbol(t.whole.names[node]))
            place = place_of(node, t.whole)
            links += [", " if links else " ", Link(name, f"#{place}")] if place else []
            displays.append(Display(tuple(rows)))
    if not displays:
        return []
    said = Paragraph(t.words.runs("scalar.gathered"))
    same = Paragraph((*t.words.runs("scalar.to_matrix"), *links))
    return [said, *displays, *([same] if links else [])]


def _matrices(node: Node, t: Scalars, *, along_paths: bool) -> list[Row]:
    """Write a gradient as a matrix, as a product, in arrays, and in numbers."""
    entries = t.numbers.entries[node]
    if not 0 < entries.ndim <= 2 or entries.size > MOST_ENTRIES:
        return []
    table = np.atleast_2d(entries)
    cells = [[_parts(e, t, along_paths=along_paths) for e in row] for row in table]
    if not all(found for row in cells for found in row):
        return []

    def filled(write: Callable[[Node], Formula]) -> Matrix:
        return Matrix(tuple(tuple(map(write, row)) for row in table))

    say, order = t.words.runs, _order(cells)
    first = Row(adjoint_symbol(t.whole.names[node]), filled(t.adjoint))
    gradient = t.whole.subject.raw.gradients[node.attrs["name"]]
    in_arrays = Row(None, formula_of(gradient, t.whole.names), say("scalar.in_arrays"))
    rows: list[Row] = []
    if along_paths:
        full = ((added([p.whole for p in found]) for found in row) for row in cells)
        rows += _if_read(say("scalar.each_entry"), Matrix(tuple(map(tuple, full))))
    if order is not None:
        rows += _if_read(say("scalar.as_product"), *_factors(cells, *order))
    rows.append(in_arrays)
    if t.subject.values and order is not None:
        pairs = {e: _numbers(e, t) for e in table.flat}
        digits = digits_for(*((t.gradient(e), found) for e, found in pairs.items()))
        shown = [[[_shown(p, digits) for p in pairs[e]] for e in row] for row in table]
        rows += _if_read(say("matrix.numbers"), *_factors(shown, *order))
    if t.subject.values:
        rows.append(Row(None, filled(lambda e: Number(t.gradient(e), RESULT))))
    return [first, *rows]


def _order(cells: Cells) -> tuple[int, int] | None:
    """Tell which of the parts make the left matrix, and which the right, if any do."""
    inner = len(cells[0][0])
    if any(len(found) != inner for row in cells for found in row):
        return None
    if inner < 2 and min(len(cells), len(cells[0])) < 2:
        return None
    for left, right in ((1, 0), (0, 1)):
        agree = all(
            p[left] == row[0][n][left] and p[right] == cells[0][k][n][right]
            for row in cells for k, found in enumerate(row) for n, p in enumerate(found)
        )  # fmt: skip
        # A sum of what comes back alone is no product.
        if agree and any(p.local != Number(1) for p in cells[0][0]):
            return left, right
    return None


def _factors(cells: Cells, left: int, right: int) -> tuple[Matrix, Matrix]:
    """Write a table of sums of products as the product of two matrices."""
    rows = tuple(tuple(p[left] for p in row[0]) for row in cells)
    columns = ([p[right] for p in found] for found in cells[0])
    return Matrix(rows), Matrix(tuple(zip(*columns, strict=True)))


def _if_read(reason: Runs, *factors: Matrix) -> list[Row]:
    """Write a matrix, or a product of some, if it is not too wide."""
    rows = (
        [sum(len(inline(cell)) + 2 for cell in row) for row in f.rows] for f in factors
    )
    if sum(map(max, rows)) > WIDEST:
        return []
    whole = factors[0] if len(factors) == 1 else MatrixProduct(factors)
    return [Row(None, whole, reason)]


# --- what comes back to a number ------------------------------------------------------


def _parts(entry: Node, t: Scalars, *, along_paths: bool) -> list[Part]:
    """Give what each reader hands back, cut in two."""
    return [
        Part(_arriving(f.reader, t, along_paths=along_paths), t.factor(f))
        for f in t.readers.get(entry, ())
    ]


def _numbers(entry: Node, t: Scalars) -> list[tuple[float, float]]:
    """Give the same in numbers."""
    return [(t.gradient(f.reader), t.slope(f)) for f in t.readers[entry]]


def _shown(pair: tuple[float, float], digits: int) -> Part:
    upstream, local = (Number(x, digits) for x in pair)
    return Part(upstream, local)


def _arriving(node: Node, t: Scalars, *, along_paths: bool) -> Formula:
    """Write what arrives at a number."""
    factors: list[Formula] = []
    start, readers = node, t.readers.get(node, [])
    while len(readers) == 1 and node not in t.outputs:
        if not along_paths and not t.is_one(readers[0]):
            break
        factors.insert(0, t.factor(readers[0]))
        node = readers[0].reader
        readers = t.readers.get(node, [])
    if not t.subject.is_loss or readers:
        factors = [t.adjoint(node), *factors]
    shown = [f for f in factors if f != Number(1)]
    return multiplied(shown) if len(shown) <= LONGEST else t.adjoint(start)
