"""Numerical derivatives against known ones."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

from derivo.verify.differences import CENTRAL, COMPLEX, Numeric, compare, derivative

FUNCTIONS = [
    (np.exp, mpmath.exp), (np.tanh, mpmath.tanh), (np.arctan, mpmath.atan),
    (lambda x: 1 / (1 + x * x), lambda x: 1 / (1 + x * x)),
    (lambda x: x**3 * np.sin(x), lambda x: x**3 * mpmath.sin(x)),
]  # fmt: skip


@pytest.mark.parametrize(("function", "exact"), FUNCTIONS, ids=range(len(FUNCTIONS)))
@pytest.mark.parametrize(("analytic", "tolerance"), [(True, 2e-15), (False, 1e-10)])
def test_derivatives_agree_with_mpmath(function, exact, analytic, tolerance):
    x = np.array([-1.3, 0.2, 0.9])
    found = derivative(function, x, np.ones(3), analytic=analytic)
    expected = [float(mpmath.diff(exact, mpmath.mpf(float(v)))) for v in x]
    np.testing.assert_allclose(found.value, expected, rtol=tolerance, atol=tolerance)
    assert found.method == (COMPLEX if analytic else CENTRAL)


def test_central_differences_know_when_they_are_not_precise():
    smooth = derivative(np.sin, np.ones(()), np.ones(()), analytic=False)
    rough = derivative(
        lambda x: np.sin(3000 * x), np.ones(()), np.ones(()), analytic=False
    )
    assert smooth.uncertainty < 1e-10
    assert rough.uncertainty > 1


def test_the_worst_element_is_named():
    numeric = Numeric(np.array([[1.0, 2.0], [3.0, 4.0]]), np.zeros((2, 2)), COMPLEX)
    result = compare(np.array([[1.0, 2.0], [3.5, 4.001]]), numeric)
    assert result.element == (1, 0)
    assert (result.got, result.expected) == (3.5, 3.0)
    assert result.error == pytest.approx(0.5 / 4.001)
    assert result.verdict == "wrong"


def test_an_error_within_the_doubt_is_not_called_wrong():
    values, doubt = np.array([1.0]), np.array([1e-3])
    assert (
        compare(np.array([1.001]), Numeric(values, doubt, CENTRAL)).verdict == "unsure"
    )
    assert compare(np.array([1.1]), Numeric(values, doubt, CENTRAL)).verdict == "wrong"
    assert compare(np.array([1.0]), Numeric(values, doubt, CENTRAL)).verdict == "right"


def test_nan_is_wrong():
    numeric = Numeric(np.array([1.0]), np.zeros(1), COMPLEX)
    assert compare(np.array([np.nan]), numeric).verdict == "wrong"
