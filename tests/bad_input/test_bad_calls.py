"""Malformed calls of every kind give an error of derivo's own, none from within."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest

import derivo
from derivo.errors import DerivoError

X, W = np.ones((2, 3)), np.ones((3, 4))


def product(x, w):
    return x @ w


def squares(x):
    return np.sum(x * x)


def endless(x):
    return endless(x)


class Slots:
    __slots__ = ("value",)

    value: Any


KEPT = Slots()


def keeps(x):
    KEPT.value = x * 2
    return x


def reads_what_was_kept(x):
    derivo.derive(keeps, x="N")
    return x + KEPT.value


SPECS = [
    "N,,M", "(N, L)", "2N L", "-1 L", "3.5 L", "if for", "__class__ L", None,
    [[1], [1, 2]], "N" * 3 + " ?",
]  # fmt: skip
ASSUMED = [3, [3], None, "what", "t sums to", [None]]
FUNCTIONS: dict[str, Any] = {
    "text": "x * 2", "none": None, "number": 3, "array": X, "endless": endless,
    "exit": lambda x: sys.exit(3), "round": round, "int": int, "float": float,
    "rounded": lambda x: round(x),
    "no such attribute": lambda x: x.foo, "branch": lambda x: x or -x,
    "nothing": lambda x: None, "words": lambda x: "a", "set": lambda x: {x},
    "nothing at all": lambda x: (), "another trace": reads_what_was_kept,
}  # fmt: skip
VALUES: dict[str, Any] = {
    "rank": np.ones(3), "text": "a", "none": None, "set": {1},
    "generator": (i for i in range(3)), "ragged": [[1], [1, 2]],
    "objects": np.array([[object()]]), "complex": X * 1j,
    "structured": np.zeros((2, 3), dtype=[("a", float)]),
    "dates": np.zeros((2, 3), "datetime64[s]"), "bytes": b"abc",
    "masked": np.ma.masked_array(X, X > 2), "dict": {"a": 1},
}  # fmt: skip
UPSTREAM = ["a", X, {"a": 1}, [1, 2], 3, np.ones((2, 4)) * 1j, [[1], [1, 2]], {1}]
CHECKS: list[dict[str, Any]] = [
    {"seed": "a"}, {"seed": -1}, {"trials": 0}, {"trials": "x"}, {"sizes": {"N": 0}},
    {"sizes": {"Q": 3}}, {"sizes": {"N": "a"}}, {"sizes": 3}, {"order": "x"},
    {"arrays": {"x": X}}, {"arrays": 3}, {"arrays": {"x": "a", "w": W}},
]  # fmt: skip
EXPLAINED: list[dict[str, Any]] = [
    {"level": "foo"}, {"level": 3}, {"level": None}, {"language": "de"}, {"x": X},
    {"x": X, "w": W, "upstream": "a"}, {"x": "a", "w": W}, {"foo": 1},
]  # fmt: skip
BACKWARD: dict[str, Any] = {
    "none": None, "text": "a", "number": 3, "no arguments": lambda: 1,
    "too many": lambda a, b, c, d: 1, "returns nothing": lambda d_y, x, w: None,
    "a key": lambda d_y, x, w: {"q": x}, "a built-in": len,
}  # fmt: skip


def _number(value):
    return str(value).replace("\n", "")


@pytest.fixture(scope="module")
def derived():
    return derivo.derive(product, x="N L", w="L M")


@pytest.mark.parametrize("spec", SPECS, ids=_number)
def test_specs(spec):
    with pytest.raises(DerivoError, match="x"):
        derivo.derive(squares, x=spec)


@pytest.mark.parametrize("assume", ASSUMED, ids=_number)
def test_facts(assume):
    with pytest.raises(DerivoError, match="assume"):
        derivo.derive(squares, x="N", assume=assume)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_what_is_derived(name):
    with pytest.raises(DerivoError):
        derivo.derive(FUNCTIONS[name], x="N")


@pytest.mark.parametrize("name", VALUES)
def test_values(derived, name):
    with pytest.raises(DerivoError, match="x"):
        derived.gradients(x=VALUES[name], w=W)


@pytest.mark.parametrize("upstream", UPSTREAM, ids=_number)
def test_upstream(derived, upstream):
    with pytest.raises(DerivoError, match="upstream"):
        derived.gradients(upstream, x=X, w=W)


@pytest.mark.parametrize("options", CHECKS, ids=_number)
def test_checks(derived, options):
    with pytest.raises(DerivoError):
        derived.check(**options)


@pytest.mark.parametrize("options", EXPLAINED, ids=_number)
def test_explanations(derived, options):
    with pytest.raises(DerivoError):
        str(derived.explain(**options))


@pytest.mark.parametrize("name", BACKWARD)
def test_hand_written_backward_passes(name):
    with pytest.raises(DerivoError):
        derivo.check_backward(product, BACKWARD[name], x="N L", w="L M")


def test_code_that_fails_is_what_the_report_is_about():
    for backward in (lambda d_y, x, w: 1 / 0, lambda d_y, x, w: sys.exit(2)):
        report = derivo.check_backward(product, backward, x="N L", w="L M")
        assert not report.ok
        assert report.failures[0].cause.startswith("the code ")
