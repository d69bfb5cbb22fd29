"""Every formula of the catalogue gives what the code gives."""

from __future__ import annotations

import pytest

from derivo.explain.formula import tree as t
from derivo.explain.formula.of_node import formula_of
from derivo.explain.formula.unicode import inline
from tests.catalogue import CASES
from tests.explain.formulas.world import same, world

EVERY = pytest.mark.parametrize("name", CASES)

# An axis that formulas leave out is put back at the end, as NumPy does. Here a row sum
# is copied along the rows of a square array, and nothing says so.
AMBIGUOUS = {("info_nce", "broadcast_to"), ("info_nce", "mul"), ("info_nce", "add")}

# Parts are cut out of arrays, put together, looked up or laid out anew: such a value
# has its indices outside of brackets, as in (concatenate(x, y))_ij.
WITHOUT_ENTRIES = {
    "attention_pooling", "rotary", "rotary_by_halves", "rotary_scores",
    "causal_attention", "multi_head_attention",
    "sine_positions", "convolution_1d", "gathered_convolution",
    "convolution_2d", "max_pooling", "total_variation", "joined", "every_second",
    "embedding", "labelled_cross_entropy", "info_nce", "polynomial",
    "energy", "group_norm", "packed_lstm_cell", "three_steps", "three_diagonals",
    "rows_added_to_a_table",
}  # fmt: skip


def is_cut_off(formula: t.Formula) -> bool:
    return any(part == t.Words("…") for part in t.walk(formula))


def test_no_formula_ends_in_an_ellipsis():
    """Values without a name get one where a formula would be too deep to be read."""
    found = {
        name
        for name in CASES
        for node in world(name).shown()
        if is_cut_off(formula_of(node, world(name).names))
    }
    assert not found


@EVERY
def test_matrix_formulas_give_the_values_that_they_stand_for(name):
    w = world(name)
    assert w.shown()
    for node in w.shown():
        e = w.evaluator()
        formula = formula_of(node, w.names)
        if is_cut_off(formula):
            continue
        actual = e.fit(e.array(formula), node.spec.shape)
        if (name, node.op.name) not in AMBIGUOUS:
            assert same(actual, w.known[node]), inline(formula)


@EVERY
def test_entries_give_the_values_that_they_stand_for(name):
    w = world(name)
    for node in w.shown():
        left, right = w.entries.equation(node)
        if is_cut_off(right):
            continue
        indices = left.indices if isinstance(left, t.Entry) else ()
        shape = tuple(n for n in w.known[node].shape if n != 1) if indices else ()
        actual = w.evaluator().entry(right, indices, shape)
        expected = w.known[node].reshape(shape)
        assert same(actual, expected), inline(right)


@EVERY
def test_entries_multiplied_out_give_the_same(name):
    w = world(name)
    for node in w.shown():
        left, right = w.entries.equation(node, multiply_out=True)
        if is_cut_off(right):
            continue
        indices = left.indices if isinstance(left, t.Entry) else ()
        shape = tuple(n for n in w.known[node].shape if n != 1) if indices else ()
        actual = w.evaluator().entry(right, indices, shape)
        assert same(actual, w.known[node].reshape(shape)), inline(right)


def test_programs_without_index_notation_are_known():
    found = set()
    for name in CASES:
        w = world(name)
        for node in w.shown():
            if _whole_calls(w.entries.equation(node)[1]):
                found.add(name)
    assert found == WITHOUT_ENTRIES


def _whole_calls(formula: t.Formula) -> list[str]:
    """Give the operations on whole arrays of which a formula takes an entry."""
    return [
        part.base.op.name
        for part in t.walk(formula)
        if isinstance(part, t.Entry) and isinstance(part.base, t.Call)
    ]


@EVERY
def test_no_index_is_bound_within_a_sum_over_it(name):
    w = world(name)
    for node in w.shown():
        left, right = w.entries.equation(node)
        free = {i.name for i in left.indices} if isinstance(left, t.Entry) else set()
        assert not _bound_again(right, free), inline(right)


def _bound_again(formula: t.Formula, used: set[str]) -> bool:
    if isinstance(formula, t.Sum):
        name = formula.index.name
        return name in used or _bound_again(formula.body, used | {name})
    return any(_bound_again(part, used) for part in t.children(formula))


def test_a_letter_of_a_value_counts_nothing():
    for name in CASES:
        w = world(name)
        values = set(w.subject.names.values())
        for node in w.shown():
            right = w.entries.equation(node)[1]
            sums = {f.index.name for f in t.walk(right) if isinstance(f, t.Sum)}
            assert not sums & values, (name, inline(right))
