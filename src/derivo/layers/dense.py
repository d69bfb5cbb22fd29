"""The fully connected layer: every unit sees every input."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from derivo.errors import UsageError
from derivo.layers.initial import Initialiser, initialiser
from derivo.layers.layer import Parameter, Stage
from derivo.layers.named import activation_function


def affine(x: Any, w: Any, b: Any) -> Any:
    """Give ``x @ w + b``.

    Source: Goodfellow, Bengio, Courville, Deep Learning (2016), equation 6.3 and
    section 6.5.7, with one row per example.
    """
    return x @ w + b


@dataclass(frozen=True)
class Dense:
    """A fully connected layer: ``activation(x @ w + b)``.

    Parameters
    ----------
    units
        Number of outputs.
    activation
        A name such as "relu", "tanh", "sigmoid", "softmax", or a plain NumPy function
        of one array; None leaves the sum as it is.
    init
        How weights (features, units) are drawn: "he", "glorot" (or "xavier"), "lecun",
        "zeros", or ``init(rng, fan_in, fan_out) -> array``. "auto" takes He's for
        relu-like activations and Glorot's for the others. Biases start at 0.
    name
        Stands in the names of the parameters, ``w_NAME`` and ``b_NAME``, in place of
        the layer's number.

    Raises
    ------
    UsageError
        No units, or an activation or initialiser that is not known.
    """

    units: int
    activation: str | Callable[[Any], Any] | None = None
    init: str | Initialiser = field(default="auto", kw_only=True)
    name: str = field(default="", kw_only=True)

    def __post_init__(self) -> None:
        """Refuse what cannot work, before any training."""
        units: object = self.units
        whole = isinstance(units, int | np.integer) and not isinstance(units, bool)
        if not whole or self.units < 1:
            message = f"Dense needs at least one unit; units={self.units!r} was given"
            raise UsageError(message)
        if self.name and not re.fullmatch(r"\w+", self.name):
            message = (
                f"name={self.name!r} must be letters, digits and _ : it becomes a part "
                "of names in source"
            )
            raise UsageError(message)
        activation_function(self.activation)
        initialiser(self.init, self.activation)

    def parameters(self, features: int, number: int) -> tuple[Parameter, ...]:
        """Give weights (features, units) and biases (units,)."""
        w, b = self._names(number)
        draw = initialiser(self.init, self.activation)
        units = int(self.units)
        weights = partial(_draw, draw=draw, fan_in=features, fan_out=units)
        return (
            Parameter(w, (features, units), weights),
            Parameter(b, (units,), lambda _rng: np.zeros(units)),
        )

    def stages(self, number: int) -> tuple[Stage, ...]:
        """Give the sum, and the activation if there is one."""
        mark = f"_{self.name}" if self.name else str(number)
        linear = Stage(f"n{mark}", affine, self._names(number))
        function = activation_function(self.activation)
        return (linear,) if function is None else (linear, Stage(f"h{mark}", function))

    def _names(self, number: int) -> tuple[str, str]:
        mark = f"_{self.name}" if self.name else str(number)
        return f"w{mark}", f"b{mark}"


def _draw(
    rng: np.random.Generator, draw: Initialiser, fan_in: int, fan_out: int
) -> Any:
    weights = np.asarray(draw(rng, fan_in, fan_out), dtype=np.float64)
    if weights.shape != (fan_in, fan_out):
        message = (
            f"init gave weights of shape {weights.shape}; ({fan_in}, {fan_out}) is "
            "needed"
        )
        raise UsageError(message)
    return weights
