"""The activations by name: plain NumPy functions, whose derivatives are derived."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from derivo.layers import piecewise, rowwise, smooth
from derivo.layers.names import normal_name, unknown_name


@dataclass(frozen=True, eq=False)
class Activation:
    """An activation: a NumPy function of an array, with parameters that have defaults.

    Attributes
    ----------
    function
        Takes an array, and the parameters by keyword; gives an array of its shape.
    is_elementwise
        Whether each element of the result depends on the same element alone.
    """

    function: Callable[..., Any]
    is_elementwise: bool = True

    @property
    def name(self) -> str:
        """Name of the function."""
        return self.function.__name__

    @cached_property
    def parameters(self) -> Mapping[str, float]:
        """The parameters with their defaults."""
        _, *rest = inspect.signature(self.function).parameters.values()
        return {p.name: p.default for p in rest}

    @property
    def source(self) -> str:
        """Where the function comes from: the last part of its docstring."""
        text = inspect.getdoc(self.function) or ""
        return re.sub(r"\s+", " ", text.partition("------\n")[2]).strip()

    def bind(self, **parameters: float) -> Callable[[Any], Any]:
        """Give the function of the array alone.

        Raises
        ------
        UsageError
            A parameter that the activation does not have.
        """
        for name in parameters:
            if name not in self.parameters:
                what = f"a parameter of {self.name}"
                raise unknown_name(what, name, self.parameters)
        function = self.function

        def activation(x: Any) -> Any:
            return function(x, **parameters)

        activation.__name__ = self.name
        return activation


_ELEMENTWISE = (
    piecewise.step, smooth.identity, smooth.bent_identity, piecewise.hard_shrink,
    piecewise.soft_shrink, piecewise.threshold, smooth.sigmoid, piecewise.hard_sigmoid,
    smooth.log_sigmoid, smooth.tanh, smooth.tanh_shrink, piecewise.hard_tanh,
    piecewise.relu, piecewise.relu6, piecewise.leaky_relu, piecewise.elu,
    piecewise.selu, piecewise.celu, smooth.softplus, smooth.softsign, smooth.swish,
    smooth.mish, smooth.tanh_exp, piecewise.hard_swish, smooth.acon,
)  # fmt: skip
_ROWWISE = (rowwise.softmax, rowwise.softmin, rowwise.log_softmax)

ACTIVATIONS: Mapping[str, Activation] = {
    **{f.__name__: Activation(f) for f in _ELEMENTWISE},
    **{f.__name__: Activation(f, is_elementwise=False) for f in _ROWWISE},
}
# Other names in use, each for a name of the table above.
ALIASES: Mapping[str, str] = {
    "lReLU": "leaky_relu", "SiLU": "swish", "linear": "identity",
    "logistic": "sigmoid", "ACON-C": "acon",
}  # fmt: skip
_FOUND = {normal_name(name): entry for name, entry in ACTIVATIONS.items()}
_FOUND |= {normal_name(name): ACTIVATIONS[target] for name, target in ALIASES.items()}


def find_activation(name: str) -> Activation:
    """Find an activation by its name, in any case and punctuation.

    Parameters
    ----------
    name
        "Leaky-ReLU", "leaky_relu", "LeakyReLU" and "lReLU" are all the same.

    Raises
    ------
    UsageError
        There is none of that name; the message lists those that look like it.
    """
    found = _FOUND.get(normal_name(str(name)))
    if found is None:
        what = "an activation"
        raise unknown_name(what, name, [*ACTIVATIONS, *ALIASES])
    return found
