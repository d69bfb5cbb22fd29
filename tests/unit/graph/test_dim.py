"""Dimensions follow the arithmetic of the integers that they stand for."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from derivo.errors import ShapeError
from derivo.graph.dim import (
    Size,
    divide,
    evaluate,
    format_shape,
    names,
    parse_shape,
    symbol,
)

N, M = symbol("N"), symbol("M")
SIZES = st.fixed_dictionaries({"N": st.integers(1, 50), "M": st.integers(1, 50)})


@st.composite
def formulas(draw, depth=3):
    """Draw a formula, as a dimension and as a function of the sizes."""
    if not depth or draw(st.booleans()):
        leaf = draw(st.sampled_from(["N", "M", 1, 2, 3, 5]))
        if isinstance(leaf, int):
            return leaf, lambda _sizes: leaf
        return symbol(leaf), lambda sizes: sizes[leaf]
    (a, f), (b, g) = draw(formulas(depth=depth - 1)), draw(formulas(depth=depth - 1))
    sign = draw(st.sampled_from(["+", "-", "*"]))
    if sign == "+":
        return a + b, lambda sizes: f(sizes) + g(sizes)
    if sign == "-":
        return a - b, lambda sizes: f(sizes) - g(sizes)
    return a * b, lambda sizes: f(sizes) * g(sizes)


@given(formulas(), SIZES)
def test_sums_and_products_evaluate_as_integers_do(formula, sizes):
    dim, value = formula
    assert evaluate(dim, sizes) == value(sizes)


@given(formulas(), formulas(), SIZES)
def test_floor_division_evaluates_as_that_of_integers(a, b, sizes):
    (num, f), (den, g) = a, b
    if den == 0 or g(sizes) == 0:
        return
    assert evaluate(divide(num, den), sizes) == f(sizes) // g(sizes)


@given(formulas(), SIZES)
def test_the_text_of_a_dimension_is_python_with_the_same_value(formula, sizes):
    dim, value = formula
    assert eval(str(dim), {}, dict(sizes)) == value(sizes)  # noqa: S307


@given(formulas(), st.integers(2, 5), SIZES)
def test_the_text_of_a_quotient_is_python_with_the_same_value(formula, den, sizes):
    dim, value = formula
    quotient = divide(dim, den) * 3 + 1
    assert eval(str(quotient), {}, dict(sizes)) == value(sizes) // den * 3 + 1  # noqa: S307


@given(formulas(), formulas())
def test_equal_dimensions_are_equal_polynomials(a, b):
    # Two polynomials of degree below 9 in two names are the same if they agree on a
    # grid of 9 x 9 points.
    points = [{"N": n, "M": m} for n in range(1, 10) for m in range(1, 10)]
    agree = all(a[1](p) == b[1](p) for p in points)
    assert (a[0] == b[0]) == agree


def test_a_division_that_comes_out_even_has_no_quotient():
    assert divide(6 * N * M, 2 * N) == 3 * M
    assert divide(N * M, N) == M
    assert divide(N + 1, 2) != Fraction(1, 2)
    assert isinstance(divide(N, 2), Size)


def test_names_appear_once_in_order():
    assert names(N * M + N - 1) == ("M", "N")
    assert names((N + 1) // M) == ("N", "M")
    assert names(7) == ()


def test_shapes_are_read_and_written():
    assert parse_shape("N 3") == (N, 3)
    assert parse_shape("") == ()
    assert parse_shape("N, M") == (N, M)
    assert format_shape((N, M)) == "(N, M)"
    assert format_shape((N,)) == "(N,)"
    assert format_shape(()) == "()"


@pytest.mark.parametrize("text", ["N-1", "2N", "N M?", "-1"])
def test_what_is_not_a_dimension_is_refused(text):
    with pytest.raises(ShapeError, match="write a name"):
        parse_shape(text)
