"""On plain arrays a scan is a Python loop."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import derivo
from derivo.errors import ShapeError, UsageError

X = np.array([[1.0, 2.0], [3.0, -1.0], [0.5, 0.25]])


def adding(s, x):
    return s + x, s + x


def test_sums_are_those_of_cumsum():
    total, sums = derivo.scan(adding, np.zeros(2), X)
    np.testing.assert_array_equal(sums, np.cumsum(X, axis=0))
    np.testing.assert_array_equal(total, X.sum(axis=0))


def test_outputs_are_those_of_accumulate():
    values = [3, 1, 2]
    _, out = derivo.scan(lambda s, x: (s * 2 + x, s * 2 + x), 0, np.array(values))
    assert (
        out.tolist()
        == list(itertools.accumulate(values, lambda s, x: s * 2 + x, initial=0))[1:]
    )


def test_backwards_runs_from_the_end_and_keeps_the_order():
    total, sums = derivo.scan(adding, np.zeros(2), X, reverse=True)
    np.testing.assert_array_equal(sums, np.cumsum(X[::-1], axis=0)[::-1])
    np.testing.assert_array_equal(total, sums[0])


def test_several_arrays_and_several_outputs():
    def step(s, pair):
        a, b = pair["a"], pair["b"]
        return s + a * b, {"product": a * b, "both": (a, b)}

    s, out = derivo.scan(step, 0.0, {"a": np.arange(3.0), "b": np.ones(3)})
    assert s == 3.0
    assert out["product"].tolist() == [0.0, 1.0, 2.0]
    assert out["both"][1].tolist() == [1.0, 1.0, 1.0]


def test_no_arrays_and_no_output():
    s, out = derivo.scan(lambda s, x: (s * 2, x), 1, length=5)
    assert (s, out) == (32, None)


def test_no_steps():
    s, out = derivo.scan(adding, np.ones(2), X[:0])
    assert s.tolist() == [1.0, 1.0]
    assert out.shape == (0, 2)
    s, out = derivo.scan(lambda s, _: (s, None), 7, length=0)
    assert (s, out) == (7, None)


def test_a_list_is_several_arrays():
    _, out = derivo.scan(lambda s, p: (s, p[0] * p[1]), 0, [np.arange(3), np.arange(3)])
    assert out.tolist() == [0, 1, 4]
    with pytest.raises(ShapeError, match=r"np\.array"):
        derivo.scan(adding, 0, [1, 2, 3])


@pytest.mark.parametrize(
    ("xs", "length", "error", "says"),
    [
        (None, None, UsageError, "length="),
        ((X, X[:2]), None, ShapeError, "2 and 3"),
        (X, 2, ShapeError, "2 and 3"),
        (np.float64(3.0), None, ShapeError, "a number has none"),
    ],
)
def test_lengths_that_do_not_fit(xs, length, error, says):
    with pytest.raises(error, match=says):
        derivo.scan(lambda s, _: (s, None), 0, xs, length=length)


@pytest.mark.parametrize("result", [None, 3.0, (1, 2, 3), [1, 2]])
def test_a_step_gives_a_pair(result):
    with pytest.raises(UsageError, match="return carry, output"):
        derivo.scan(lambda _s, _x: result, 0, X)
