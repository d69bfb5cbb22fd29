"""Every NumPy spelling that is understood, in the variants that people write."""

from __future__ import annotations

import pytest

import tests.ops.tables  # noqa: F401  it fills the table
from tests.ops.spelled import SIZES, TABLE, compare, stays_narrow


@pytest.mark.parametrize("sizes", SIZES, ids=("usual", "ones"))
@pytest.mark.parametrize("name", TABLE)
@pytest.mark.filterwarnings("ignore::derivo.errors.IndependentWarning")
def test_a_spelling_agrees_with_its_differences(
    name: str, sizes: dict[str, int]
) -> None:
    compare(TABLE[name], sizes)


@pytest.mark.parametrize("name", TABLE)
@pytest.mark.filterwarnings("ignore::derivo.errors.IndependentWarning")
def test_the_plain_chain_rule_agrees_too(name: str) -> None:
    compare(TABLE[name], SIZES[0], simplify=False, stabilize=False)


@pytest.mark.parametrize("name", TABLE)
@pytest.mark.filterwarnings("ignore::derivo.errors.IndependentWarning")
def test_float32_stays_float32(name: str) -> None:
    stays_narrow(TABLE[name])
