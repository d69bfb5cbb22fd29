"""Splitting keeps every row once, and each with its target."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from derivo.data import split
from derivo.errors import DataError


@given(st.integers(2, 60), st.floats(0.01, 0.99), st.integers(0, 5))
def test_every_row_is_in_one_part_with_its_target(rows, held_back, seed):
    x, t = np.arange(rows)[:, None] * 10, np.arange(rows)
    x_train, t_train, x_test, t_test = split(x, t, held_back, seed)
    assert sorted([*t_train, *t_test]) == list(range(rows))
    np.testing.assert_array_equal(x_train[:, 0], 10 * t_train)
    np.testing.assert_array_equal(x_test[:, 0], 10 * t_test)
    assert abs(len(t_test) - rows * held_back) <= 1


def test_a_fifth_is_held_back():
    parts = split(np.zeros((100, 2)), np.zeros(100))
    assert [len(p) for p in parts] == [80, 80, 20, 20]


def test_the_seed_decides():
    x = np.arange(50)
    first, again, other = (split(x, x, seed=s)[2] for s in (3, 3, 4))
    assert first.tolist() == again.tolist() != other.tolist()


def test_rows_are_in_random_order():
    x = np.arange(100)
    train = split(x, x)[0]
    assert train.tolist() != sorted(train)


@pytest.mark.parametrize("share", [0, 1, -0.5, 1.5, float("nan")])
def test_a_share_that_is_none_is_refused(share):
    with pytest.raises(DataError, match="between 0 and 1"):
        split(np.zeros(5), np.zeros(5), held_back=share)


@pytest.mark.parametrize("rows", [0, 1])
def test_too_few_rows_are_refused(rows):
    with pytest.raises(DataError, match="two are needed"):
        split(np.zeros((rows, 2)), np.zeros(rows))


def test_rows_without_targets_are_refused():
    with pytest.raises(DataError, match=r"\(5, 2\) and t \(4,\)"):
        split(np.zeros((5, 2)), np.zeros(4))
    with pytest.raises(DataError, match="needs one target"):
        split(np.float64(3), np.float64(3))
