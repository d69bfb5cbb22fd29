"""Totals that are known, and those that look alike and are not."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from derivo.ops.composite import sigmoid, softmax
from derivo.ops.leaf import eye, one_hot
from derivo.ops.reduce import mean, sum_
from derivo.simplify.model import Facts, SumsToOne, assumption
from derivo.simplify.rules import SumFacts
from derivo.simplify.translate import Reader
from tests.simplify.evaluate import value_of
from tests.simplify.world import SIZES, World, terms


@pytest.fixture
def world():
    return World()


def facts(targets=(), known=()):
    deep = Reader(lambda n: n.op.algebra is None, exps=True)
    given = Facts(tuple(known))
    assumed = {n: (k, assumption(n, k, given)) for n, k in dict(targets).items()}
    return SumFacts(deep, assumed)


def applied(sum_of_products, rule=None):
    """Apply the facts to terms; give the terms that are left and what fired."""
    rule = rule or facts()
    return sum_of_products.like(rule.apply(sum_of_products.items)), rule.fired


def number(value):
    return {(): Fraction(value)}


# --- centred values -------------------------------------------------------------------


@pytest.mark.parametrize(("shape", "axis"), [("N M", 0), ("N M", 1), ("M", 0),
                                             ("K N M", 1), ("3 N", 0)])  # fmt: skip
def test_the_total_of_a_centred_value_is_zero(world, shape, axis):
    x = world.argument(shape, sign=True)
    xc = x - mean(x, axis=axis, keepdims=True)
    left, fired = applied(terms(xc).sum(axis))
    assert left.items == {}
    assert fired == ["the total of a centred value is 0"]
    np.testing.assert_allclose(world.run(xc).sum(axis), 0, atol=1e-12)


def test_centred_by_a_sum_and_a_size(world):
    x = world.argument("N M")
    xc = x - sum_(x, axis=0) / world.recorder.size(x.node.spec.shape[0])
    assert applied(terms(xc).sum(0))[0].items == {}


def test_a_centred_value_over_a_scale_that_stays_outside(world):
    x, s = world.argument("N M"), world.argument("M")
    xhat = (x - mean(x, axis=0)) / s
    assert applied(terms(xhat).sum(0))[0].items == {}


def test_a_total_that_another_one_contains_vanishes_with_it(world):
    x, g = world.argument("N M"), world.argument("N M")
    xc = x - mean(x, axis=1, keepdims=True)
    whole = (terms(g) * terms(xc).sum(1, True)).sum()
    assert applied(whole)[0].items == {}


@pytest.mark.parametrize("seed", range(5))
def test_what_is_not_quite_centred_stays(seed):
    world = World(seed)
    x, g, s = (world.argument("N M", sign=True) for _ in range(3))
    mu = mean(x, axis=0)
    alike = {
        "another axis": terms(x - mu).sum(1),
        "weighted": (terms(x - mu) * terms(g)).sum(0),
        "scaled within": terms((x - mu) * s).sum(0),
        "0.999 of the mean": terms(x - 0.999 * mu).sum(0),
        "shifted": terms(x - mu + 1e-9).sum(0),
        "another mean": terms(x - mean(g, axis=0)).sum(0),
        "squared": (terms(x - mu) ** 2).sum(0),
        "whole mean, one axis": terms(x - mean(x)).sum(0),
    }
    for name, whole in alike.items():
        left, fired = applied(whole)
        assert fired == [], name
        assert left.items == whole.items, name
    whole = terms(x - mean(x)).sum()
    assert applied(whole)[0].items == {}  # over everything it is known again


def test_a_mean_of_squares_minus_its_square_is_not_zero(world):
    x = world.argument("N M")
    left, fired = applied(terms(x * x - mean(x, axis=0) ** 2).sum(0))
    assert left.items
    assert fired == []


# --- probabilities --------------------------------------------------------------------


@pytest.mark.parametrize("axis", [0, 1])
def test_probabilities_sum_to_one_along_their_axis_only(world, axis):
    p = softmax(world.argument("N M"), axis=axis)
    left, fired = applied(terms(p).sum(axis))
    assert left.items == number(1)
    assert fired == ["probabilities sum to 1"]
    assert applied(terms(p).sum(1 - axis))[1] == []


def test_a_softmax_over_everything_sums_to_one_over_everything(world):
    p = softmax(world.argument("N M"), axis=None)
    assert applied(terms(p).sum())[0].items == number(1)
    assert applied(terms(p).sum(0))[1] == []


def test_probabilities_by_hand_sum_to_one(world):
    e = world.argument("N M")
    p = e / sum_(e, axis=1, keepdims=True)
    assert applied(terms(p).sum(1))[0].items == number(1)


@pytest.mark.parametrize("power", [2, 3, -1])
def test_powers_of_a_known_total_are_numbers(world, power):
    p, g = softmax(world.argument("N M"), axis=1), world.argument("N M")
    left, _ = applied(terms(g) * terms(p).sum(1, True) ** power)
    assert left.items == terms(g).items


@pytest.mark.parametrize("seed", range(3))
def test_what_is_not_quite_a_distribution_stays(seed):
    world = World(seed)
    z, g = world.argument("N M"), world.argument("N M")
    e = softmax(z, axis=1)
    alike = {
        "weighted": terms(e * g).sum(1),
        "squared": (terms(e) ** 2).sum(1),
        "sigmoids": terms(sigmoid(z)).sum(1),
        "another total": terms(g / sum_(z, axis=1, keepdims=True)).sum(1),
    }
    for name, whole in alike.items():
        left, fired = applied(whole)
        assert (fired, left.items) == ([], whole.items), name
        np.testing.assert_allclose(
            value_of(left, world.values | run_all(world, e, e * g, sigmoid(z),
                     g / sum_(z, axis=1, keepdims=True)), SIZES),
            value_of(whole, world.values | run_all(world, e, e * g, sigmoid(z),
                     g / sum_(z, axis=1, keepdims=True)), SIZES),
        )  # fmt: skip


def run_all(world, *values):
    return {v.node: world.run(v) for v in values}


# --- rows of zeros and a 1 ------------------------------------------------------------


def test_one_hot_rows_sum_to_one_along_the_classes_only(world):
    labels = world.argument("N", array=np.array([0, 2, 1, 2]))
    rows = world.recorder.record(one_hot, (labels,), {"classes": 3})
    assert applied(terms(rows).sum(1))[0].items == number(1)
    columns, _ = applied(terms(rows).sum(0))
    assert columns.items == terms(rows).sum(0).items


@pytest.mark.parametrize(
    ("n", "m", "k", "along", "known"),
    [(3, 3, 0, 0, True), (3, 3, 0, 1, True), (3, 3, 1, 1, False), (3, 4, 0, 1, False),
     (4, 3, 0, 1, False), (4, 3, 0, 0, False)],
)  # fmt: skip
def test_only_a_square_identity_sums_to_one(world, n, m, k, along, known):
    node = world.builder.make(eye, (), {"n": n, "m": m, "k": k})
    left, _ = applied(terms(world.recorder.wrap(node)).sum(along))
    assert (left.items == number(1)) == known
    assert bool((np.eye(n, m, k).sum(along) == 1).all()) or not known


# --- targets --------------------------------------------------------------------------


def test_a_target_is_assumed_to_sum_to_one_and_that_is_noted(world):
    t, g = world.argument("N M"), world.argument("N")
    rule = facts({t.node: 1})
    left, _ = applied(terms(g) * terms(t).sum(1), rule)
    assert left.items == terms(g).items
    assert rule.used == {SumsToOne(t.node.attrs["name"], -1)}


@pytest.mark.parametrize("axis", [0, 1])
def test_a_target_is_assumed_along_its_axis_only(world, axis):
    t = world.argument("N N")
    rule = facts({t.node: axis})
    assert applied(terms(t).sum(axis), rule)[0].items == number(1)
    other = facts({t.node: axis})
    left, _ = applied(terms(t).sum(1 - axis), other)
    assert left.items == terms(t).sum(1 - axis).items
    assert other.used == set()


def test_nothing_is_assumed_of_other_totals_of_a_target(world):
    t, g = world.argument("N M"), world.argument("N M")
    rule = facts({t.node: 1})
    for whole in (terms(t).sum(), (terms(t) ** 2).sum(1), (terms(t) * terms(g)).sum(1)):
        left, _ = applied(whole, rule)
        assert left.items == whole.items
    assert rule.used == set()


def test_a_declared_fact_is_the_one_that_is_quoted(world):
    t = world.argument("N M")
    fact = SumsToOne(t.node.attrs["name"], 0)
    rule = facts({t.node: 0}, known=[fact])
    assert applied(terms(t).sum(0), rule)[0].items == number(1)
    assert rule.used == {fact}
