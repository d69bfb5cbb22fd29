"""Initial values of weights, so that signals keep their size from layer to layer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from derivo.layers.named import activation_name
from derivo.layers.names import unknown_name

Initialiser = Callable[[np.random.Generator, int, int], Any]


def he(rng: np.random.Generator, fan_in: int, fan_out: int) -> Any:
    """Draw normal weights of variance 2 / fan_in, for units that are half the time 0.

    Source: He, Zhang, Ren, Sun, Delving deep into rectifiers (2015), equation 10.
    """
    return rng.normal(scale=np.sqrt(2 / fan_in), size=(fan_in, fan_out))


def glorot(rng: np.random.Generator, fan_in: int, fan_out: int) -> Any:
    """Draw uniform weights of variance 2 / (fan_in + fan_out) (Xavier initialisation).

    Source: Glorot, Bengio, Understanding the difficulty of training deep feedforward
    neural networks (2010), equation 16.
    """
    limit = np.sqrt(6 / (fan_in + fan_out))
    return rng.uniform(-limit, limit, size=(fan_in, fan_out))


def lecun(rng: np.random.Generator, fan_in: int, fan_out: int) -> Any:
    """Draw normal weights of variance 1 / fan_in, as self-normalising units need.

    Source: LeCun, Bottou, Orr, Mueller, Efficient backprop (1998), section 4.6;
    Klambauer et al., Self-normalizing neural networks (2017), section 2.
    """
    return rng.normal(scale=np.sqrt(1 / fan_in), size=(fan_in, fan_out))


def zeros(_rng: np.random.Generator, fan_in: int, fan_out: int) -> Any:
    """Give zeros: for the last layer at most, since units alike stay alike."""
    return np.zeros((fan_in, fan_out))


INITIALISERS: dict[str, Initialiser] = {
    "he": he, "glorot": glorot, "xavier": glorot, "lecun": lecun, "zeros": zeros,
}  # fmt: skip
# Which one serves which activation; all others take Glorot's.
_BY_ACTIVATION = {
    "relu": "he", "relu6": "he", "leaky_relu": "he", "elu": "he", "celu": "he",
    "swish": "he", "hard_swish": "he", "mish": "he", "softplus": "he", "selu": "lecun",
}  # fmt: skip


def initialiser(wish: str | Initialiser, activation: Any) -> Initialiser:
    """Give the initialiser that is asked for; ``"auto"`` chooses by the activation.

    Raises
    ------
    UsageError
        The name is not known.
    """
    if callable(wish):
        return wish
    if wish == "auto":
        return INITIALISERS[
            _BY_ACTIVATION.get(activation_name(activation) or "", "glorot")
        ]
    if wish not in INITIALISERS:
        error = unknown_name("an initialiser", wish, ["auto", *INITIALISERS])
        raise error
    return INITIALISERS[wish]
