"""Sizes that are only names are computed with as the whole numbers they stand for."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import derivo
from derivo import Spec
from derivo.errors import ShapeError, TraceError


def output_of_a_convolution(x, w):
    pad, stride = 1, 2
    n = int((x.shape[0] + 2 * pad - w.shape[0]) / stride) + 1
    padded = np.pad(x, pad)
    out = np.zeros(n)
    for k in range(3):
        out = out + padded[k : k + stride * n : stride] * w[k]
    return out


def in_groups(x):
    n, c = x.shape
    g = x.reshape(n, 2, c // 2)
    g = (g - g.mean(axis=2, keepdims=True)) / np.sqrt(g.var(axis=2, keepdims=True) + 1)
    return g.reshape(n, c) * x


def rotated_halves(x):
    half = x.shape[1] // 2
    a, b = x[:, :half], x[:, half:]
    return np.concatenate([a * 2 - b, b * 3 + a], axis=1) * x


def flattened(x):
    return x.reshape(x.shape[0], np.prod(x.shape[1:])) ** 2


CASES: dict[str, tuple[Callable[..., Any], list[tuple[int, ...]]]] = {
    "int of a half": (lambda x: x[: int(x.shape[0] / 2)] ** 2, [(1,), (4,), (7,)]),
    "int of 0.5 times": (lambda x: x[: int(0.5 * len(x))] ** 2, [(1,), (4,), (7,)]),
    "int of a difference": (
        lambda x: x[int((len(x) - 1) / 3) :] ** 2, [(1,), (4,), (8,)]),
    "math.floor": (lambda x: x[math.floor(len(x) / 2) :] ** 2, [(1,), (4,), (7,)]),
    "math.ceil": (lambda x: x[: math.ceil(len(x) / 2)] ** 2, [(1,), (4,), (7,)]),
    "np.ceil": (lambda x: x[: int(np.ceil(len(x) / 3))] ** 2, [(1,), (4,), (9,)]),
    "np.floor": (lambda x: x[int(np.floor(len(x) / 3)) :] ** 2, [(1,), (4,), (9,)]),
    "int of a size": (lambda x: x**2 / int(x.shape[0]), [(1,), (4,)]),
    "float of a size": (lambda x: x**2 / float(len(x)), [(1,), (4,)]),
    "remainder": (lambda x: x**2 * (len(x) % 3), [(1,), (5,)]),
    "up to a multiple": (lambda x: x[: len(x) - len(x) % 2] ** 2, [(4,), (5,)]),
    "divmod": (lambda x: x**2 * divmod(len(x), 2)[0] + divmod(len(x), 2)[1],
               [(4,), (5,)]),
    "power": (lambda x: x**2 / len(x) ** 2, [(1,), (4,)]),
    "min": (lambda x: x[: min(x.shape[0], 3)] ** 2, [(1,), (3,), (5,)]),
    "max": (lambda x: x**2 / max(x.shape[0] - 1, 1), [(1,), (2,), (5,)]),
    "minus a size": (lambda x: x[-(len(x) // 2) :] ** 2, [(2,), (5,)]),
    "sum of the shape": (lambda x: x**2 * sum(x.shape), [(2, 3)]),
    "product of the shape": (flattened, [(2, 3, 4), (1, 1, 2)]),
    "np.sum of the shape": (lambda x: x**2 / np.sum(x.shape), [(2, 3)]),
    "as truth of a size": (lambda x: x**2 if x.size else x * 3, [(2,), (0,)]),
    "indices": (lambda x: x**2 * np.indices(x.shape)[1], [(2, 3)]),
    "math.prod": (lambda x: x.reshape(math.prod(x.shape)) ** 2, [(2, 3)]),
    "not empty": (lambda x: x**2 if x.shape[0] > 0 else x * 3, [(1,), (4,), (0,)]),
    "at least one": (lambda x: x**2 if not len(x) < 1 else x * 3, [(1,), (0,)]),
    "counted down": (lambda x: x**2 * np.arange(len(x), 0, -1), [(1,), (4,)]),
    "counted in twos": (lambda x: x[::2] ** 2 * np.arange(0, len(x), 2), [(1,), (5,)]),
    "triangle": (lambda x: x**2 * np.tri(len(x), x.shape[1], -1), [(3, 3), (2, 4)]),
    "triangle of a type": (lambda x: x**2 * np.tri(*x.shape, dtype=x.dtype), [(3, 3)]),
    "in groups": (in_groups, [(3, 4), (1, 2)]),
    "four at a time": (lambda x: x.reshape(-1, 4).sum(axis=1) ** 2, [(4,), (12,)]),
    "rotated halves": (rotated_halves, [(3, 4), (2, 2)]),
    "as truth": (lambda x: x**2 * (x > 0).astype(int).astype(bool), [(3,)]),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_sizes_are_computed_with(name: str) -> None:
    function, shapes = CASES[name]
    d = derivo.derive(function, x=" ".join("NMK"[: len(shapes[0])]))
    for shape in shapes:
        x = np.random.default_rng(0).normal(size=shape)
        compare(d, function, {"x": x})


def compare(d: Any, function: Callable[..., Any], arrays: dict[str, Any]) -> None:
    expected = np.asarray(function(**arrays))
    np.testing.assert_allclose(d(**arrays), expected, rtol=1e-12)
    u = np.random.default_rng(1).normal(size=expected.shape)
    for k, g in d.gradients(u, **arrays).items():
        v = np.random.default_rng(2).normal(size=np.shape(g))
        ends = [function(**{**arrays, k: arrays[k] + s * v}) for s in (1e-6, -1e-6)]
        slope = np.sum(u * (ends[0] - ends[1])) / 2e-6
        assert np.sum(g * v) == pytest.approx(slope, rel=1e-6, abs=1e-8)


def test_the_size_of_a_convolution():
    d = derivo.derive(output_of_a_convolution, x="H", w="3")
    for h in (1, 2, 6, 7):
        rng = np.random.default_rng(h)
        arrays = {"x": rng.normal(size=h), "w": rng.normal(size=3)}
        compare(d, output_of_a_convolution, arrays)


def guarded(y: Any, t: Any) -> Any:
    if t.size == y.size:
        t = t.argmax(axis=1)
    return -np.sum(np.log(y[np.arange(y.shape[0]), t]))


def test_a_guard_on_sizes_is_decided_and_tried():
    d = derivo.derive(guarded, y="N C", t=Spec("N", "int"))
    assert [str(r) for r in d.graph.requires] == ["N + 1 <= C*N"]
    y = np.random.default_rng(0).uniform(0.1, 1, (3, 4))
    t = np.array([0, 3, 1])
    np.testing.assert_allclose(d(y=y, t=t), guarded(y, t), rtol=1e-12)


@pytest.mark.parametrize(
    "function",
    [lambda x: x if len(x) > 3 else -x, lambda x: x if len(x) == 1 else -x],
    ids=["above", "equal"],
)
def test_a_branch_that_depends_on_a_size_is_refused(function):
    with pytest.raises(TraceError, match="a size that is only a name"):
        derivo.derive(function, x="N")


@pytest.mark.parametrize(
    "function",
    [
        lambda x: x[: int(len(x) * 0.7)],
        lambda x: x[: int(np.sqrt(len(x)))],
        lambda x: x[: round(len(x) / 2)],
    ],
    ids=["a fraction that is not exact", "a root", "round"],
)
def test_what_is_no_quotient_of_sizes_is_refused(function):
    with pytest.raises(TraceError, match=r"int|round"):
        derivo.derive(function, x="N")


def test_an_axis_that_does_not_divide_is_refused_at_the_call():
    d = derivo.derive(in_groups, x="N C")
    assert [str(t) for t in d.graph.ties] == ["C = 2*C_2"]
    with pytest.raises(ShapeError, match=r"axis 1 .* 2\*C_2, and has 5"):
        d(x=np.ones((2, 5)))


def test_pythons_words_are_its_own_again():
    def f(x: Any) -> Any:
        assert isinstance(3, int)
        assert isinstance(3.0, float)
        assert int == int("3").__class__
        assert {int: 1}[int] == 1
        assert np.zeros(2, int).dtype == np.arange(2).astype(int).dtype
        return x[: int(len(x) / 2)] * np.zeros(1, dtype=float)[0] + float("2")

    d = derivo.derive(f, x="N")
    np.testing.assert_array_equal(d(x=np.ones(5)), [2, 2])
    assert "int" not in f.__globals__
