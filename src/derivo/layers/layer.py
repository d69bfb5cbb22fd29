"""What a network asks of a layer: plain functions, and shapes of parameters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np


@dataclass(frozen=True)
class Parameter:
    """An array that is trained.

    Attributes
    ----------
    name
        Its name in source: "w1".
    shape
        Its sizes.
    draw
        ``draw(rng) -> array`` gives its initial value in float64.
    """

    name: str
    shape: tuple[int, ...]
    draw: Callable[[np.random.Generator], Any]


@dataclass(frozen=True)
class Stage:
    """One line of the forward pass: ``result = function(previous, *parameters)``.

    Attributes
    ----------
    result
        Name of the value: "h1".
    function
        Plain NumPy.
    parameters
        Names of what it takes besides the previous value.
    """

    result: str
    function: Callable[..., Any]
    parameters: tuple[str, ...] = ()


class Layer(Protocol):
    """What `derivo.Network` is built of."""

    @property
    def units(self) -> int:
        """Number of values that the layer gives per row."""

    def parameters(self, features: int, number: int) -> tuple[Parameter, ...]:
        """Give the parameters for an input of so many features."""

    def stages(self, number: int) -> tuple[Stage, ...]:
        """Give the lines of the forward pass; `number` counts layers from 1."""
