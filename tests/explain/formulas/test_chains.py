"""Lines of a chain of equations have the same value, each as the one above."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from derivo.explain.document import Display
from derivo.explain.formula.tree import Delta, Entry, Index, Sum, Symbol, walk
from derivo.explain.formula.unicode import inline
from derivo.explain.levels import batch, jacobian, matrix
from derivo.explain.levels.jacobian_entry import jacobian_entry
from derivo.explain.levels.mixing import mixing_parts
from derivo.explain.levels.tell import Telling
from derivo.explain.words import Words
from tests.catalogue import CASES
from tests.explain.formulas.evaluate import NotANumberError
from tests.explain.formulas.world import world

# A row sum is copied along the rows of a square array there, and a formula on whole
# arrays does not say along which axis; its lines with indices are compared.
AMBIGUOUS = {"info_nce"}


@cache
def compared(name):
    """Compare each line that has a value with the one above; give how many."""
    w, count = world(name), 0
    for module in (matrix, jacobian, batch):
        for section in module.sections(w.subject, Words("en")):
            for block in section.blocks:
                if isinstance(block, Display):
                    count += compare(block.rows, w, name in AMBIGUOUS)
    return count


def compare(lines, w, ambiguous):
    count, last = 0, None
    for row in lines:
        if row.left is not None or row.sign != "=":
            last = None
        value = value_of(row.right, w, ambiguous)
        if value is None:
            continue
        if last is not None and last[0] == value[0]:
            # Formulas leave out the axes along which a value is copied.
            large, small = sorted((value[1], last[1]), key=np.size, reverse=True)
            if small.shape != large.shape and len(set(large.shape)) < large.ndim:
                continue  # which axis is left out, only the text beside it says
            small = w.evaluator().fit_to(small, large.shape)
            said = inline(row.right)
            np.testing.assert_allclose(small, large, 1e-9, 1e-9, err_msg=said)
            count += 1
        last = value
    return count


def value_of(formula, w, ambiguous):
    """Give the free indices and the value for all of them; None if there is none."""
    e = w.evaluator()
    entries = [p for p in walk(formula) if isinstance(p, Entry)]
    bound = {p.index.name for p in walk(formula) if isinstance(p, Sum)}
    lengths = {}
    for part in entries:
        known = isinstance(part.base, Symbol)
        array = e.values.get((part.base.name, part.base.adjoint)) if known else None
        shape = [] if array is None else [n for n in np.shape(array) if n != 1]
        lengths |= {i.name: n for i, n in zip(part.indices, shape, strict=False)
                    if isinstance(i, Index)}  # fmt: skip
    used = {i.name for p in walk(formula) for i in indices_of(p)} - bound
    if not used <= lengths.keys():
        return None
    free = sorted(used)
    try:
        with np.errstate(all="ignore"):
            if not entries:
                return None if ambiguous else (free, whole(formula, e))
            shape = tuple(lengths[k] for k in free)
            found = e.entry(formula, tuple(map(Index, free)), shape)
            return free, found.astype(float)
    except NotANumberError:
        return None


def whole(formula, e):
    try:
        return np.squeeze(e.array(formula)).astype(float)
    except ValueError:  # axes of size 1 are left out within: it cannot be put together
        raise NotANumberError from None


def indices_of(part):
    match part:
        case Entry(_, indices):
            return [p for i in indices for p in walk(i) if isinstance(p, Index)]
        case Delta(left, right):
            return [i for i in (left, right) if isinstance(i, Index)]
        case _:
            return []


@pytest.mark.parametrize("name", CASES)
def test_chains_are_equal_line_by_line(name):
    compared(name)


def test_most_programs_have_chains_to_compare():
    assert sum(map(compared, CASES)) > 10 * len(CASES)


def test_the_jacobian_of_a_softmax_is_the_known_one():
    w = world("softmax_alone")
    t = Telling(w.subject, Words("en"))
    (part,) = mixing_parts(t)
    entry = jacobian_entry(part, t)
    p, (row, result), own = w.known[part.result], entry.of.indices, entry.by.indices[-1]
    indices = (row, own, result)
    found = w.evaluator().entry(entry.formula, indices, (*p.shape, p.shape[1]))
    expected = [np.diag(q) - np.outer(q, q) for q in p]
    np.testing.assert_allclose(found.astype(float), expected, atol=1e-12)
