"""Loops over time, compiled: as the derivation, whatever hands on what."""

from functools import partial

import numpy as np
import pytest

import derivo
import derivo.compiled
from derivo.compiled import CompiledInC
from derivo.emit.c.forms import has_form
from derivo.emit.plan.leaf import Scan, Tile
from derivo.emit.plan.schedule import schedule
from derivo.graph.nest import leaves, rebuilt
from derivo.run import c_function, compiler
from tests.catalogue.case import SIZES
from tests.scan.plain_loops import LOOPS
from tests.scan.programs import PROGRAMS, lstm
from tests.train.c_steps import Fixed

pytestmark = pytest.mark.skipif(
    compiler.find_compiler() is None, reason="no C compiler"
)
CASES = {case.name: case for case in (*LOOPS, *PROGRAMS.values())}


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    fast = partial(compiler.compiled, extra=("-O0",))
    monkeypatch.setattr(derivo.compiled, "compiled", fast)
    # On two threads, which meet at every step.
    monkeypatch.setattr(c_function, "available_cores", lambda: 2)
    monkeypatch.setattr(c_function, "Pace", Fixed)


@pytest.mark.parametrize("name", sorted(CASES))
def test_every_loop_gives_what_the_derivation_gives(name, monkeypatch):
    case = CASES[name]
    d = derivo.derive(case.function, verify=False, **case.specs)
    compiled = d.compile()
    for steps in (1, 4):
        monkeypatch.setitem(SIZES, "T", steps)
        arrays = case.arrays()
        upstream = rebuilt(d(**arrays), lambda y: np.cos(np.arange(1.0, np.size(y) + 1))
                           .reshape(np.shape(y)))  # fmt: skip
        found = compiled.value_and_gradients(upstream, **arrays)
        wanted = d.value_and_gradients(upstream, **arrays)
        for a, b in zip(leaves(found), leaves(wanted), strict=True):
            assert np.shape(a) == np.shape(b)
            scale = max(1.0, float(np.abs(b).max(initial=0)))
            np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12 * scale)


def test_what_can_be_done_at_once_is_not_in_the_loop():
    compiled = derivo.derive(lstm, **PROGRAMS["lstm"].specs).compile()
    assert isinstance(compiled, CompiledInC)
    computation = compiled._computation(with_gradients=True).prepared()
    plan = schedule(computation, has_form)
    scans = [leaf for leaf in plan.leaves if isinstance(leaf, Scan)]
    assert len(scans) == 2
    for scan in scans:
        # A step multiplies what it hands on, and nothing else; it adds nothing up.
        assert sum(isinstance(leaf, Tile) for leaf in scan.body.leaves) == 1
        assert all(move.value is not None for move in scan.begin)
    # Of all steps: the input, its adjoint, and the gradients of two matrices.
    outside = [leaf for phase in plan.phases for leaf in phase.leaves]
    assert sum(isinstance(leaf, Tile) for leaf in outside) == 4


# --- which threads must wait for each other -------------------------------------------


def gated(xs, w):
    """Parts of rows, put side by side and taken apart: a row has to do with itself."""
    h = np.zeros((xs.shape[1], 3))
    for x in xs:
        z = np.concatenate([h, x], axis=1) @ w
        h = np.tanh(z[:, :3]) * z[:, 3:] + h[:, ::-1]
    return h


def of_the_mean(xs, w):
    """Take what all rows have in common from each."""
    h = np.zeros((xs.shape[1], 3))
    for x in xs:
        h = np.tanh(x @ w[:3, :3] + h - np.mean(h, axis=0))
    return h


def turned_round(xs, w):
    """Read the rows from behind."""
    h = np.zeros((xs.shape[1], 3))
    for x in xs:
        h = np.tanh(x @ w[:3, :3] + h[::-1])
    return h


def one_row_on(xs, w):
    """Read the row before."""
    h = np.zeros((xs.shape[1], 3))
    for x in xs:
        before = np.concatenate([h[-1:], h[:-1]], axis=0)
        h = np.tanh(x @ w[:3, :3] + before)
    return h


def first_row(xs, w):
    """Read one row for all."""
    h = np.zeros((xs.shape[1], 3))
    for x in xs:
        h = np.tanh(x @ w[:3, :3] + h[:1])
    return h


def rows_with_rows(xs, w):
    """Multiply rows with rows."""
    h = np.zeros((xs.shape[1], 3))
    for x in xs:
        h = np.tanh(x @ w[:3, :3] + h @ h.T @ x)
    return h


APART = {gated: True, of_the_mean: False, turned_round: False, one_row_on: False,
         first_row: False, rows_with_rows: False}  # fmt: skip


@pytest.mark.parametrize("function", APART, ids=lambda f: f.__name__)
def test_threads_go_through_a_loop_apart_where_rows_have_nothing_to_do_with_others(
    function, monkeypatch
):
    d = derivo.derive(function, xs="T N 3", w="6 6", verify=False)
    compiled = d.compile()
    assert isinstance(compiled, CompiledInC)
    plan = schedule(compiled._computation(with_gradients=False).prepared(), has_form)
    (scan,) = (leaf for leaf in plan.leaves if isinstance(leaf, Scan))
    assert scan.goes_apart is APART[function]
    rng = np.random.default_rng(4)
    xs, w = rng.normal(size=(9, 150, 3)), rng.normal(size=(6, 6), scale=0.4)
    results = []
    for threads in (1, 2, 5):
        monkeypatch.setattr(c_function, "available_cores", lambda n=threads: n)
        own = d.compile()
        results.append(np.asarray(own(xs, w)))
        gradients = own.gradients(np.ones((150, 3)), xs, w)
        for a, b in zip(
            leaves(gradients),
            leaves(d.gradients(np.ones((150, 3)), xs, w)),
            strict=True,
        ):
            np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-10)
    np.testing.assert_allclose(results[0], function(xs, w), rtol=1e-11, atol=1e-12)
    for other in results[1:]:
        np.testing.assert_array_equal(other, results[0])
