"""Activations with the article's methods: forward, and a derivative that is derived."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from derivo.article.shapes import as_floats, as_rows, check_like
from derivo.derivation import Derivation, derive
from derivo.errors import UsageError
from derivo.layers.activations import Activation, find_activation


def get_act(name: str | ActFunction, **parameters: float) -> ActFunction:
    """Give an activation by its name, in any case and punctuation.

    Parameters
    ----------
    name
        "ReLU", "leaky-relu", "softmax", ...: see `derivo.layers.activations`. What this
        function gave before is handed back.
    **parameters
        Such as ``alpha=0.2`` for "leakyReLU".

    Raises
    ------
    UsageError
        No such activation, or no such parameter; near names are listed.
    """
    if isinstance(name, ActFunction):
        return name
    activation = find_activation(name)
    activation.bind(**parameters)  # refuses unknown parameters
    return ActFunction(activation, tuple(sorted(parameters.items())))


@dataclass(frozen=True)
class ActFunction:
    """An activation with chosen parameters.

    Attributes
    ----------
    activation
        The NumPy function, with its defaults and its source.
    chosen
        Parameters that differ from the defaults.
    """

    activation: Activation
    chosen: tuple[tuple[str, float], ...] = ()

    @property
    def function(self) -> Callable[[Any], Any]:
        """The plain NumPy function of an array."""
        return self.activation.bind(**dict(self.chosen))

    @property
    def derivation(self) -> Derivation:
        """The derivation that `backward` and `pull_back` run; read its `source`."""
        return _derivation(self)

    def forward(self, x: Any) -> Any:
        """Give y, of the shape of x. Here `x` is the sum before the activation, u."""
        x = as_floats(x, "x")
        return self.derivation(x=self._laid_out(x)).reshape(x.shape)[()]

    def backward(self, x: Any, y: Any = None) -> Any:
        """Give the derivative dy/dx, element by element.

        Parameters
        ----------
        x
            The value *before* the activation, u = x @ w + b; not the layer's input.
        y
            What `forward(x)` gave. It may be left out; if given, it is compared.

        Raises
        ------
        UsageError
            The activation mixes the elements of a row (softmax and its like), or `y`
            is not what `forward(x)` gives.
        """
        if not self.activation.is_elementwise:
            message = (
                f"{self.activation.name} mixes the elements of a row: its derivative "
                "is a matrix for each row. `grad * act.backward(x, y)` would use its "
                "diagonal alone and be wrong. Instead: act.pull_back(grad, x, y)"
            )
            raise UsageError(message)
        return self.pull_back(np.ones_like(as_floats(x, "x")), x, y)

    def pull_back(self, grad: Any, x: Any, y: Any = None) -> Any:
        """Give the gradient for x from that for y: `grad` times the whole Jacobian.

        Parameters
        ----------
        grad
            The gradient for y, of the shape of x.
        x, y
            As for `backward`. Rows lie along the last axis.
        """
        x = as_floats(x, "x")
        grad = check_like(grad, x, "grad", "x")
        found, gradients = self.derivation.value_and_gradients(
            self._laid_out(grad), x=self._laid_out(x)
        )
        self._compare(y, found.reshape(x.shape))
        return gradients["x"].reshape(x.shape)[()]

    def _laid_out(self, x: Any) -> Any:
        return x.reshape(-1) if self.activation.is_elementwise else as_rows(x)

    def _compare(self, y: Any, found: Any) -> None:
        if y is None:
            return
        y = np.asarray(y)
        near = 1e-4 if found.dtype == np.float32 else 1e-9
        if y.shape != found.shape or not np.allclose(
            y, found, rtol=near, atol=near, equal_nan=True
        ):
            message = (
                f"y is not {self.activation.name}(x): x must be the value before the "
                "activation, u = x @ w + b, not the input of the layer"
            )
            raise UsageError(message)

    def __repr__(self) -> str:
        """Show the name, and the parameters with their values."""
        parameters = {**self.activation.parameters, **dict(self.chosen)}
        listed = ", ".join(f"{k}={v}" for k, v in parameters.items())
        return f"{self.activation.name}({listed})"


@lru_cache(maxsize=256)
def _derivation(act: ActFunction) -> Derivation:
    shape = "N" if act.activation.is_elementwise else "N M"
    return derive(act.function, x=shape)
