"""Operations of the user's own, and what is constant for the backward pass."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import derivo
from derivo.errors import DerivoError, UsageError


def slope_of_root(d_y, a):
    return d_y / (2 * np.sqrt(a))


@derivo.rule(backward=slope_of_root)
def heron(a):
    x = a.copy()
    for _ in range(60):  # what a trace cannot follow
        x = (x + a / x) / 2
    return x


A = np.array([4.0, 9.0, 0.25])


def test_the_rule_is_used_and_differentiated_again() -> None:
    d = derivo.derive(lambda a: np.sum(heron(a) ** 3), a="N")
    np.testing.assert_allclose(d.gradients(a=A)["a"], 1.5 * np.sqrt(A))
    assert "# what a trace cannot follow" in d.source
    assert "derivo" not in d.source
    assert d.check().ok
    second = derivo.grad(derivo.grad(heron))
    assert second(4.0) == pytest.approx(-1 / 32)
    np.testing.assert_allclose(heron(A), np.sqrt(A))  # on plain arrays: itself


def test_float32_stays_float32() -> None:
    d = derivo.derive(lambda a: heron(a), a="N")
    value, gradients = d.value_and_gradients(a=A.astype(np.float32))
    assert value.dtype == gradients["a"].dtype == np.float32


def test_several_arguments_and_sizes_by_name() -> None:
    def pairwise(x, y):
        out = np.empty((x.shape[0], y.shape[0]))
        for i in range(x.shape[0]):
            out[i] = x[i] * y
        return out

    own = derivo.rule(
        pairwise,
        backward=lambda d, x, y: (np.sum(d * y, axis=1), x @ d),
    )
    d = derivo.derive(lambda x, y: np.sum(own(x, y) ** 2), x="N", y="M")
    x, y = A, A[:2]
    g = d.gradients(x=x, y=y)
    np.testing.assert_allclose(g["x"], 2 * x * np.sum(y**2))
    np.testing.assert_allclose(g["y"], 2 * y * np.sum(x**2))


def test_a_wrong_backward_pass_is_found() -> None:
    def cube(a, b):
        return a**3 * b

    wrong = derivo.rule(cube, backward=lambda d, a, b: (3 * a * b * d, d * a**3))
    with pytest.raises(UsageError, match="given for cube is wrong for 'a'"):
        derivo.derive(lambda a, b: wrong(a, b), a="N", b="N")

    def second_power(a):
        return a**2

    few = derivo.rule(second_power, backward=lambda d, a: (2 * d * a, d))
    with pytest.raises(DerivoError, match="gives 2 gradients for 1 arguments"):
        derivo.derive(lambda a: few(a), a="N")


FACTOR = 3.0


def test_a_function_that_does_not_stand_alone_is_refused() -> None:
    def scaled(a):
        return FACTOR * a

    with pytest.raises(UsageError, match="scaled uses FACTOR from outside"):
        derivo.rule(scaled, backward=lambda d, a: 3 * d)
    with pytest.raises(UsageError, match="written with `def`"):
        derivo.rule(lambda a: a, backward=lambda d, a: d)


def test_stop_gradient() -> None:
    d = derivo.derive(lambda x: np.sum(x * derivo.stop_gradient(np.sin(x))), x="N")
    np.testing.assert_allclose(d.gradients(x=A)["x"], np.sin(A))
    assert d(x=A) == pytest.approx(np.sum(A * np.sin(A)))
    np.testing.assert_array_equal(derivo.stop_gradient(A), A)
    # Straight through a step: the value of one, the slope of another.
    through: Any = lambda x: x + derivo.stop_gradient(np.round(x) - x)
    np.testing.assert_array_equal(derivo.jacobian(through)(A), np.eye(3))
