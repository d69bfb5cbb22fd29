"""Random programs: their gradients agree with numerical derivatives.

``DERIVO_FUZZ=intense`` (``make fuzz``) runs twenty times as many;
``python -m tests.fuzz --count N --seed S`` runs any number and shows each failure.
"""

from __future__ import annotations

import os

import numpy as np
import pytest

from tests.fuzz.generate import draw, generate
from tests.fuzz.run import Failure, failure, outcome, programs

BLOCKS = 20
INTENSE = os.environ.get("DERIVO_FUZZ") == "intense"
SHORT, RAW = (1000, 5000) if INTENSE else (50, 15)
FAILURES_SHOWN = 3


def run(block: int, count: int, *, simplify: bool) -> list[Failure]:
    """Try one block of programs; stop when there is enough to look at."""
    found: list[Failure] = []
    for number, program in programs(count, seed=block):
        failed = failure(number, program, simplify=simplify)
        if failed is not None:
            found.append(failed)
        if len(found) == FAILURES_SHOWN:
            break
    return found


@pytest.mark.parametrize("block", range(BLOCKS))
def test_shortened_gradients_of_random_programs_are_right(block):
    found = run(block, SHORT, simplify=True)
    assert not found, "\n\n".join(map(str, found))


@pytest.mark.parametrize("block", range(BLOCKS))
def test_raw_gradients_of_random_programs_are_right(block):
    found = run(1000 + block, RAW, simplify=False)
    assert not found, "\n\n".join(map(str, found))


def test_programs_have_5_to_60_operations_and_share_values():
    drawn = [p for _, p in programs(200, seed=3)]
    counts = [p.operations for p in drawn]
    assert min(counts) >= 5
    assert max(counts) <= 70  # the last template may add ten
    assert np.quantile(counts, 0.9) > 28
    shared = [
        p for p in drawn
        if any(sum(n in s.reads for s in p.steps.values()) > 1 for n in p.steps)
    ]  # fmt: skip
    assert len(shared) > 80


def test_the_same_seed_gives_the_same_program_and_values():
    first, second = (generate(np.random.default_rng([4, 5])) for _ in range(2))
    assert first.text() == second.text()
    for name, value in draw(first).items():
        np.testing.assert_array_equal(value, draw(second)[name])


def test_most_programs_are_smooth_so_that_complex_step_applies():
    drawn = [p for _, p in programs(200, seed=3)]
    assert 40 < sum(p.smooth for p in drawn) < 180


def test_a_planted_fault_is_found_and_made_small():
    from derivo.ops import CATALOGUE

    tanh = CATALOGUE["tanh"]
    wrong = lambda g, y, _x: (g * (1 + y * y),)
    right = tanh.vjp
    object.__setattr__(tanh, "vjp", wrong)
    try:
        found = [failure(n, p, simplify=False) for n, p in programs(30, seed=8)]
    finally:
        object.__setattr__(tanh, "vjp", right)
    failed = [f for f in found if f is not None]
    assert len(failed) >= 5
    assert all("np.tanh" in f.program.text() for f in failed)
    assert np.median([len(f.program.steps) for f in failed]) <= 2
    assert all(not outcome(f.program, simplify=False) for f in failed)
