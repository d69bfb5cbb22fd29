"""Python that cannot be traced: branches, conversions, loops, writing."""

import math

import numpy as np
import pytest

import derivo
from derivo.errors import TraceError
from tests.refused import refused

RNG = np.random.default_rng(0)


def branch(x):
    if x.sum() > 0:  # here
        return x
    return -x


def loop(x):
    while (x > 1).any():  # here
        x = x / 2
    return x


def conditional(x):
    return x if x[0] > 0 else -x  # here


def both(x):
    return (x > 0) and (x < 1)  # here


def python_max(x):
    return max(x[0], x[1])  # here


def contains(x):
    return x if 3 in x else -x  # here


@pytest.mark.parametrize(
    "function", [branch, loop, conditional, both, python_max, contains]
)
def test_a_branch_on_a_value(function):
    text = refused(TraceError, function, x="N")
    assert "(`if`, `while`, `and`, `or`) depends on a traced value" in text
    assert "Instead: write np.where(condition, a, b)" in text


@pytest.mark.parametrize(
    "function",
    [
        lambda x: x if x.shape[0] > 3 else -x,  # here
        lambda x: x if x.shape[0] == 3 else -x,  # here
        lambda x: x if x.shape[0] != 3 else -x,  # here
        lambda x: -x if x.shape[0] <= x.shape[1] else x,  # here
    ],
    ids=["greater", "equal", "not equal", "two sizes"],
)
def test_a_branch_on_a_size_that_is_only_a_name(function):
    text = refused(TraceError, function, x="N M")
    assert "Instead: give that axis a number in the spec" in text


def test_a_branch_on_a_size_that_is_a_number_is_taken():
    d = derivo.derive(lambda x: x * 2 if x.shape[0] == 3 else x, x="3")
    assert d(x=np.ones(3)).sum() == 6


def test_a_size_that_is_surely_the_same_can_be_asserted():
    def f(x, w):
        assert x.shape[1] == w.shape[0]
        assert x.shape[0] + 1 != x.shape[0]
        return x @ w

    derivo.derive(f, x="N L", w="L M")


def test_a_generator_over_a_named_axis_is_no_array():
    def f(x):
        return np.stack(tuple(row for row in x))  # here

    assert "append it to a list" in refused(TraceError, f, x="N M")


@pytest.mark.parametrize(
    ("function", "instead"),
    [
        (lambda x: float(x[0]) * x, "keep it as an array"),  # here
        (lambda x: int(x[0]) * x, "keep it as an array"),  # here
        (lambda x: x[0].item() * x, "keep computing with the array itself"),  # here
        (lambda x: x.tolist(), "keep computing with the array itself"),  # here
        (lambda x: x * math.gamma(x[0]), "np.sqrt rather than math.sqrt"),  # here
    ],
    ids=["float", "int", "item", "tolist", "math"],
)
def test_a_value_taken_out_of_the_trace(function, instead):
    assert instead in refused(TraceError, function, x="N")


def test_random_numbers_of_a_traced_size():
    def f(x):
        return x * np.random.rand(*x.shape)  # here  # noqa: NPY002

    with pytest.raises(TraceError, match="make them an argument of the function"):
        derivo.derive(f, x="N")


def test_a_generator_of_random_numbers_does_not_crash():
    def f(x):
        return x * RNG.normal(size=x.shape)  # here

    assert "only a name" in refused(TraceError, f, x="N")
