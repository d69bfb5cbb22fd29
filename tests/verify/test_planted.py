"""Faults that a generator plants are named; right backward passes are called right."""

import pytest

from tests.verify.planted import planted, right_ones


@pytest.mark.slow
def test_planted_faults_are_named_and_none_is_called_right(capsys):
    outcomes = list(planted(seed=3, count=15))
    named = sum(o.named for o in outcomes)
    with capsys.disabled():
        print(f"\n{named} of {len(outcomes)} planted faults named right")  # noqa: T201
    assert [o for o in outcomes if o.verdict != "wrong"] == []
    assert named >= 14


@pytest.mark.slow
def test_right_backward_passes_are_not_called_wrong():
    assert [name for name, ok, _ in right_ones(40) if not ok] == []
