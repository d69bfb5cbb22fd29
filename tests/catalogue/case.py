"""A forward pass with the shapes and the random input that it is tried on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from derivo import Spec

# All different, so that a transposed array cannot pass for the right one.
SIZES = {
    "N": 5, "L": 3, "M": 4, "C": 6, "T": 7, "S": 8, "D": 2, "H": 3, "V": 9, "K": 4,
}  # fmt: skip


@dataclass(frozen=True)
class Case:
    """One forward pass.

    Attributes
    ----------
    specs
        What `derive` is given.
    draws
        ``draw(rng, shape)`` for arguments that are not standard normal.
    is_analytic
        The function takes complex input, so that complex step gives derivatives exact
        to rounding; central differences serve the others.
    """

    function: Callable[..., Any]
    specs: Mapping[str, Any]
    draws: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    is_analytic: bool = True

    @property
    def name(self) -> str:
        return self.function.__name__

    def plain(self, **arrays: Any) -> Any:
        """Call the function on copies: it may write into what it is given."""
        return self.function(**{k: np.array(v) for k, v in arrays.items()})

    def arrays(self, seed: int = 0) -> dict[str, Any]:
        """Draw the arguments, in float64."""
        rng = np.random.default_rng(seed)
        return {name: self._draw(name, rng) for name in self.specs}

    def _draw(self, name: str, rng: np.random.Generator) -> Any:
        spec = self.specs[name]
        shape = Spec(spec).shape if isinstance(spec, str) else spec.shape
        concrete = tuple(d if isinstance(d, int) else SIZES[str(d)] for d in shape)
        draw = self.draws.get(name, normal)
        return draw(rng, concrete)


CASES: dict[str, Case] = {}
# Those with a loop over an axis that is only a name: they are told in another way.
LOOPS: dict[str, Case] = {}


def case(
    *, draws: Mapping[str, Any] | None = None, analytic: bool = True, **specs: Any
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Put a function into the catalogue."""
    return lambda function: _added(function, CASES, specs, draws, analytic)


def loop_case(
    *, draws: Mapping[str, Any] | None = None, **specs: Any
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Put a function with a loop over a named axis into the catalogue.

    Its buffers hold no complex numbers.
    """
    return lambda function: _added(function, LOOPS, specs, draws, False)


def _added(
    function: Callable[..., Any], where: dict[str, Case], specs: Mapping[str, Any],
    draws: Mapping[str, Any] | None, analytic: bool,
) -> Callable[..., Any]:  # fmt: skip
    assert function.__name__ not in CASES | LOOPS
    where[function.__name__] = Case(function, specs, draws or {}, analytic)
    return function


def normal(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    return rng.normal(size=shape)


def positive(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    return rng.uniform(0.5, 2.0, shape)


def one_hot(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    rows, classes = shape
    return np.eye(classes)[rng.integers(0, classes, rows)]


def zero_or_one(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    return rng.integers(0, 2, shape).astype(np.float64)


def minus_or_plus_one(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    return 2.0 * rng.integers(0, 2, shape) - 1.0


def counts(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    return rng.poisson(2.0, shape).astype(np.float64)


def below(limit: int) -> Callable[..., Any]:
    """Draw integers from 0 up to `limit`, which is not reached."""

    def draw(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
        return rng.integers(0, limit, shape)

    return draw
