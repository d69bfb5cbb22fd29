"""Quotients and logarithms of exponentials: what they equal, and how they are written."""

from __future__ import annotations

from fractions import Fraction

import mpmath
import numpy as np
import pytest

from derivo.graph.node import order
from derivo.ops.arithmetic import log
from derivo.ops.composite import logsumexp, sigmoid, softmax, softplus
from derivo.ops.elementwise import abs_, exp, log1p, logaddexp, maximum
from derivo.ops.reduce import max_of, sum_
from derivo.simplify.factor import product
from derivo.simplify.spelling import Lowering
from derivo.simplify.terms import NotAlgebraic, Terms, complement
from derivo.simplify.translate import Reader, Writer
from tests.simplify.evaluate import value_of
from tests.simplify.world import SIZES, World

# What somebody may write, and the name it has.
NAMED = {
    "1 / (1 + exp(-x))": (lambda x: 1 / (1 + exp(-x)), "sigmoid"),
    "exp(x) / (1 + exp(x))": (lambda x: exp(x) / (1 + exp(x)), "sigmoid"),
    "(1 + exp(-x)) ** -1": (lambda x: (1 + exp(-x)) ** -1, "sigmoid"),
    "1 - 1 / (1 + exp(-x))": (lambda x: 1 / (1 + exp(x)), "sigmoid"),
    "1 / (1 + exp(-2 x))": (lambda x: 1 / (1 + exp(-2 * x)), "sigmoid"),
    "e / sum(e)": (lambda x: exp(x) / sum_(exp(x), axis=1, keepdims=True), "softmax"),
    "shifted": (
        lambda x: exp(x - max_of(x, axis=1, keepdims=True))
        / sum_(exp(x - max_of(x, axis=1, keepdims=True)), axis=1, keepdims=True),
        "softmax",
    ),
    "columns": (lambda x: exp(x) / sum_(exp(x), axis=0), "softmax"),
    "everything": (lambda x: exp(x) / sum_(exp(x)), "softmax"),
    "everything, log": (lambda x: log(exp(x) / sum_(exp(x))), "logsumexp"),
    "by the logarithm": (
        lambda x: exp(x - log(sum_(exp(x), axis=1, keepdims=True))), "softmax"
    ),
    "log(1 + exp(x))": (lambda x: log(1 + exp(x)), "softplus"),
    "log1p(exp(x))": (lambda x: log1p(exp(x)), "softplus"),
    "logaddexp(0, x)": (lambda x: logaddexp(0, x), "softplus"),
    "log(sum(exp(x)))": (lambda x: log(sum_(exp(x), axis=1)), "logsumexp"),
    "log of sigmoid": (lambda x: log(1 / (1 + exp(-x))), "softplus"),
    "log of softmax": (
        lambda x: log(exp(x) / sum_(exp(x), axis=1, keepdims=True)), "logsumexp"
    ),
}  # fmt: skip


@pytest.fixture(params=[0, 1, 2])
def world(request):
    return World(request.param)


def read(value):
    return Reader(lambda n: n.op.algebra is None, exps=True)(value.node)


@pytest.mark.parametrize("spelled", NAMED)
def test_exponentials_are_read_as_what_they_compute(world, spelled):
    value = NAMED[spelled][0](world.argument("N M", sign=True))
    known = {n: world.run(n) for n in order([value.node]) if n.op.algebra is None}
    np.testing.assert_allclose(
        value_of(read(value), known, SIZES), world.run(value), rtol=1e-12
    )


@pytest.mark.parametrize("spelled", NAMED)
def test_exponentials_are_written_by_their_name(world, spelled):
    spelling, name = NAMED[spelled]
    x = world.argument("N M", sign=True)
    value = spelling(x)
    node = Writer(world.recorder, lambda _n: True)(read(value))
    np.testing.assert_allclose(world.run(node), world.run(value), rtol=1e-12)
    assert name in [n.op.name for n in order([node])]


def test_a_softmax_over_two_of_three_axes(world):
    x = world.argument("K N M", sign=True)
    value = exp(x) / sum_(exp(x), axis=(0, 2), keepdims=True)
    node = Writer(world.recorder, lambda _n: True)(read(value))
    assert (node.op, node.attrs["axis"]) == (softmax, (0, 2))
    np.testing.assert_allclose(world.run(node), world.run(value), rtol=1e-12)


def test_the_diagonal_over_the_whole_is_no_softmax(world):
    x = Terms.of(world.argument("N N").node, exps=True)
    whole = x.exp().sum()
    ((atom, _),) = next(iter(x.items))
    same = {product([(atom.relabel(lambda _: -1), 1)]): Fraction(1)}
    t = x.like(same, x.shape[:1]).exp() / whole
    node = Writer(world.recorder, lambda _n: True).patterns.probabilities(
        next(iter(t.items)), t.shape
    )
    assert node == []


@pytest.mark.parametrize("named", [
    sigmoid, softplus, lambda x: softmax(x, axis=0), lambda x: softmax(x, axis=1),
    lambda x: softmax(x, axis=None), lambda x: logsumexp(x, axis=0),
    lambda x: logsumexp(x, axis=(0, 1)), lambda x: logsumexp(x, axis=1, keepdims=True),
    lambda x: logsumexp(x, axis=None),
], ids=map(str, range(9)))  # fmt: skip
def test_what_is_spelled_out_computes_the_same(world, named):
    value = named(world.argument("N M", sign=True))
    lowered = Lowering(world.builder)(value.node)
    assert lowered.spec == value.node.spec
    assert all(n.op.lower is None for n in order([lowered]))
    np.testing.assert_allclose(world.run(lowered), world.run(value), rtol=1e-12)


def test_only_what_is_computed_is_used_to_go_round_a_sum(world):
    z, m, x = (world.argument("N M") for _ in range(3))
    shifted = z - m  # it has been made; whether it is computed is another thing
    value = z - (m + x)
    assert Lowering(world.builder)(value.node) is value.node
    lowering = Lowering(world.builder)
    lowering(shifted.node)
    assert lowering(value.node) is (shifted - x).node


# --- single rules ---------------------------------------------------------------------


def exponential(world, shape="N M"):
    return Terms.of(world.argument(shape, sign=True).node, exps=True).exp()


def evaluated(terms, world):
    return value_of(terms, world.values, SIZES)


def test_the_complement_of_a_sigmoid_is_the_other_sigmoid(world):
    e = exponential(world)
    for p in (e / (1 + e), 1 / (1 + e)):
        other = complement(1 - p)
        assert len(other.items) == 1
        np.testing.assert_allclose(evaluated(other, world), 1 - evaluated(p, world))


def test_other_differences_are_no_complement(world):
    e, f = exponential(world), exponential(world)
    alike = [1 + e / (1 + e), 2 - e / (1 + e), 1 - f / (1 + e), 1 - 2 * e / (1 + e),
             1 - e**2 / (1 + e), 1 - (1 / (1 + e)) ** 2]  # fmt: skip
    for t in alike:
        assert complement(t).items == t.items


def test_a_logarithm_takes_products_of_exponentials_apart(world):
    e, f = exponential(world), exponential(world)
    for t in (e, e * f, e / f, e**2, e / (1 + e), f / e.sum(1, keepdims=True),
              (1 + e) ** -1, 1 - e / (1 + e), e.sum(0)):  # fmt: skip
        np.testing.assert_allclose(
            evaluated(t.log(), world), np.log(evaluated(t, world)), rtol=1e-12
        )


def test_no_logarithm_of_what_may_be_negative_or_has_no_name(world):
    e = exponential(world)
    x = Terms.of(world.argument("N M").node, exps=True)
    for t in (x, x * e, -e, 1 - e, 1 + e + e**2, 2 + e, e - e):
        with pytest.raises(NotAlgebraic):
            t.log()


def test_an_exponential_of_logarithms_gives_back_what_they_are_of(world):
    e = exponential(world)
    total = e.sum(1, keepdims=True)
    assert total.log().exp().items == total.items
    x = Terms.of(world.argument("N M").node, exps=True)
    mixed = (2 * x - 3 * total.log() + 0.5).exp()
    expected = np.exp(2 * evaluated(x, world) + 0.5) / evaluated(total, world) ** 3
    np.testing.assert_allclose(evaluated(mixed, world), expected, rtol=1e-12)


def test_exp_of_nothing_is_one_and_gradients_do_not_take_exp_apart(world):
    x = world.argument("N M")
    zero = Terms.of(x.node, exps=True) - Terms.of(x.node, exps=True)
    assert zero.exp().as_number() == 1
    with pytest.raises(NotAlgebraic):
        Terms.of(x.node).exp()
    with pytest.raises(NotAlgebraic):
        Terms.of(x.node).log()


def test_the_sum_that_cancels_in_log_sigmoid_is_turned_round(world):
    e = exponential(world)
    patterns = Writer(world.recorder, lambda _n: True).patterns
    t = (e / (1 + e)).log()  # u - log(1 + exp(u))
    turned = t.like(patterns.log_sigmoid(dict(t.items)))
    assert len(turned.items) == 1
    np.testing.assert_allclose(evaluated(turned, world), evaluated(t, world))
    half = t + t.like(dict(list(t.items.items())[:1])) * 0.5
    assert patterns.log_sigmoid(dict(half.items)) == half.items


def test_a_softplus_that_was_split_is_put_together(world):
    x = world.argument("N M", sign=True)
    patterns = Writer(world.recorder, lambda _n: True).patterns
    known = {}

    def items(value):
        t = Reader(lambda n: n.op.algebra is None, exps=True).through(value.node)
        known.update({n: world.run(n) for n in order([value.node])})
        return t

    for top in (maximum(x, 0), (maximum(0, x))):
        t = items(top + log1p(exp(-abs_(x))))
        whole = t.like(patterns.split_softplus(dict(t.items)))
        assert len(whole.items) == 1
        np.testing.assert_allclose(
            value_of(whole, known, SIZES), np.logaddexp(0, world.values[x.node])
        )
    y = world.argument("N M", sign=True)
    for value in (maximum(y, 0) + log1p(exp(-abs_(x))), maximum(x, 1) + log1p(exp(-abs_(x))),
                  maximum(x, 0) - log1p(exp(-abs_(x))), maximum(x, 0) + log1p(exp(abs_(x))),
                  2 * maximum(x, 0) + log1p(exp(-abs_(x)))):  # fmt: skip
        t = items(value)
        assert patterns.split_softplus(dict(t.items)) == t.items


@pytest.mark.parametrize("u", [-1000.0, -104.0, -1.0, 0.0, 1.0, 88.0, 1000.0])
def test_what_is_written_does_not_overflow(u):
    world = World()
    x = world.argument("2", array=np.array([u, -u]))
    with mpmath.workdps(600):  # exp(-1000) beside 1
        truth = [mpmath.log1p(mpmath.exp(-mpmath.mpf(v))) for v in (u, -u)]
    for value in (log(1 + exp(-x)), -log(1 / (1 + exp(-x))), log(1 + exp(x)) - x):
        node = Writer(world.recorder, lambda _n: True)(read(value))
        actual = world.run(Lowering(world.builder)(node))
        np.testing.assert_allclose(actual, [float(v) for v in truth], rtol=1e-14)
