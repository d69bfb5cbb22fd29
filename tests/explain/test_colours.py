"""Colours tell factors apart: within one product none comes twice."""

import numpy as np
import pytest

import derivo
from derivo.explain import palette
from derivo.explain.document import Display, blocks_of
from derivo.explain.formula.boxes import (
    factor_colour,
    factor_number,
    factor_texture,
)
from derivo.explain.formula.tree import Mark, Times, walk
from derivo.explain.formula.unicode import inline
from derivo.layers import Dense
from tests.catalogue import CASES
from tests.explain import loop_programs
from tests.explain.reading import explained


def products(document):
    """Give every product of a document that has several factors of the chain rule."""
    for block in blocks_of(document):
        for row in block.rows if isinstance(block, Display) else ():
            for part in walk(row.right):
                if isinstance(part, Times):
                    marked = [p for p in part.factors if isinstance(p, Mark)]
                    ids = {m.factor for m in marked}
                    if len(ids) > 1:
                        yield part, ids


def assert_apart(document):
    count = 0
    for product, ids in products(document):
        assert len({mark(i) for i in ids}) == len(ids), inline(product)
        count += 1
    return count


def mark(factor):
    return factor_colour(factor), factor_texture(factor)


def ways(factors):
    """Give each factor with all that are multiplied further on, on any path."""
    ahead = {}
    for factor in factors:  # from the result backwards
        further = ahead.get(factor.reader, frozenset())
        yield factor, further
        known = ahead.get(factor.operand, frozenset())
        ahead[factor.operand] = known | further | {factor.id}


@pytest.mark.parametrize("case", CASES.values(), ids=lambda c: c.name)
def test_no_colour_comes_twice_within_a_product(case):
    document = explained(case)
    assert_apart(document)
    for factor, further in ways(document.factors):
        if len(further) < palette.MARKS:
            assert mark(factor.id) not in map(mark, further)


def test_of_a_very_long_chain_the_furthest_gives_its_mark_again():
    def long(x, w):
        for _ in list(range(40)):
            x = np.tanh(w * x)
        return x

    document = derivo.derive(long, x="", w="").explain("graph").document
    chain = [f for f in document.factors if f.operand.attrs.get("name") != "w"]
    assert len(chain) == 80
    last = {}
    for k, factor in enumerate(chain):
        assert k - last.get(mark(factor.id), -99) > palette.MARKS - 4
        last[mark(factor.id)] = k


def test_no_colour_comes_twice_in_networks_and_loops():
    net = derivo.Network(Dense(2, "tanh"), Dense(2, "tanh"), Dense(1), loss="square")
    net.build(2)
    count = assert_apart(net.explain().document)
    for function, specs in list(loop_programs.SPECS.items())[:6]:
        count += assert_apart(derivo.derive(function, **specs).explain().document)

    def two(x, w, v):
        return np.tanh(np.tanh(np.exp(x * w)) * v)

    d = derivo.derive(two, x="", w="", v="")
    count += assert_apart(d.explain().document)
    assert count > 5


def test_the_ways_into_an_operation_have_colours_of_their_own():
    """Where so much lies on the way that no colour is left, one may come again."""
    alike = total = 0
    for case in CASES.values():
        document = explained(case)
        into = {}
        for factor in document.factors:
            into.setdefault(factor.reader, []).append(factor.mark % palette.COLOURS)
        for colours in into.values():
            total += len(colours) > 1
            alike += len(set(colours)) < min(len(colours), palette.COLOURS)
    assert total > 100
    assert alike / total < 0.1, f"{alike} of {total}"


def test_an_id_holds_number_and_colour():
    document = derivo.derive(lambda x, w: x @ w, x="N L", w="L M").explain().document
    for factor in document.factors:
        assert factor_number(factor.id) == factor.number
        assert factor_colour(factor.id) == factor.mark % palette.COLOURS
        assert factor_colour(f"layer-{factor.id}") == factor.mark % palette.COLOURS
