"""Random expressions: read, calculated with, and written again, they stay what they are."""

from __future__ import annotations

import numpy as np
import pytest

from derivo.simplify.factor import Size
from derivo.simplify.polish import Polish
from derivo.simplify.rules import distribute
from derivo.simplify.translate import Reader, Writer
from tests.simplify.evaluate import value_of
from tests.simplify.world import SIZES, World, random_expression

SEEDS = range(300)
EVERY = pytest.mark.parametrize("seed", SEEDS)


def expression(seed):
    world = World(seed)
    return world, random_expression(world, 2 + seed % 9)


def assert_equal(actual, expected):
    assert np.shape(actual) == np.shape(expected)
    scale = 1 + np.abs(expected).max(initial=0)
    np.testing.assert_allclose(actual, expected, rtol=1e-9, atol=1e-9 * scale)


@EVERY
def test_arithmetic_on_terms_is_that_of_arrays(seed):
    world, e = expression(seed)
    assert_equal(value_of(e.terms, world.values, SIZES), e.array)


@EVERY
def test_a_node_is_read_as_what_it_computes(seed):
    world, e = expression(seed)
    node = e.traced.node
    read = Reader(lambda n: not n.inputs)(node)
    assert read.shape == node.spec.shape
    assert_equal(value_of(read, world.values, SIZES), world.run(node))


@EVERY
@pytest.mark.parametrize("pull", [True, False])
def test_what_is_written_computes_the_terms(seed, pull):
    world, e = expression(seed)
    writer = Writer(world.recorder, lambda n: n.index % 2 == 0, pull_sizes=pull)
    node = writer(e.terms)
    assert node.spec.shape == e.traced.node.spec.shape
    factors = [f for m in e.terms.items for f, _ in m]
    is_number = all(isinstance(f, Size) for f in factors)
    assert node.spec.kind == "float" or is_number
    assert_equal(world.run(node), e.array)


@EVERY
def test_sums_that_are_multiplied_out_keep_their_value(seed):
    world, e = expression(seed)
    expanded = e.terms.like(distribute(e.terms.items))
    assert_equal(value_of(expanded, world.values, SIZES), e.array)


@EVERY
def test_the_last_polish_changes_no_value(seed):
    world, e = expression(seed)
    node = Writer(world.recorder, lambda _n: True)(e.terms)
    polished = Polish([node], world.builder)(node)
    assert polished.spec == node.spec
    assert_equal(world.run(polished), e.array)
