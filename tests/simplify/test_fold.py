"""Folding products by forward values: shorter, and the same."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from derivo.graph.node import order
from derivo.ops.elementwise import sqrt
from derivo.ops.reduce import mean, sum_
from derivo.ops.shape import expand_dims
from derivo.simplify.factor import Base, base, product
from derivo.simplify.rules import (
    Definition,
    Folder,
    complexity,
    definition,
    is_root,
    part_products,
    rebase,
)
from derivo.simplify.terms import Terms, primitive
from derivo.simplify.translate import Reader, Writer, most_shared, shared
from tests.simplify.evaluate import product_value, value_of
from tests.simplify.world import SIZES, World, one_of, random_expression, terms


@pytest.fixture
def world():
    return World(1)


def known(world, *values):
    """Give the arrays of values and of all that they are made of."""
    return {n: world.run(n) for n in order([v.node for v in values])}


def defined(value):
    """Read a value one level deep, as the shortener does with forward values."""
    found = definition(value.node, Reader(lambda n: True).through(value.node))
    assert found is not None
    return found


def single(t):
    ((m, c),) = t.items.items()
    return m, c


def frame(t):
    return tuple(SIZES.get(str(d), d) for d in t.shape)


def folded(t, *definitions):
    m, c = single(t)
    new, number, found = Folder(definitions)(m)
    return new, c * number, found


def assert_fold(world, t, values, *definitions, expected):
    """Fold, compare the value, and tell that the values expected were found."""
    arrays = world.values | known(world, *values)
    new, c, found = folded(t, *definitions)
    before = value_of(t, arrays, SIZES)
    after = float(c) * product_value(new, arrays, SIZES, t.shape)
    np.testing.assert_allclose(after, before, rtol=1e-12)
    assert [n.op.name for n in found] == [v.node.op.name for v in expected]
    assert complexity(new) < complexity(single(t)[0]) or not found
    return new


def test_a_quotient_is_recognised(world):
    g, x, s = (world.argument(k, sign=True) for k in ("N M", "N M", "M"))
    xhat = x / s
    t = terms(g) * terms(x) / terms(s)
    new = assert_fold(world, t, [xhat], defined(xhat), expected=[xhat])
    assert new == single(terms(g) * terms(xhat))[0]


def test_a_number_in_front_is_taken_account_of(world):
    g, x, s = (world.argument(k, sign=True) for k in ("N M", "N M", "M"))
    h = -0.25 * x
    y = h / s
    arrays = known(world, y)
    direct = definition(y.node, Reader(lambda n: not n.inputs).through(y.node))
    t = terms(g) * terms(x) / terms(s)
    new, c, found = folded(t, direct)
    assert c == Fraction(-4)
    assert found == [y.node]
    np.testing.assert_allclose(
        float(c) * product_value(new, world.values | arrays, SIZES, t.shape),
        value_of(t, world.values, SIZES),
    )


def test_a_product_within_a_total_is_recognised(world):
    g, x, s = (world.argument(k, sign=True) for k in ("N M", "N M", "N 1"))
    xhat = x / s
    t = (terms(g) * terms(x)).sum(1, True) / terms(s)
    new = assert_fold(world, t, [xhat], defined(xhat), expected=[xhat])
    assert new == single((terms(g) * terms(xhat)).sum(1, True))[0]


def test_an_axis_that_was_added_and_turned_is_followed(world):
    g, x, s = (world.argument(k, sign=True) for k in ("M N", "N M", "N"))
    xhat = x / expand_dims(s, axis=1)
    direct = definition(xhat.node, Reader(lambda n: not n.inputs).through(xhat.node))
    t = terms(g) * terms(x).transpose((1, 0)) / terms(s)
    new = assert_fold(world, t, [xhat], direct, expected=[xhat])
    assert new == single(terms(g) * terms(xhat).transpose((1, 0)))[0]


def test_the_same_letters_on_other_axes_are_not_mistaken(world):
    x, s = world.argument("N N"), world.argument("N")
    xhat = x / s  # s along the columns
    t = terms(x) / terms(s).expand_dims(1)  # s along the rows
    new, c, found = folded(t, defined(xhat))
    assert (new, c, found) == (single(t)[0], 1, [])


def test_nothing_is_divided_by_that_was_not_divided_by_before(world):
    x, g = world.argument("N"), world.argument("N")
    cube = x**3
    t = terms(g) * terms(x) ** 2  # not g * x**3 / x, which is 0/0 where x is 0
    assert folded(t, defined(cube))[2] == []
    y = x * g
    assert folded(terms(x) ** 2, defined(y))[2] == []


@pytest.mark.parametrize("seed", range(200))
def test_random_products_keep_their_value(seed):
    world = World(seed)
    rng = world.rng
    shapes = ("N M", "N M", "M", "N 1", "")
    values = [world.argument(s) for s in shapes]
    forward = []
    for _ in range(4):
        a, b = one_of(rng, values + forward), one_of(rng, values + forward)
        forward.append(a * b if rng.integers(2) else a / b)
    forward += [sum_(v, axis=v.ndim - 1, keepdims=True) for v in forward if v.ndim > 1]
    read = Reader(lambda n: not n.inputs)
    definitions = [
        d for v in forward
        for t in (Reader(lambda n: True).through(v.node), read.through(v.node))
        if (d := definition(v.node, t)) is not None
    ]  # fmt: skip
    g = world.argument("N M", sign=True)
    whole = g * one_of(rng, forward) * one_of(rng, values) / one_of(rng, forward)
    t = read(whole.node)
    if rng.integers(2):
        t = t.sum(int(rng.integers(2)), True) * terms(one_of(rng, values))
    arrays = world.values | known(world, whole, *forward)
    m, c = single(t)
    new, number, _ = Folder(definitions)(m)
    after = float(c * number) * product_value(new, arrays, SIZES, t.shape)
    np.testing.assert_allclose(after, value_of(t, arrays, SIZES), rtol=1e-10)
    assert complexity(new) <= complexity(m)


# --- roots ----------------------------------------------------------------------------


@pytest.mark.parametrize("power", [0.5, -0.5])
@pytest.mark.parametrize("exponent", [-2, -1, -0.5, 0.5, 1, 1.5])
def test_powers_are_written_in_a_root_that_is_known(world, power, exponent):
    v, g = world.argument("N M"), world.argument("N M", sign=True)
    root = v**power
    d = defined(root)
    assert is_root(d)
    m, _c = single(terms(g) * terms(v) ** exponent)
    new = rebase(m, [d])
    arrays = world.values | known(world, root)
    shape = terms(g).shape
    np.testing.assert_allclose(
        product_value(new, arrays, SIZES, shape), product_value(m, arrays, SIZES, shape)
    )
    assert new == product([*single(terms(g))[0], *single(terms(root) ** 1)[0][:0],
                           (single(terms(root))[0][0][0], Fraction(exponent) / Fraction(power))])  # fmt: skip


def test_a_root_within_a_total_is_found(world):
    v, g = world.argument("N M"), world.argument("N M", sign=True)
    root = sqrt(v)
    m, _ = single((terms(g) / terms(v)).sum(1, True))
    new = rebase(m, [defined(root)])
    expected, _ = single((terms(g) * terms(root) ** -2).sum(1, True))
    assert new == expected


def test_products_and_squares_are_no_roots(world):
    v, w = world.argument("N"), world.argument("N")
    assert not is_root(defined(v * v))
    assert not is_root(defined(v * w))
    assert not is_root(defined(2 * v))


# --- parts of longer products ---------------------------------------------------------


@pytest.mark.parametrize("shapes", [
    ("N M", "M", "M"), ("N M", "N 1", "M"), ("N N", "N 1", "N"), ("3 N", "N", "3 1"),
])  # fmt: skip
@pytest.mark.parametrize("divide", [True, False])
def test_parts_of_products_equal_what_they_are_said_to_be(world, shapes, divide):
    x, a, b = (world.argument(s) for s in shapes)
    whole = b * x / a if divide else b * x * a
    check_parts(world, whole)


@pytest.mark.parametrize("shape", ["N M", "N N", "M N"])
def test_parts_whose_axes_were_added_afterwards(world, shape):
    x, y = world.argument(shape), world.argument(shape)
    w = world.argument(shape.split()[0])
    check_parts(world, expand_dims(w, axis=1) * x * y)
    check_parts(world, x.T * w * y.T)


def check_parts(world, whole):
    d = definition(whole.node, Reader(lambda n: not n.inputs).through(whole.node))
    parts = list(part_products([d], [], world.builder, frozenset()))
    assert parts
    for part in parts:
        arrays = world.values | {part.value.node: world.run(part.value.node)}
        shape = part.value.node.spec.shape
        np.testing.assert_allclose(
            product_value(((part.value, 1),), arrays, SIZES, shape),
            float(part.number) * product_value(part.inner, arrays, SIZES, shape),
        )


# --- what terms share -----------------------------------------------------------------


@pytest.mark.parametrize("seed", range(100))
def test_what_is_pulled_out_and_the_rest_make_the_whole(seed):
    world = World(seed)
    e = random_expression(world, 6)
    if not e.terms.items:
        return
    expected = value_of(e.terms, world.values, SIZES)
    for common, c, rest in (
        primitive(e.terms.items),
        shared(e.terms.items, all_sizes=True),
        shared(e.terms.items, all_sizes=False),
    ):
        whole = e.terms.like({product((*common, *m)): c * d for m, d in rest.items()})
        np.testing.assert_allclose(
            value_of(whole, world.values, SIZES), expected, rtol=1e-10, atol=1e-12
        )


def test_common_factors_are_found(world):
    a, b, c = (terms(world.argument("N M")) for _ in range(3))
    two = a * b * 2 + a**2 * c * 4
    common, number, rest = shared(two.items, all_sizes=True)
    assert common == single(a)[0]
    assert number in (2, 1)
    assert len(rest) == 2
    common, number, rest = primitive((a * b * 2 + a**2 * c * 4).items)
    assert common == single(a)[0]
    assert number == 2
    assert rest == (b + 2 * a * c).items
    assert most_shared((a * b + a * c + c**2).items) in (
        (single(a)[0][0][0], 1), (single(c)[0][0][0], 1)
    )  # fmt: skip
    assert most_shared((a + b).items) is None


def test_a_sum_to_a_power_keeps_its_number_apart(world):
    a, b = (terms(world.argument("N M")) for _ in range(2))
    m, c = single((2 * a + 2 * b) ** 2)
    assert c == 4
    ((f, p),) = m
    assert isinstance(f, Base)
    assert f == base((a + b).items.items())
    assert p == 2


# --- values that have been computed ---------------------------------------------------


def test_a_value_is_put_in_the_place_of_its_terms(world):
    x, y, g = (world.argument("N M", sign=True) for _ in range(3))
    d = x - y
    t = terms(g) + terms(x) - terms(y)
    sums = {frozenset((terms(x) - terms(y)).items.items()): d.node}
    writer = Writer(world.recorder, lambda _n: True, sums)
    new = writer.absorbed(t.items, t.shape)
    assert new == (terms(g) + terms(d)).items
    negative = (terms(g) - terms(x) + terms(y)).items
    assert writer.absorbed(negative, t.shape) == (terms(g) - terms(d)).items
    other = (terms(g) + terms(x) + terms(y)).items
    assert writer.absorbed(other, t.shape) == other


def test_a_value_of_more_axes_is_not_put_in(world):
    x, y = world.argument("M"), world.argument("M")
    wide = expand_dims(x - y, axis=0)
    sums = {frozenset((terms(x) - terms(y)).items.items()): wide.node}
    writer = Writer(world.recorder, lambda _n: True, sums)
    t = terms(x) - terms(y) + 1
    assert writer.absorbed(t.items, t.shape) == t.items


def test_a_definition_is_one_product_and_not_the_value_itself(world):
    x, y = world.argument("N"), world.argument("N")
    assert (
        definition((x + y).node, Reader(lambda n: not n.inputs)((x + y).node)) is None
    )
    assert definition(x.node, Terms.of(x.node)) is None
    d = defined(mean(x, axis=0))
    assert isinstance(d, Definition)
