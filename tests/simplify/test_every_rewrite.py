"""Every rewriting for stability, at extremes, in both precisions.

It may not cost digits that the user's own spelling has, is finite where the function
is, and warns nowhere where the spelling does not.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest

import derivo

exp, log, log1p = mpmath.exp, mpmath.log, mpmath.log1p
tanh, cosh = mpmath.tanh, mpmath.cosh


def sigma(x: Any) -> Any:
    return 1 / (1 + exp(-x))


def log_sigma(x: Any) -> Any:
    return -log1p(exp(-x))


def tanh_by_names(x: Any) -> Any:
    a, b = np.exp(x), np.exp(-x)
    return (a - b) / (a + b)


def first_of_three(x: Any) -> Any:
    z = np.stack([x, -x])
    return (np.exp(z) / (1 + np.sum(np.exp(z), axis=0)))[0]


# What it is rewritten as: the function, and how users spell it.
REWRITTEN: dict[str, tuple[Callable[[Any], Any], list[Callable[[Any], Any]]]] = {
    "tanh": (tanh, [
        lambda x: (np.exp(x) - np.exp(-x)) / (np.exp(x) + np.exp(-x)),
        lambda x: (np.exp(2 * x) - 1) / (np.exp(2 * x) + 1),
        lambda x: (1 - np.exp(-2 * x)) / (1 + np.exp(-2 * x)),
        lambda x: np.sinh(x) / np.cosh(x),
        lambda x: 2 / (1 + np.exp(-2 * x)) - 1,
        lambda x: 1 - 2 / (np.exp(2 * x) + 1),
        tanh_by_names,
    ]),
    "squared tanh": (lambda x: tanh(x) ** 2, [
        lambda x: ((np.exp(x) - np.exp(-x)) / (np.exp(x) + np.exp(-x))) ** 2,
    ]),
    "cosh in a divisor": (lambda x: 1 / cosh(x), [
        lambda x: 1 / np.cosh(x), lambda x: np.cosh(x) ** -1.0,
    ]),
    "tanh over cosh": (lambda x: tanh(x) / cosh(x), [
        lambda x: np.tanh(x) / np.cosh(x),
    ]),
    "slope of tanh": (lambda x: 1 / cosh(x) ** 2, [
        lambda x: 1 / np.cosh(x) ** 2,
        lambda x: 4 / (np.exp(x) + np.exp(-x)) ** 2,
    ]),
    "log cosh": (lambda x: log(cosh(x)), [
        lambda x: np.log(np.cosh(x)),
        lambda x: np.log((np.exp(x) + np.exp(-x)) / 2),
        lambda x: np.log(np.exp(x) + np.exp(-x)) - np.log(2),
        lambda x: np.log(0.5 * np.exp(x) + 0.5 * np.exp(-x)),
    ]),
    "sigmoid": (sigma, [
        lambda x: 1 / (1 + np.exp(-x)),
        lambda x: np.exp(x) / (1 + np.exp(x)),
        lambda x: np.exp(x / 2) / (np.exp(x / 2) + np.exp(-x / 2)),
        lambda x: 1 - 1 / (1 + np.exp(x)),
    ]),
    "slope of sigmoid": (lambda x: sigma(x) * sigma(-x), [
        lambda x: np.exp(x) / (1 + np.exp(x)) ** 2,
        lambda x: np.exp(-x) / (1 + np.exp(-x)) ** 2,
    ]),
    "log sigmoid": (log_sigma, [
        lambda x: np.log(1 / (1 + np.exp(-x))),
        lambda x: np.log(np.exp(x) / (1 + np.exp(x))),
        lambda x: x - np.log(1 + np.exp(x)),
        lambda x: -np.log(1 + np.exp(-x)),
        lambda x: x / 2 - np.log(np.exp(x / 2) + np.exp(-x / 2)),
    ]),
    "log2, log10 of sigmoid": (lambda x: log_sigma(x) / log(2), [
        lambda x: np.log2(1 / (1 + np.exp(-x))),
        lambda x: np.log10(1 / (1 + np.exp(-x))) / np.log10(2),
    ]),
    "softplus": (lambda x: log1p(exp(x)), [
        lambda x: np.log(1 + np.exp(x)),
        lambda x: np.log1p(np.exp(x)),
        lambda x: np.logaddexp(0, x),
        lambda x: np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x))),
    ]),
    "softplus of two": (lambda x: log(exp(x) + exp(3 * x)), [
        lambda x: np.log(np.exp(x) + np.exp(3 * x)),
    ]),
    "softmax of x and 0": (lambda x: exp(x) / (1 + exp(x) + exp(-x)), [
        first_of_three,
    ]),
    "what is left for 0": (lambda x: 1 / (1 + exp(x) + exp(-x)), [
        lambda x: 1 / (1 + np.sum(np.exp(np.stack([x, -x])), axis=0)),
    ]),
    "log of 1 + sum": (lambda x: log(1 + exp(x) + exp(-x)), [
        lambda x: np.log(1 + np.sum(np.exp(np.stack([x, -x])), axis=0)),
    ]),
    "log of a mean": (lambda x: log((exp(x) + exp(2 * x)) / 2), [
        lambda x: np.log(np.mean(np.exp(np.stack([x, 2 * x])), axis=0)),
    ]),
    "celu": (lambda x: x if x > 0 else exp(x) - 1, [
        lambda x: np.maximum(x, 0) + np.minimum(0, np.exp(x) - 1),
        lambda x: np.where(x > 0, x, np.exp(x) - 1),
        lambda x: np.where(x <= 0, np.expm1(x), x),
    ]),
    "selu": (lambda x: 1.05 * (x if x > 0 else 1.67 * (exp(x) - 1)), [
        lambda x: 1.05 * (np.maximum(x, 0) + np.minimum(1.67 * (np.exp(x) - 1), 0)),
    ]),
}  # fmt: skip
HAVE_A_KINK_AT_0 = {"celu", "selu"}  # each of the two branches has 0 there
CASES = [
    pytest.param(exact, spelled, id=f"{name} {k}")
    for name, (exact, spellings) in REWRITTEN.items()
    for k, spelled in enumerate(spellings)
]
POINTS = {
    np.float32: [0, 1e-6, 1e-3, 0.3, 1, 5, 17, 43, 88, 89, 104, 1e3, 1e6],
    np.float64: [0, 1e-13, 1e-5, 0.3, 1, 20, 37, 354, 709, 711, 746, 1e4, 1e9],
}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("exact", "spelled"), CASES)
def test_no_digit_is_lost(exact: Any, spelled: Any, dtype: Any) -> None:
    has_kink = any(exact is REWRITTEN[name][0] for name in HAVE_A_KINK_AT_0)
    points = POINTS[dtype][1:] if has_kink else POINTS[dtype]
    x = np.array([s * p for p in points for s in (1, -1)], dtype)
    d = derivo.derive(spelled, x="N")
    with np.errstate(all="ignore"):
        around = [(x * (1 + k / 97)).astype(dtype) for k in range(4)]
        own = [spelled(a) for a in around]
        value, gradients = d.value_and_gradients(np.ones_like(x), x=x)
    assert value.dtype == gradients["x"].dtype == dtype
    eps, tiny = float(np.finfo(dtype).eps), float(np.finfo(dtype).tiny)
    with mpmath.workdps(60):
        for k, p in enumerate(x):
            at = mpmath.mpf(float(p))
            right, slope = exact(at), mpmath.diff(exact, at, h=mpmath.mpf(10) ** -25)
            # What the spelling loses hereabouts, for at one point it may be lucky.
            theirs = max(
                abs(o[k] - exact(mpmath.mpf(float(a[k])))) if np.isfinite(o[k]) else 0
                for a, o in zip(around, own, strict=True)
            )
            # A function cannot be known better than its argument is.
            least = eps * (4 * abs(right) + 4 * abs(at * slope)) + tiny
            error = abs(value[k] - right)
            assert error <= max(least, 2 * theirs), f"at {p}: {value[k]}, not {right}"
            wrong = abs(gradients["x"][k] - slope)
            assert wrong <= 64 * eps * (1 + abs(slope)), f"slope at {p}"


def warned(run: Callable[[], Any]) -> bool:
    with (
        warnings.catch_warnings(record=True) as seen,
        np.errstate(all="warn", under="ignore"),
    ):
        warnings.simplefilter("always")
        run()
    return bool(seen)


@pytest.mark.parametrize(("exact", "spelled"), CASES)
def test_the_bare_text_warns_nowhere_where_the_spelling_does_not(
    exact: Any, spelled: Any
) -> None:
    del exact
    d = derivo.derive(spelled, x="N")
    space: dict[str, Any] = {}
    exec(d.source, space)  # noqa: S102

    def bare(x: Any) -> None:
        _, saved = space[d.name](x)
        space[d.name + "_backward"](saved, np.ones_like(x))

    for p in POINTS[np.float32]:
        x = np.array([p, -p], np.float32)
        assert warned(lambda: spelled(x)) or not warned(lambda: bare(x)), p  # noqa: B023
