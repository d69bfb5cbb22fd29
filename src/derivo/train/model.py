"""A network whose number of inputs is known: its functions, shapes and modules."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from types import ModuleType
from typing import Any

import numpy as np

from derivo.errors import NotSupportedError
from derivo.layers.layer import Layer
from derivo.layers.named import NetworkLoss
from derivo.run.c_rows import CRows
from derivo.run.jax_engine import called_in_numpy, checked
from derivo.run.jax_load import jax_module
from derivo.run.load import load_text
from derivo.train.draw import generator
from derivo.train.forward import ForwardPass, build_forward
from derivo.train.optimizers import Optimizer
from derivo.train.prediction import compiled_prediction, prediction_source
from derivo.train.step import StepDerivation, derive_step


@dataclass(frozen=True)
class Model:
    """The functions of a network, for inputs with so many columns.

    Attributes
    ----------
    forward
        The forward pass, in plain NumPy.
    features, units
        Columns of x, and of t.
    dtype
        float32 or float64.
    """

    forward: ForwardPass
    features: int
    units: int
    dtype: np.dtype[Any]

    @classmethod
    def build(
        cls, layers: Sequence[Layer], loss: NetworkLoss, features: int, dtype: Any
    ) -> Model:
        """Put layers together for inputs of so many columns."""
        forward = build_forward(layers, loss, features)
        return cls(forward, features, int(layers[-1].units), np.dtype(dtype))

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the parameters."""
        return tuple(p.name for p in self.forward.parameters)

    @property
    def specs(self) -> dict[str, str]:
        """Shapes of x, t and the parameters, as `derivo.derive` takes them."""
        data = {"x": f"N {self.features}", "t": f"N {self.units}"}
        shapes = {p.name: " ".join(map(str, p.shape)) for p in self.forward.parameters}
        return data | shapes

    def draw(self, seed: int) -> tuple[Any, ...]:
        """Draw the parameters; each has a stream of random numbers of its own."""
        return tuple(
            p.draw(generator(seed, "parameters", k)).astype(self.dtype)
            for k, p in enumerate(self.forward.parameters)
        )

    def derive(self, rule: Optimizer) -> StepDerivation:
        """Derive the whole step with an update rule."""
        return derive_step(self.forward, self.specs, rule)

    @cached_property
    def prediction_source(self) -> str:
        """Text of a module with ``predict(x, *parameters)`` and ``evaluate``."""
        return prediction_source(self.forward, self.specs)

    @cached_property
    def module(self) -> ModuleType:
        """That module, loaded."""
        return load_text(self.prediction_source, "network")

    @cached_property
    def compiled_prediction(self) -> CRows | str:
        """Its ``predict``, compiled, or why that cannot be."""
        try:
            columns = self.features, self.units
            return compiled_prediction(self.forward, self.specs, columns, self.dtype)
        except NotSupportedError as error:
            return str(error)

    @cached_property
    def jax_prediction(self) -> Callable[..., Any]:
        """Its ``predict`` under JAX, on arrays of NumPy.

        Raises
        ------
        NotSupportedError
            JAX is not installed, or lacks a function that the source calls.
        """
        module = jax_module(self.prediction_source, "network")
        return partial(called_in_numpy, checked(module.predict, indices=False))

    def weights(self, values: tuple[Any, ...]) -> tuple[Any, ...]:
        """Give the parameters among parameters and states."""
        return values[: len(self.forward.parameters)]
