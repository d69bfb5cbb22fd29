"""How a NumPy spelling is tried: derived once, run in two sizes, compared twice."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

import derivo
from derivo import Spec
from derivo.graph.dim import evaluate
from derivo.graph.sizes import parse_shape

# Axes of size 1 are where broadcasting goes wrong unseen.
SIZES = ({"N": 3, "L": 4, "M": 5, "K": 2}, {"N": 1, "L": 3, "M": 2, "K": 1})
TOLERANCE = 1e-7


def positive(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    return rng.uniform(0.5, 2, shape)


def unit(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    return rng.uniform(0.1, 0.9, shape)


def places(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    return rng.integers(0, 3, shape)


def booleans(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    return rng.random(shape) < 0.5


def distinct(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    """Draw numbers 0.3 apart, and away from the kinks and steps in the table."""
    n = int(np.prod(shape, dtype=int))
    return (rng.permutation(n) - n // 2).reshape(shape) * 0.3 + 0.17


def regular(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    return rng.normal(size=shape) + 4 * np.eye(shape[-1])


@dataclass(frozen=True)
class Spelling:
    """A function in NumPy's words, its specs, and what its arguments look like."""

    function: Callable[..., Any]
    specs: Mapping[str, str]
    draws: Mapping[str, Callable[..., Any]] = field(default_factory=dict)

    def derive(self, **options: Any) -> derivo.Derivation:
        specs: dict[str, Any] = {}
        for name, shape in self.specs.items():
            kind = {places: "int", booleans: "bool"}.get(self.draws.get(name), "float")  # type: ignore[arg-type]
            specs[name] = Spec(parse_shape(shape), kind)
        return derivo.derive(self.function, **options, **specs)

    def arrays(self, sizes: Mapping[str, int], seed: int = 0) -> dict[str, Any]:
        rng = np.random.default_rng(seed)
        drawn = {}
        for name, text in self.specs.items():
            shape = tuple(evaluate(d, sizes) for d in parse_shape(text))
            draw = self.draws.get(name, lambda r, s: r.normal(size=s))
            drawn[name] = draw(rng, shape)
        return drawn


TABLE: dict[str, Spelling] = {}


def say(
    name: str, function: Any, draws: Mapping[str, Any] | None = None, **specs: str
) -> None:
    """Add a spelling to the table."""
    assert name not in TABLE
    TABLE[name] = Spelling(function, specs, draws or {})


def compare(spelling: Spelling, sizes: Mapping[str, int], **options: Any) -> None:
    """Compare the value with the function itself, gradients with its differences."""
    d = spelling.derive(**options)
    arrays = spelling.arrays(sizes)
    copies = {k: np.array(a) for k, a in arrays.items()}
    expected = np.asarray(spelling.function(**arrays))
    rng = np.random.default_rng(1)
    u = rng.normal(size=expected.shape)
    value, gradients = d.value_and_gradients(u, **arrays)
    np.testing.assert_allclose(expected, value, rtol=1e-12, atol=1e-12)
    assert set(gradients) == {k for k, a in arrays.items() if a.dtype.kind == "f"}
    for name, gradient in gradients.items():
        assert np.shape(gradient) == np.shape(arrays[name])
        v = rng.normal(size=np.shape(gradient))
        slope = difference(spelling.function, arrays, name, v, u)
        assert slope == pytest.approx(
            np.sum(v * gradient), rel=TOLERANCE, abs=TOLERANCE
        )
    for name, before in copies.items():
        np.testing.assert_array_equal(before, arrays[name])


def difference(
    function: Any, arrays: Mapping[str, Any], name: str, v: Any, u: Any
) -> float:
    """Give the derivative along `v` by central differences of fourth order."""

    def at(h: float) -> Any:
        return np.sum(u * function(**{**arrays, name: arrays[name] + h * v}))

    h = 1e-4
    return float((8 * (at(h) - at(-h)) - (at(2 * h) - at(-2 * h))) / (12 * h))


def stays_narrow(spelling: Spelling, **options: Any) -> None:
    """Run in float32: result and gradients must be float32."""
    d = spelling.derive(**options)
    arrays = {
        k: a.astype(np.float32) if a.dtype.kind == "f" else a
        for k, a in spelling.arrays(SIZES[0]).items()
    }
    value, gradients = d.value_and_gradients(**arrays)
    assert np.asarray(value).dtype == np.float32
    assert {np.asarray(g).dtype for g in gradients.values()} <= {np.dtype(np.float32)}
