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
            np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-11)


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
