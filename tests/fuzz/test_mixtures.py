"""Random programs of unlike shapes and types are right at every size.

``DERIVO_FUZZ=intense`` tries 2,000; ``python -m tests.fuzz.mixtures`` any number.
"""

from __future__ import annotations

import os

import numpy as np
import pytest

from derivo.ops import CATALOGUE
from tests.fuzz.mixtures import Compared, failure, generate, mixtures

BLOCKS = 6
COUNT = 334 if os.environ.get("DERIVO_FUZZ") == "intense" else 50


@pytest.mark.parametrize("block", range(BLOCKS))
def test_gradients_of_mixed_programs_are_right_at_three_sizes(block: int) -> None:
    seen = Compared()
    found = [failure(made, seen) for _, made in mixtures(COUNT, seed=block)]
    wrong = [f for f in found if f]
    assert not wrong, "\n\n".join(wrong[:3])
    assert seen.sizes > 2 * COUNT
    assert seen.empty > COUNT // 5
    assert seen.directions > 3 * COUNT
    assert seen.bent <= COUNT // 20


def test_a_fault_in_a_rule_is_found() -> None:
    concatenate = CATALOGUE["concatenate"]
    right = concatenate.vjp
    assert right is not None

    def swapped(g, y, *arrays, **attrs):
        return tuple(reversed(right(g, y, *arrays, **attrs)))

    def wrong() -> int:
        return sum(bool(failure(made, Compared())) for made in joined)

    programs = [made for _, made in mixtures(60, seed=11)]
    joined = [p for p in programs if "np.concatenate" in p.text()][:8]
    assert not wrong()
    object.__setattr__(concatenate, "vjp", swapped)
    try:
        assert wrong()
    finally:
        object.__setattr__(concatenate, "vjp", right)


def test_the_same_seed_gives_the_same_program_and_values():
    first, second = (generate(np.random.default_rng([4, 5])) for _ in range(2))
    assert first.text() == second.text()
    for sizes in first.sizes:
        a, b = first.draw(sizes) or {}, second.draw(sizes) or {}
        assert all(np.array_equal(a[n], b[n]) for n in a)
