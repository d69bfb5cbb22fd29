"""Shapes that do not fit, and operations without a rule."""

import numpy as np
import pytest

import derivo
from derivo.errors import NotSupportedError, ShapeError, TraceError
from derivo.ops.refused import instead_of
from tests.refused import refused


def test_matrices_that_do_not_fit():
    def f(x, w):
        hidden = x * 2
        return hidden @ w  # here

    text = refused(ShapeError, f, x="N L", w="M K")
    assert "(N, L) @ (M, K) do not fit together: L against M" in text
    assert "Instead: give `derive` shapes that fit" in text


def test_arrays_that_do_not_broadcast():
    def f(x, b):
        return np.tanh(x + b)  # here

    text = refused(ShapeError, f, x="N 3", b="4")
    assert "(N, 3) and (4,) do not fit together: 3 against 4" in text
    assert "a[:, None]" in text


def test_a_shape_error_in_a_helper_names_the_line_of_the_helper():
    def helper(u, v):
        return u + v  # here

    with pytest.raises(ShapeError) as caught:
        derivo.derive(lambda x, y: helper(x, y), x="N", y="M")
    number = helper.__code__.co_firstlineno + 1
    assert f"line {number}, in helper: return u + v" in str(caught.value)


def test_reshape_to_another_number_of_elements():
    def f(x):
        return x.reshape(4, 4)  # here

    assert "reshape (3, 5) to (4, 4)" in refused(ShapeError, f, x="3 5")


def test_an_axis_that_is_not_there():
    def f(x):
        return x.sum(axis=2)  # here

    assert "Axis 2 does not exist: the array has 2 axes" in refused(
        ShapeError, f, x="N M"
    )


def test_an_index_outside():
    def f(x):
        return x[5]  # here

    assert "Index 5 is outside an axis of size 3" in refused(ShapeError, f, x="3 5")


def test_too_many_indices():
    def f(x):
        return x[0, 0, 0]  # here

    assert "3 indices for an array with 2 axes" in refused(ShapeError, f, x="3 5")


def test_concatenating_what_does_not_fit():
    def f(x, y):
        return np.concatenate([x, y], axis=0)  # here

    text = refused(ShapeError, f, x="N 3", y="N 4")
    assert "(N, 3)" in text
    assert "(N, 4)" in text


def test_einsum_with_two_sizes_for_one_letter():
    def f(x, y):
        return np.einsum("ij,jk", x, y)  # here

    assert "'j' has the size M and the size K" in refused(
        ShapeError, f, x="N M", y="K L"
    )


def test_rows_of_different_length():
    def f(x):
        return [[1.0, 2.0], [3.0]] * x  # here

    assert "same length" in refused(ShapeError, f, x="2 2")


@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("np.unique", lambda x: np.unique(x)),  # here
        ("np.histogram", lambda x: np.histogram(x)),  # here
        ("np.spacing", lambda x: np.spacing(x)),  # here
        (".strides", lambda x: x.strides),  # here
        ("np.frexp", lambda x: np.frexp(x)[0]),  # here
        ("np.left_shift", lambda x: x << 2),  # here
        (".astype(int64)", lambda x: x.astype(np.int64)),  # here
    ],
)
def test_an_operation_without_a_rule(name, function):
    text = refused(NotSupportedError, function, x="N")
    assert f"`{name}` has no rule in derivo yet" in text
    usual = "spell it with operations of the list in docs/operations.md"
    assert f"Instead: {instead_of(name) or usual}" in text


def test_a_sum_that_would_cut_off_fractions():
    def f(x):
        return np.sum(x, dtype=int)  # here

    assert "cut off the fraction" in refused(NotSupportedError, f, x="N")


def test_an_index_of_booleans():
    def f(x):
        return np.cumsum(x[x > 0])  # here

    text = refused(NotSupportedError, f, x="N")
    assert "as many elements as the mask holds" in text
    assert "np.where(mask, x, something)" in text


def test_a_mask_that_leaves_elements_unset():
    def f(x):
        return np.exp(x, where=x > 0)  # here

    text = refused(TraceError, f, x="N")
    assert "leaves elements that nothing sets" in text
    assert "np.where(mask, np.exp(...), 0)" in text
