"""A part of a named axis is as long as NumPy makes it, whatever the axis is."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import derivo

LENGTHS = (0, 1, 2, 3, 4, 5, 6, 7, 11, 12)


def joined_again(x):
    return np.concatenate([x[:3] * 2, x[3:6] * 3, x[6:] * 4]) * x


def in_four(x):
    a, b, c, d = np.array_split(x, 4)
    return np.concatenate([a, b * 2, c * 3, d * 4]) * x


def from_named_ends(x):
    n = len(x)
    return x[2:n] * x[: n - 2]


CASES: dict[str, Callable[[Any], Any]] = {
    "the first ten": lambda x: x[:10] ** 2,
    "mean of the first ten": lambda x: np.mean(x[:10] ** 2),
    "variance of the first five": lambda x: np.var(x[:5]),
    "mean by hand": lambda x: x[:5].sum() ** 2 / x[:5].size,
    "the last two": lambda x: x[-2:] ** 2,
    "mean of the last four": lambda x: np.mean(x[-4:] ** 2),
    "all but the ends": lambda x: x[1:-1] ** 2,
    "the middle": lambda x: x[3:6] ** 2,
    "the middle from behind": lambda x: x[-5:-3] ** 2,
    "from the front to behind": lambda x: x[2:-3] ** 2,
    "from behind to the front": lambda x: x[-4:3] ** 2,
    "second differences": lambda x: (x[2:] - 2 * x[1:-1] + x[:-2]) ** 2,
    "every second": lambda x: np.sum(x[::2]) ** 2,
    "every second, from one": lambda x: x[1::2] ** 2,
    "every third of some": lambda x: x[1:8:3] ** 2,
    "every second backwards": lambda x: x[::-2] ** 2,
    "some backwards": lambda x: x[3:0:-1] ** 2,
    "backwards from behind": lambda x: x[-2::-1] ** 2,
    "backwards to behind": lambda x: x[:-4:-1] ** 2,
    "the second half": lambda x: x[x.shape[0] // 2 :] ** 2,
    "the first half": lambda x: x[: len(x) // 2] ** 2,
    "a part of a shorter part": lambda x: x[:5][:3] ** 2,
    "a part of a longer part": lambda x: x[:3][:5] ** 2,
    "a part of a part from two": lambda x: x[2:][1:4] ** 2,
    "array_split": lambda x: np.array_split(x, 3)[1] ** 2,
    "split in even parts": lambda x: np.split(x, 2)[0] ** 2,
    "split at places": lambda x: np.split(x, [2, 5])[1] ** 2,
    "diff twice": lambda x: np.diff(x, n=2) ** 2,
    "gradient": lambda x: np.gradient(x) ** 2,
    "of a sum": lambda x: np.cumsum(x)[-3:] ** 2,
    "beside zeros of a size": lambda x: np.zeros(x.shape[0] - 2) + x[2:] ** 2,
    "counted backwards": lambda x: x**2 * np.arange(len(x) - 1, -1, -1),
    "joined again": joined_again,
    "in four": in_four,
    "named ends": from_named_ends,
}


@pytest.mark.parametrize("name", CASES)
def test_a_part_is_as_long_as_it_is(name: str) -> None:
    function = CASES[name]
    d = derivo.derive(function, x="N")
    for n in LENGTHS:
        x = np.random.default_rng(n).normal(size=n)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", RuntimeWarning)  # a mean of nothing
                expected = function(x)
        except (ValueError, RuntimeWarning, ZeroDivisionError):
            continue
        np.testing.assert_allclose(d(x=x), expected, rtol=1e-12)
        u = np.random.default_rng(1).normal(size=np.shape(expected))
        g = d.gradients(u if u.ndim else float(u), x=x)["x"]
        assert g.shape == x.shape
        for e, slope in zip(np.eye(n), g, strict=True):
            ends = function(x + 1e-5 * e) - function(x - 1e-5 * e)
            assert np.sum(u * ends) / 2e-5 == pytest.approx(slope, abs=1e-6)


# Nothing is taken for granted in these: the text alone is right for every length.
OF_NUMBERS = [k for k in CASES if k not in (
    "beside zeros of a size", "split in even parts", "gradient", "named ends",
)]  # fmt: skip


@pytest.mark.parametrize("name", OF_NUMBERS)
def test_the_bare_text_is_right_for_every_length(name: str) -> None:
    function = CASES[name]
    d = derivo.derive(function, x="N")
    assert d.graph.requires == ()
    for n in LENGTHS[1:]:
        x = np.random.default_rng(n).normal(size=n)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            expected = function(x)
            if np.any(np.isnan(expected)):
                continue
        output, saved = getattr(d.module, d.name)(x)
        np.testing.assert_allclose(output, expected, rtol=1e-12)
        u = np.random.default_rng(1).normal(size=np.shape(expected))
        g = getattr(d.module, f"{d.name}_backward")(saved, u)
        whole = d.gradients(u if u.ndim else float(u), x=x)["x"]
        np.testing.assert_allclose(g, whole, rtol=1e-12)


def test_what_a_slice_by_names_takes_for_granted_is_said_and_tried():
    def f(x, table):
        return x + table[: x.shape[0]]

    d = derivo.derive(f, x="T", table="4")
    assert [str(r) for r in d.graph.requires] == ["T <= 4"]
    assert "# For sizes with T <= 4." in d.source
    np.testing.assert_array_equal(d(x=np.ones(3), table=np.ones(4)), [2, 2, 2])
    with pytest.raises(derivo.errors.ShapeError, match=r"\(5,\) and \(4,\)"):
        d(x=np.ones(5), table=np.ones(4))
    # With one element, NumPy has another rule: it is derived anew, for the numbers.
    one = derivo.derive(f, x="T", table="1")
    np.testing.assert_array_equal(one(x=np.ones(3), table=np.ones(1)), [2, 2, 2])


def test_windows_in_steps_may_reach_beyond_the_end():
    def pooled(x):
        n = (x.shape[0] - 3) // 2 + 1
        return sum(x[i : i + 2 * n : 2] ** 2 for i in range(3))

    d = derivo.derive(pooled, x="H")
    for h in (3, 4, 7, 8):
        x = np.random.default_rng(h).normal(size=h)
        np.testing.assert_allclose(d(x=x), pooled(x), rtol=1e-12)
        np.testing.assert_allclose(d.module.pooled(x)[0], pooled(x), rtol=1e-12)


def test_a_check_draws_lengths_on_both_sides_of_each_kink():
    d = derivo.derive(CASES["mean of the first ten"], x="N")
    report = d.check()
    assert report.ok


def test_products_of_a_part_that_may_be_empty():
    d = derivo.derive(lambda x: np.prod(x[:-1]) + np.prod(x[2:]), x="N")
    for x in ([2.0], [2.0, 3.0], [2.0, 3.0, 4.0], [2.0, 0.0, 4.0, 5.0]):
        given = np.array(x)
        expected = np.zeros(len(x))
        for k in range(len(x)):
            others = np.where(np.arange(len(x)) == k, 1, given)
            expected[k] = (k < len(x) - 1) * np.prod(others[:-1])
            expected[k] += (k >= 2) * np.prod(others[2:])
        np.testing.assert_allclose(d.gradients(x=given)["x"], expected)
