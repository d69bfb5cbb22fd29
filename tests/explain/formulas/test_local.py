"""Local derivatives of functions of single entries equal differences."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from derivo.explain.factors import Factor
from derivo.explain.formula import tree as t
from derivo.explain.formula.local import local_derivative, prime
from derivo.explain.formula.unicode import inline
from tests.catalogue import CASES
from tests.explain.formulas.evaluate import ELEMENTWISE
from tests.explain.formulas.world import World, same, world

EVERY = pytest.mark.parametrize("name", CASES)
STEP = 1e-4


def shown(w: World) -> list[tuple[Factor, t.Formula]]:
    """Give the factors whose local derivative is written out."""
    builder = w.subject.derivation.forward.builder
    pairs = [
        (f, local_derivative(f, w.names, builder=builder)) for f in w.subject.factors
    ]
    return [(f, local) for f, local in pairs if local is not None]


def slope(factor: Factor, w: World) -> Any:
    """Differentiate the operation entry by entry, by its own name in NumPy."""
    reader, k = factor.reader, factor.position
    # The same points for all operands, so that each entry is moved by itself.
    values = [np.asarray(w.known[i]) for i in reader.inputs]
    wide = list(np.broadcast_arrays(*values))
    f = ELEMENTWISE[reader.op.name]

    def at(change: float) -> Any:
        return f(*wide[:k], wide[k] + change, *wide[k + 1 :])

    h = STEP
    return (at(-2 * h) - 8 * at(-h) + 8 * at(h) - at(2 * h)) / (12 * h)


@EVERY
def test_local_derivatives_equal_differences(name):
    w = world(name)
    for factor, local in shown(w):
        if factor.operand not in w.known:
            continue
        e = w.evaluator()
        expected = slope(factor, w)
        actual = np.broadcast_to(
            e.fit_to(e.array(local), expected.shape), expected.shape
        )
        assert same(actual, expected, 1e-7), (inline(local), factor.reader)


@EVERY
def test_a_slope_with_a_prime_is_the_local_derivative(name):
    w = world(name)
    for factor, local in shown(w):
        sign = prime(factor, w.names)
        if sign is not None and factor.operand in w.known:
            e = w.evaluator()
            assert same(e.array(sign), e.array(local), 1e-7), inline(sign)


def test_known_slopes_are_written_as_in_books():
    def two(x, w, b):
        n = x * w + b
        y = 1 / (1 + np.exp(-n))
        h = np.tanh(y)
        return np.maximum(h, 0)

    import derivo
    from derivo.explain.formula.of_node import names_of
    from derivo.explain.prepare import subject

    s = subject(derivo.derive(two, x="", w="", b=""), {})
    names, builder = names_of(s), s.derivation.forward.builder
    found = {
        (f.reader.op.name, f.position): inline(local)
        for f in s.factors
        if (local := local_derivative(f, names, builder=builder)) is not None
    }
    assert found["add", 0] == found["add", 1] == "1"
    assert found["mul", 0] == "w"
    assert found["mul", 1] == "x"
    assert found["sigmoid", 0] == "y · (1 − y)"
    assert found["tanh", 0] == "1 − h²"
