"""The check where a mask keeps a function from where it is not defined."""

from typing import Any

import numpy as np
import pytest

import derivo
from tests.verify.test_check import rule_of


def divergence(p, q):
    return np.sum(np.where(p > 0, p * (np.log(p) - np.log(q)), 0))


def root(x):
    return np.sum(np.where(x > 0, np.sqrt(x), x))


def bounded(x):
    return np.sum(np.where(np.abs(x) < 1, np.arccos(x), x * x))


def shifted(x):
    return np.sum(np.where(x > -1, np.log1p(x), x))


def raised(x):
    return np.sum(np.where(x > 0, x**1.5, 0))


def picked(x):
    return np.sum(np.log(x[x > 0]))


def filled(x):
    y = np.zeros_like(x)
    m = x > 0
    y[m] = np.sqrt(x[m])
    return np.sum(y)


def rayleigh(r, s):
    return np.sum(np.where(r >= 0, np.log(r) - 2 * np.log(s) - r**2 / s**2, -np.inf))


MASKED = (divergence, root, bounded, shifted, raised, picked, filled, rayleigh)


def derived(function):
    arguments = function.__code__.co_varnames[: function.__code__.co_argcount]
    specs: dict[str, Any] = {a: "" if a == "s" else "N" for a in arguments}
    return derivo.derive(function, **specs)


@pytest.mark.parametrize("function", MASKED, ids=lambda f: f.__name__)
def test_no_rule_is_called_wrong_where_it_is_not_reached(function):
    for seed in (0, 3):
        report = derived(function).check(seed=seed)
        assert not [r for r in report.rows if r.verdict == "wrong"], str(report)


def test_a_wrong_rule_is_found_behind_a_mask():
    d = derived(divergence)
    with rule_of("log", lambda g, y, x: (g / x * 1.01,)):
        report = d.check()
    assert next(r.operation for r in report.rows if r.verdict == "wrong") == "log"


def saturated(x, w, u, w2, u2):
    h, k = np.zeros(u.shape[0]), np.zeros(u2.shape[0])
    for t in range(x.shape[0]):
        h = np.tanh(4 * (x[t] @ w + h @ u))
        k = np.tanh(4 * (h @ w2 + k @ u2))
    return np.sum(k**2)


def test_rounding_of_a_saturated_network_is_no_error():
    d = derivo.derive(saturated, x="T D", w="D H", u="H H", w2="H K", u2="K K")
    for seed in (0, 5):
        assert not [r for r in d.check(seed=seed).rows if r.verdict == "wrong"]


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_the_second_derivative_of_a_branch_that_is_not_taken_is_zero():
    x = np.array([1.0, -2.0, 4.0])
    got = derivo.hessian(root)(x)
    np.testing.assert_allclose(got, np.diag([-0.25, 0.0, -0.25 / 8]))


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_gradient_within_a_function_is_finite_behind_a_mask():
    def penalty(x):
        return np.sum(derivo.grad(root)(x) ** 2)

    x = np.array([1.0, -2.0, 4.0])
    np.testing.assert_allclose(derivo.derive(penalty, x="N")(x), 0.25 + 1 + 1 / 16)
