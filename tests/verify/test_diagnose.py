"""The likely cause is said in words."""

from __future__ import annotations

import numpy as np
import pytest

from derivo.verify.diagnose import diagnose, simple_number

A = np.random.default_rng(0).normal(size=(3, 4))
S = np.random.default_rng(1).normal(size=(3, 3))
WIDE = np.broadcast_to(A.sum(axis=1, keepdims=True), A.shape)


@pytest.mark.parametrize(
    ("got", "expected", "cause"),
    [
        (-A, A, "the sign is wrong"),
        (2 * A, A, "2 times too large"),
        (A / 3, A, "1/3 times too large"),
        (S.T, S, "a transpose is missing"),
        (A.T, A, "a transpose is missing: (4, 3) for (3, 4)"),
        (A, A[0], "a sum is missing: (3, 4) for (4,)"),
        (A, WIDE, "a sum along axis 1 is missing"),
        (A, WIDE / 4, "a mean along axis 1 is missing"),
        (0 * A, A, "no gradient arrives"),
        (A, 0 * A, "there should be no gradient here"),
        (A * (A > 0), A * (A[::-1] > 0), "the mask is wrong"),
        (A * (1 + 1e-5 * A), A, "precision"),
        (A * np.inf, A, "infinite or not a number"),
        (A + A**2, A, "the rule is wrong"),
    ],
)
def test_causes(got, expected, cause):
    with np.errstate(invalid="ignore"):
        assert cause in diagnose(got, expected)


def test_an_adjoint_of_another_operand_is_recognised():
    assert "adjoint of w: operands are swapped" in diagnose(S, S.T @ S, {"w": S})


@pytest.mark.parametrize(
    ("value", "text"),
    [(2.0, "2"), (-0.5, "-1/2"), (1 / 12, "1/12"), (np.pi, "3.14159")],
)
def test_numbers_are_written_as_small_fractions(value, text):
    assert simple_number(value) == text
