"""Dimensions follow the arithmetic of the integers that they stand for."""

import operator
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from derivo.errors import ShapeError
from derivo.graph.dim import (
    Size,
    divide,
    evaluate,
    excess,
    format_shape,
    is_at_least,
    larger,
    names,
    smaller,
    substituted,
    symbol,
)
from derivo.graph.sizes import fit, origins, parse_shape

N, M = symbol("N"), symbol("M")
WORDS: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "+": (operator.add, operator.add), "-": (operator.sub, operator.sub),
    "*": (operator.mul, operator.mul), "min": (smaller, min), "max": (larger, max),
}  # fmt: skip
SIZES = st.fixed_dictionaries({"N": st.integers(1, 50), "M": st.integers(1, 50)})


@st.composite
def formulas(draw, depth=3, words=tuple(WORDS)):
    """Draw a formula, as a dimension and as a function of the sizes."""
    if not depth or draw(st.booleans()):
        leaf = draw(st.sampled_from(["N", "M", 1, 2, 3, 5]))
        if isinstance(leaf, int):
            return leaf, lambda _sizes: leaf
        return symbol(leaf), lambda sizes: sizes[leaf]
    (a, f), (b, g) = (draw(formulas(depth - 1, words)) for _ in range(2))
    sign = draw(st.sampled_from(words))
    of_dims, of_numbers = WORDS[sign]
    return of_dims(a, b), lambda sizes: of_numbers(f(sizes), g(sizes))


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
    quotient = value(sizes) // den
    for n in (3, -1, -2):
        text = str(divide(dim, den) * n + 1)
        assert eval(text, {}, dict(sizes)) == quotient * n + 1  # noqa: S307
    assert eval(str(divide(dim, den) * -1), {}, dict(sizes)) == -quotient  # noqa: S307


@given(formulas(words="+-*"), formulas(words="+-*"))
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
    assert divide((N - 1) * (M + 2) * N, (N - 1) * N) == M + 2
    assert divide(N * N - 1, N + 1) == N - 1
    assert divide(N * M, 4 * N) == divide(M, 4)
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


@pytest.mark.parametrize("text", ["2N", "N M?", "-1", "D + E", "N**2", "N//0"])
def test_what_is_not_a_dimension_is_refused(text):
    with pytest.raises(ShapeError, match="write a name"):
        parse_shape(text)


def test_a_division_in_a_shape_is_refused_with_what_to_write():
    with pytest.raises(ShapeError, match="write H//2"):
        parse_shape("N H/2")


@given(formulas(), SIZES)
def test_what_a_size_is_at_least_it_is_at_least(formula, sizes):
    dim, value = formula
    for bound in (-3, 0, 1, 4):
        if is_at_least(dim, bound):
            assert value(sizes) >= bound
    assert evaluate(excess(dim), sizes) == max(value(sizes), 0)
    if is_at_least(divide(dim, 3), 1):
        assert value(sizes) // 3 >= 1


@given(formulas(), formulas(), SIZES)
def test_other_sizes_stand_in_the_place_of_names(a, b, sizes):
    (dim, value), (other, size) = a, b
    if size(sizes) < 1:
        return
    expected = value({**sizes, "N": size(sizes)})
    assert evaluate(substituted(dim, {"N": other}), sizes) == expected


def test_the_smaller_and_the_larger_size_have_one_form():
    assert smaller(N, 10) == smaller(10, N)
    assert larger(N, M) == larger(M, N)
    assert smaller(N, 10) + excess(N - 10) == N
    assert excess(2 * N - 4) == 2 * excess(N - 2)
    assert excess(N - 1) == N - 1
    assert smaller(N, 0) == 0
    assert str(smaller(N, 10)) == "min(N, 10)"
    assert str(excess(N - M + 1)) == "max(N + 1 - M, 0)"
    assert str(2 * excess(N - 2)) == "2*max(N - 2, 0)"


FITTING: Mapping[str, tuple[Any, Any, Any]] = {
    "4*H": ({"w": "4*H"}, {"w": (12,)}, {"H": 3}),
    "D+E": ({"w": "D+E H", "x": "N D"}, {"w": (5, 2), "x": (7, 3)},
            {"D": 3, "E": 2, "H": 2, "N": 7}),
    "H//2": ({"a": "H//2", "b": "H"}, {"a": (2,), "b": (5,)}, {"H": 5}),
    "2*H+1": ({"a": "2*H+1"}, {"a": (7,)}, {"H": 3}),
    "N-2": ({"a": "N-2"}, {"a": (7,)}, {"N": 9}),
}  # fmt: skip


@pytest.mark.parametrize("case", FITTING)
def test_named_sizes_are_solved_from_the_shapes(case):
    specs, actual, sizes = FITTING[case]
    shapes = {k: parse_shape(s) for k, s in specs.items()}
    assert fit(shapes, actual) == (sizes, None)
    assert origins(d for s in shapes.values() for d in s).keys() == sizes.keys()


def test_what_does_not_fit_is_named():
    shape = {"w": parse_shape("4*H"), "b": parse_shape("N N")}
    assert fit(shape, {"w": (13,), "b": (2, 2)})[1] == ("w", 0)
    assert fit(shape, {"w": (12,), "b": (2, 3)})[1] == ("b", 1)
    assert fit(shape, {"w": (12,), "b": (2,)})[1] == ("b", None)


def test_a_size_that_nothing_tells_has_no_origin():
    assert not origins(parse_shape("D+E"))
    assert not origins(parse_shape("H//2"))
    assert not origins(parse_shape("H*H"))
