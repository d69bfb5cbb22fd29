"""Long chains are derived: the gradients are right, and the text grows by the block.

Nothing is timed. What would make deriving slow or the text long, products that are
multiplied out along the chain, would show in the number of lines or operations.
"""

from __future__ import annotations

import ast
from functools import cache
from typing import Any

import numpy as np
import pytest

import derivo

STEP = 1e-30  # of the complex step: exact to the last digit, as nothing is subtracted
N, M = 5, 4


def residual(blocks: int) -> Any:
    def f(a, w, b):
        for _ in list(range(blocks)):  # written out
            a = a + np.tanh(a * w + b)
        return a

    return f


def newton(blocks: int) -> Any:
    def f(a, x):
        for _ in list(range(blocks)):  # written out
            a = 0.5 * (a + x / a)
        return a

    return f


def pre_norm(blocks: int, *, gain: bool = False) -> Any:
    def f(x, w, v, g):
        for _ in list(range(blocks)):  # written out
            c = x - np.mean(x, axis=1, keepdims=True)
            s = np.mean(c * c, axis=1, keepdims=True)
            h = c / np.sqrt(s + 1e-5)
            x = x + np.tanh((h * g if gain else h) @ w) @ v
        return x + g

    return f


def with_gain(blocks: int) -> Any:
    return pre_norm(blocks, gain=True)


def some(*shape: int) -> Any:
    return np.random.default_rng(sum(shape)).normal(size=shape)


SHAPES = {"x": "N M", "w": "M K", "v": "K M", "g": "M"}
ARRAYS = {
    "x": some(N, M), "w": 0.3 * some(M, 3), "v": 0.3 * some(3, M), "g": 1 + some(M),
}  # fmt: skip
CHAINS: dict[str, tuple[Any, int, dict[str, str], dict[str, Any]]] = {
    "residual": (
        residual, 40, {"a": "N", "w": "N", "b": "N"},
        {"a": some(N), "w": 0.1 * some(N), "b": 0.1 * some(N) + 0.05},
    ),
    "newton": (
        newton, 40, {"a": "N", "x": "N"},
        {"a": 1 + some(N) ** 2, "x": 2 + some(N) ** 2},
    ),
    "pre_norm": (pre_norm, 24, SHAPES, ARRAYS),
    "with_gain": (with_gain, 4, SHAPES, ARRAYS),
}  # fmt: skip
EVERY = pytest.mark.parametrize("name", CHAINS)


@cache
def derived(name: str, blocks: int, inline: str = "") -> derivo.Derivation:
    make, _, shapes, _ = CHAINS[name]
    return derivo.derive(make(blocks), shapes=shapes, inline=inline or ())


@EVERY
@pytest.mark.parametrize("inline", ["", "*"])
@pytest.mark.parametrize("seed", range(3))
def test_gradients_are_those_of_a_complex_step(
    name: str, seed: int, inline: str
) -> None:
    make, blocks, _, arrays = CHAINS[name]
    rng = np.random.default_rng(seed)
    along = {k: rng.normal(size=v.shape) for k, v in arrays.items()}
    f = make(blocks)
    upstream = rng.normal(size=f(**arrays).shape)
    found = derived(name, blocks, inline).gradients(upstream, **arrays)
    for k in arrays:
        moved = f(**{**arrays, k: arrays[k] + 1j * STEP * along[k]})
        expected = np.sum(upstream * moved.imag) / STEP
        scale = np.sum(np.abs(upstream * moved.imag)) / STEP + 1e-300
        assert abs(np.sum(found[k] * along[k]) - expected) <= 1e-11 * scale


def test_the_steps_of_newton_end_in_the_square_root() -> None:
    # By hand: the result is sqrt(x), whatever a it began with.
    arrays = CHAINS["newton"][3]
    d = derived("newton", 40)
    found = d.gradients(np.ones(N), **arrays)
    np.testing.assert_allclose(d(**arrays), np.sqrt(arrays["x"]), rtol=1e-14)
    np.testing.assert_allclose(found["x"], 0.5 / np.sqrt(arrays["x"]), rtol=1e-12)
    np.testing.assert_allclose(found["a"], 0.0, atol=1e-12)


def statements(source: str) -> int:
    """Count statements: how many lines one takes depends on how long names are."""
    return sum(isinstance(node, ast.stmt) for node in ast.walk(ast.parse(source)))


def operations(source: str) -> int:
    """Count operators and calls."""
    counted = (ast.BinOp, ast.UnaryOp, ast.Call, ast.Compare)
    return sum(isinstance(node, counted) for node in ast.walk(ast.parse(source)))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "sizes"),
    [("residual", (10, 20, 40)), ("newton", (10, 20, 40)), ("pre_norm", (6, 12, 24))],
)
@pytest.mark.parametrize("count", [statements, operations])
def test_the_text_grows_by_the_same_for_every_block(
    name: str, sizes: tuple[int, int, int], count: Any
) -> None:
    short, middle, long = sizes
    at = {k: count(derived(name, k, "*").source) for k in sizes}
    first = (at[middle] - at[short]) / (middle - short)
    second = (at[long] - at[middle]) / (long - middle)
    assert first > 1
    # The first and the last blocks may be shorter, so the two agree to a few percent.
    assert abs(second - first) < 0.05 * first, at
