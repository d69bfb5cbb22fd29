"""Random programs that write agree with the plain function, and with differences.

``DERIVO_FUZZ=intense`` tries 1,000 of them.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import pytest

import derivo
from derivo.errors import TraceError
from tests.fuzz.writes import ARGUMENTS, Program, drawn, generate

BLOCKS = 6
COUNT = 170 if os.environ.get("DERIVO_FUZZ") == "intense" else 10
pytestmark = pytest.mark.filterwarnings("ignore::derivo.errors.IndependentWarning")
OPEN = "view here or a copy"  # what NumPy itself decides by the order in memory


def check(program: Program) -> bool:
    """Compare value and gradients; False if the program is refused, with the reason."""
    function, arrays = program.function(), drawn()
    try:
        d = derivo.derive(function, verify=False, **drawn())
    except TraceError as error:
        if OPEN not in str(error):
            raise
        return False
    value = function(**drawn())
    np.testing.assert_allclose(d(**arrays), value, rtol=1e-10, atol=1e-12)
    for name, given in drawn().items():
        np.testing.assert_array_equal(arrays[name], given)
    gradients = d.gradients(**arrays)
    rng = np.random.default_rng(1)
    for name, shape in ARGUMENTS.items():
        direction = rng.normal(size=shape)
        near, wide = (_slope(function, name, direction, h) for h in (5e-6, 1e-5))
        if abs(near - wide) > 1e-6 * (1 + abs(near)):
            continue  # at a kink
        got = float(np.sum(gradients[name] * direction))
        np.testing.assert_allclose(got, near, rtol=2e-6, atol=2e-7, err_msg=name)
    return True


def _agrees(program: Program) -> bool:
    try:
        check(program)
    except AssertionError:
        return False
    return True


def _slope(function: Any, name: str, direction: Any, h: float) -> float:
    ends = []
    for step in (h, -h):
        arrays = drawn()
        arrays[name] += step * direction
        ends.append(function(**arrays))
    return float((ends[0] - ends[1]) / (2 * h))


@pytest.mark.parametrize("block", range(BLOCKS))
def test_random_programs_with_writes_agree(block: int) -> None:
    tried = 0
    for number in range(COUNT):
        program = generate(1000 * block + number)
        try:
            tried += check(program)
        except Exception as error:
            message = f"program {1000 * block + number}\n{program.text()}"
            raise AssertionError(message) from error
    assert tried > 0.7 * COUNT, "too many are refused"


def test_a_write_that_is_not_seen_is_found() -> None:
    from derivo.trace.memory.cell import View

    read = View.read
    View.read = lambda self: self.node  # type: ignore[method-assign]
    try:
        assert not all(_agrees(generate(number)) for number in range(40))
    finally:
        View.read = read  # type: ignore[method-assign]
