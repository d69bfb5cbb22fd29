"""Every formula in index notation, evaluated by itself, equals what the code gives."""

import warnings

import numpy as np
import pytest

import derivo
from derivo.explain.factors import Factor
from derivo.explain.formula.entries import Entries
from derivo.explain.formula.local import local_derivative
from derivo.explain.formula.of_node import names_of
from derivo.explain.formula.tree import Entry, Index, Partial
from derivo.explain.levels.jacobian import jacobian_entry
from derivo.explain.levels.tell import Telling
from derivo.explain.subject import subject
from derivo.explain.words import Words
from tests.catalogue import CASES
from tests.explain.evaluate import Unknown, evaluate

POINTS = 20
# Made of slices of arrays, which index notation has no letter for.
UNWRITTEN = {"convolution_1d", "max_pooling", "every_second"}


def told(case):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        d = derivo.derive(case.function, **case.specs)
        about = subject(d, case.arrays())
        return about, about.values


def symbols(names, values):
    found = {}
    for node, symbol in names.items():
        if node in values:
            found.setdefault(symbol, values[node])
    return found


def compare(left, right, array, values, sizes, rng):
    """Compare both sides at random entries; give how many were compared."""
    indices = left.indices if isinstance(left, Entry) else ()
    shape = [d for d in np.shape(array) if d != 1]
    plain = np.reshape(array, shape)
    for _ in range(POINTS if indices else 1):
        at = {i.name: int(rng.integers(1, d + 1)) for i, d in zip(indices, shape)}  # noqa: B905
        expected = plain[tuple(at[i.name] - 1 for i in indices)]
        with np.errstate(all="ignore"):
            found = evaluate(right, values, sizes, at)
        np.testing.assert_allclose(
            np.asarray(found, float),
            np.asarray(expected, float),
            rtol=1e-12,
            atol=1e-12,
        )


@pytest.mark.parametrize("case", CASES.values(), ids=lambda c: c.name)
def test_entries_equal_the_code(case):
    about, computed = told(case)
    names = names_of(about)
    entries, rng = Entries(about, names), np.random.default_rng(1)
    values = symbols(names, computed)
    nodes = [n for n in about.graph.nodes() if n.inputs]
    # Where an adjoint has a name, other adjoints are written with it.
    nodes += [a for a in about.raw.adjoints.values() if a.inputs]
    compared = 0
    for node in nodes:
        if node not in computed or not np.size(computed[node]):
            continue
        try:
            left, right = entries.equation(node)
            if right == left:
                continue
            compare(left, right, computed[node], values, about.sizes, rng)
            compared += 1
        except Unknown:
            continue
    assert (compared == 0) == (case.name in UNWRITTEN)


def test_most_programs_are_written_in_index_notation():
    whole = total = 0
    for case in CASES.values():
        about, computed = told(case)
        names = names_of(about)
        values = symbols(names, computed)
        entries = Entries(about, names)
        for node in about.graph.nodes():
            if not node.inputs or node not in computed:
                continue
            total += 1
            left, right = entries.equation(node)
            indices = left.indices if isinstance(left, Entry) else ()
            try:
                evaluate(right, values, about.sizes, {i.name: 1 for i in indices})
                whole += right != left
            except Unknown:
                pass
    assert whole / total > 0.75, f"{whole} of {total}"


@pytest.mark.parametrize("case", CASES.values(), ids=lambda c: c.name)
def test_local_derivatives_equal_differences(case):
    about, computed = told(case)
    names = names_of(about)
    values = symbols(names, computed)
    step = 1e-6
    for factor in about.factors:
        reader = factor.reader
        scalar = all(not i.spec.rank for i in (*reader.inputs, reader))
        found = local_derivative(
            factor, names, builder=about.derivation.forward.builder
        )
        if found is None or not scalar:
            continue
        operands = [float(computed[i]) for i in reader.inputs]
        moved = [list(operands), list(operands)]
        moved[0][factor.position] += step
        moved[1][factor.position] -= step
        high, low = (reader.op.compute(*m, **reader.attrs) for m in moved)
        try:
            value = evaluate(found, values, about.sizes)
        except Unknown:
            continue
        assert value == pytest.approx((high - low) / (2 * step), rel=1e-5, abs=1e-7)


def softmax_loss(z, t):
    e = np.exp(z - np.max(z, axis=1, keepdims=True))
    p = e / np.sum(e, axis=1, keepdims=True)
    return -np.sum(t * np.log(p))


def test_the_jacobian_of_a_softmax_is_the_known_one():
    d = derivo.derive(softmax_loss, z="N C", t="N C", wrt="z")
    z = np.random.default_rng(0).normal(size=(2, 4))
    about = subject(d, {"z": z, "t": np.eye(4)[[1, 2]]})
    t = Telling(about, Words("en"))
    (factor,) = [f for f in about.factors if f.reader.op.lower and not
                 {"elementwise"} & f.reader.op.traits]  # fmt: skip
    assert isinstance(factor, Factor)
    of, formula = jacobian_entry(factor, t)
    assert isinstance(of, Partial)
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    values = symbols(t.names, about.values)
    row, result = of.of.indices
    _, own = of.by.indices
    assert isinstance(row, Index)
    for n in range(2):
        for j in range(4):
            for k in range(4):
                at = {row.name: n + 1, result.name: k + 1, own.name: j + 1}
                expected = p[n, k] * ((j == k) - p[n, j])
                assert evaluate(formula, values, about.sizes, at) == pytest.approx(
                    expected, rel=1e-12, abs=1e-15
                )
