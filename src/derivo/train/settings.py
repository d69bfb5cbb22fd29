"""Settings of training: what makes no sense is refused before anything runs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from derivo.errors import UsageError
from derivo.layers.layer import Layer
from derivo.layers.named import NetworkLoss, activation_name
from derivo.layers.names import unknown_name

ENGINES = ("auto", "numpy", "c", "jax")


def check_settings(
    epochs: Any, batch_size: Any, learning_rate: Any, engine: Any
) -> None:
    """Refuse settings that cannot work.

    Raises
    ------
    UsageError
        No epochs, no rows in a batch, a learning rate that is not positive, or an
        engine that does not exist.
    """
    _count("epochs", epochs, "how often all rows are used")
    _count("batch_size", batch_size, "the number of rows per step, such as 32")
    check_rate(learning_rate)
    check_engine(engine)


def check_engine(engine: Any) -> None:
    """Refuse an engine that does not exist.

    Raises
    ------
    UsageError
        With those that there are.
    """
    if engine == "numba":
        message = (
            "engine='numba' is no more: engine='c' takes its place, and needs a C "
            "compiler instead; or write engine='auto'"
        )
        raise UsageError(message)
    if engine not in ENGINES:
        error = unknown_name("an engine", engine, ENGINES)
        raise error


def check_rate(learning_rate: Any) -> None:
    """Refuse a learning rate that is not a positive number.

    Raises
    ------
    UsageError
        With what it is.
    """
    number = isinstance(learning_rate, int | float | np.number) and not isinstance(
        learning_rate, bool
    )
    if not number or not math.isfinite(learning_rate) or learning_rate <= 0:
        message = (
            f"learning_rate={learning_rate!r} must be a positive number, such as 0.001"
        )
        raise UsageError(message)


def _count(name: str, value: Any, meaning: str) -> None:
    whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not whole or value < 1:
        message = f"{name}={value!r} must be an integer of at least 1: it is {meaning}"
        raise UsageError(message)


def check_layers(layers: Sequence[Any], dtype: Any) -> None:
    """Refuse a network without layers, of things that are none, or of another type.

    Raises
    ------
    UsageError
        What to write instead.
    """
    if not layers:
        message = "a network needs a layer: derivo.Network(Dense(10))"
        raise UsageError(message)
    for layer in layers:
        if not hasattr(layer, "stages"):
            message = f"{layer!r} is not a layer; write derivo.layers.Dense(units)"
            raise UsageError(message)
    if dtype is not None and np.dtype(dtype) not in (np.float32, np.float64):
        message = f"dtype={dtype!r}: networks train in float32 or float64"
        raise UsageError(message)


def output_kind(last: Layer, loss: NetworkLoss) -> str | None:
    """Check the last activation against the loss.

    Returns
    -------
    str or None
        "softmax" for classes, "sigmoid" for yes or no, None for values.

    Raises
    ------
    UsageError
        The loss takes probabilities and the layer gives something else.
    """
    name = activation_name(getattr(last, "activation", None))
    needed = loss.output
    if needed and name not in (None, needed):
        message = (
            f"{loss.name} takes probabilities, and the last layer ends in {name}; "
            f"write Dense({last.units}, {needed!r}), or leave the activation out"
        )
        raise UsageError(message)
    return needed or ("softmax" if name == "softmax" else None)
