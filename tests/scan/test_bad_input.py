"""Wrong loops: one clear error, with the user's line."""

from __future__ import annotations

import numpy as np
import pytest

import derivo
from derivo.errors import ShapeError, TraceError, UsageError


def refused(function, kind, *words, **specs):
    with pytest.raises(kind) as caught:
        derivo.derive(function, **specs)
    text = str(caught.value)
    for word in (*words, "test_bad_input.py"):
        assert word in text, text


def test_a_carry_that_changes_its_shape():
    def f(x):
        def step(s, x_t):
            return s + x_t, s  # the first s is a number

        return derivo.scan(step, 0.0, x)[1]

    refused(f, ShapeError, "()", "(N,)", "return s + x_t", "np.zeros", x="T N")


def test_a_carry_of_another_structure():
    def f(x):
        return derivo.scan(lambda s, x_t: ((s, x_t), s), 0.0, x)[1]

    refused(f, TraceError, "a tuple of 2", "an array", "the same tuple", x="T")


def test_a_step_that_gives_no_pair():
    def f(x):
        return derivo.scan(lambda s, x_t: s + x_t, 0.0, x)[1]

    refused(f, TraceError, "return carry, output", x="T")


def test_arrays_of_different_lengths():
    def f(x, y):
        return derivo.scan(lambda s, p: (s + p[0] * p[1], None), 0.0, (x, y))[0]

    refused(f, ShapeError, "S and T", x="T", y="S")


def test_a_length_that_does_not_fit():
    def f(x):
        return derivo.scan(lambda s, v: (s + v, None), 0.0, x, length=3)[0]

    refused(f, ShapeError, "3 and T", x="T")


def test_neither_arrays_nor_a_length():
    def f(x):
        return derivo.scan(lambda s, _: (s * x, None), x)[0]

    refused(f, UsageError, "length=", x="N")


def test_a_number_instead_of_an_array():
    def f(x):
        return derivo.scan(lambda s, v: (s + v, None), 0.0, x)[0]

    refused(f, ShapeError, "a number has none", x="")


def test_shapes_that_do_not_fit_inside_a_step():
    def f(x, w):
        return derivo.scan(lambda h, v: (np.tanh(v @ w + h), h), np.zeros(3), x)[1]

    refused(f, ShapeError, "(N,) @ (M, 3)", x="T N", w="M 3")


def test_an_if_inside_a_step():
    def f(x):
        def step(s, x_t):
            return (s + x_t if x_t > 0 else s), s

        return derivo.scan(step, 0.0, x)[1]

    refused(f, TraceError, "np.where", x="T")
