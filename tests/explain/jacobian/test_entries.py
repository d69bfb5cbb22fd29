"""Entries of Jacobians equal differences of the forward pass."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from derivo.explain.document import Display, Row
from derivo.explain.formula import tree as t
from derivo.explain.levels.jacobian import first_jacobian, sections
from derivo.explain.levels.jacobian_entry import jacobian_entry
from derivo.explain.levels.mixing import Part, mixing_parts, next_part
from derivo.explain.levels.tell import Telling
from derivo.explain.words import Words
from derivo.graph.node import Node, order
from derivo.run.reference import run_graph
from tests.catalogue import CASES
from tests.explain.formulas.world import World, same, world

EVERY = pytest.mark.parametrize("name", CASES)
STEP = 1e-5

# Parts put together or cut out move entries about; nothing is mixed.
UNREAD = {"rotary", "rotary_by_halves", "max_pooling"}


def telling(w: World) -> Telling:
    return Telling(w.subject, Words("en"))


def single_parts(t: Telling) -> list[Part]:
    """Give every function of single entries, as a part of its own."""
    found = []
    for factor in t.subject.factors:
        part = next_part(factor.operand, t)
        whole = factor.operand.spec.rank and "elementwise" in factor.reader.op.traits
        if part is not None and whole and part.nodes == (factor.reader,):
            found.append(part)
    return found


def result_at(part: Part, w: World, operand: Any) -> Any:
    """Compute the result of a part for another operand."""
    below: set[Node] = {part.operand}
    for node in order([part.result]):
        if below & set(node.inputs):
            below.add(node)
    known = {n: v for n, v in w.subject.values.items() if n not in below}
    return run_graph([part.result], {**known, part.operand: operand}, w.subject.sizes)[
        part.result
    ]


def numerical(part: Part, w: World, along: int) -> Any:
    """Give d result by d operand, along one axis: [..., result, operand]."""
    x = np.moveaxis(np.asarray(w.known[part.operand], dtype=float), along, -1)
    columns = []
    for j in range(x.shape[-1]):
        change = np.zeros_like(x)
        change[..., j] = STEP
        ends = [
            result_at(part, w, np.moveaxis(x + s * change, -1, along))
            for s in (-2, -1, 1, 2)
        ]
        a, b, c, d = (np.moveaxis(e, along, -1) for e in ends)
        columns.append((a - 8 * b + 8 * c - d) / (12 * STEP))
    return np.stack(columns, axis=-1)


def value(formula: t.Formula, sign: t.Partial, part: Part, w: World) -> Any:
    """Evaluate an entry for all its indices: [..., result, operand]."""
    assert isinstance(sign.of, t.Entry)
    assert isinstance(sign.by, t.Entry)
    (result,) = set(sign.of.indices) - set(sign.by.indices)
    shape = [n for n in np.shape(w.known[part.operand]) if n != 1]
    own = sign.by.indices
    place = next(
        k for k, (a, b) in enumerate(zip(own, sign.of.indices, strict=True)) if a != b
    )
    rest = [i for k, i in enumerate(own) if k != place]
    sizes = [n for k, n in enumerate(shape) if k != place]
    indices = (*rest, result, own[place])
    whole = (*sizes, shape[place], shape[place])
    return w.evaluator().entry(formula, indices, whole)


@EVERY
def test_entries_of_what_mixes_equal_differences(name):
    w = world(name)
    tell = telling(w)
    read = 0
    for part in mixing_parts(tell):
        entry = jacobian_entry(part, tell)
        if entry is None or part.operand not in w.known:
            continue
        read += 1
        expected = _squeezed(numerical(part, w, entry.along))
        for formula in (entry.formula, entry.definition):
            if formula is not None:
                actual = value(formula, entry.sign, part, w)
                assert same(actual, expected, 1e-7)
    assert bool(read) == (name in READ)


def _squeezed(array: Any) -> Any:
    return array.reshape([n for n in array.shape if n != 1])


READ = {
    "softmax_alone", "log_softmax", "attention", "causal_attention",
    "multi_head_attention", "attention_pooling", "residual_block", "dropout_softmax",
    "mixture_of_experts", "softmax_cross_entropy", "shifted_cross_entropy",
    "logsumexp_cross_entropy", "labelled_cross_entropy", "smoothed_cross_entropy",
    "focal_loss", "info_nce", "kl_divergence", "mixture_density", "soft_k_means",
    "batch_norm", "batch_norm_var", "layer_norm", "standardise", "rms_norm",
    "group_norm", "weight_normalisation", "row_normalise", "batch_norm_in_place",
}  # fmt: skip


@EVERY
def test_what_mixes_and_cannot_be_read_is_known(name):
    w = world(name)
    tell = telling(w)
    unread = [p for p in mixing_parts(tell) if jacobian_entry(p, tell) is None]
    assert bool(unread) == (name in UNREAD)


@EVERY
def test_functions_of_single_entries_have_a_diagonal(name):
    w = world(name)
    tell = telling(w)
    for part in single_parts(tell):
        entry = jacobian_entry(part, tell)
        if entry is None:
            continue
        expected = _squeezed(numerical(part, w, entry.along))
        assert same(value(entry.formula, entry.sign, part, w), expected, 1e-7)
        off = expected * (1 - np.eye(expected.shape[-1]))
        assert np.abs(off).max() < 1e-7


@EVERY
def test_the_matrix_shown_with_numbers_is_the_numerical_one(name):
    w = world(name)
    tell = telling(w)
    for part in mixing_parts(tell):
        entry = jacobian_entry(part, tell)
        if entry is None or part.operand.spec.rank > 2:
            continue
        expected = numerical(part, w, entry.along)
        first = expected[0] if expected.ndim == 3 else expected
        assert same(first_jacobian(part, entry, w.subject), first, 1e-7)


CHAINS = pytest.mark.parametrize("name", [
    "softmax_cross_entropy", "layer_norm", "batch_norm", "rms_norm", "focal_loss",
    "weight_normalisation", "tanh_network", "kl_divergence",
])  # fmt: skip


def displays(name: str) -> list[tuple[Row, ...]]:
    found = sections(world(name).subject, Words("en"))
    return [b.rows for s in found for b in s.blocks if isinstance(b, Display)]


@CHAINS
def test_where_factors_are_said_to_cancel_there_are_fewer_of_them(name):
    said = Words("en").runs("jacobian.cancelled")
    for rows in displays(name):
        for before, row in pairwise(rows):
            if row.reason == said:
                assert symbols(row.right) < symbols(before.right)


def symbols(formula: t.Formula) -> int:
    return sum(isinstance(part, t.Symbol) for part in t.walk(formula))


@CHAINS
def test_the_numbers_shown_multiply_to_what_is_shown(name):
    say = Words("en").runs
    for rows in displays(name):
        shown = {row.reason: row.right for row in rows}
        if say("jacobian.whole") not in shown:
            continue
        (matrix,) = [f for r, f in shown.items() if r[0].startswith("for the first")]
        upstream = as_array(shown[say("jacobian.upstream")])
        found = upstream @ as_array(matrix)
        scale = np.abs(upstream) @ np.abs(as_array(matrix))
        np.testing.assert_allclose(
            found, as_array(shown[say("jacobian.whole")]), 0, 1e-9 * scale.max()
        )


def as_array(matrix: t.Formula) -> Any:
    """Give a matrix of numbers, a row as an array of one axis."""
    assert isinstance(matrix, t.Matrix)
    rows = [[f.value for f in row if isinstance(f, t.Number)] for row in matrix.rows]
    return np.squeeze(np.array(rows, dtype=float))
