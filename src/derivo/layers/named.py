"""Activations and losses of a network, by name or as the user's own functions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from derivo.errors import UsageError
from derivo.layers.activations import find_activation
from derivo.layers.losses import LOSSES, find_loss
from derivo.layers.names import unknown_name

# The activation that makes of a sum what the loss takes: probabilities.
_OUTPUTS = {"cross_entropy": "softmax", "binary_cross_entropy": "sigmoid"}
_LOGITS = "_from_logits"


@dataclass(frozen=True)
class NetworkLoss:
    """A loss with the output that it expects of a network.

    Attributes
    ----------
    name
        Name of the function.
    function
        ``function(y, t) -> ()``, averaged over rows.
    output
        The activation that the last layer must have; None if any will do.
    """

    name: str
    function: Callable[[Any, Any], Any]
    output: str | None = None


def activation_function(wish: Any) -> Callable[[Any], Any] | None:
    """Give the function of an activation: by name, or the user's own; None for none."""
    if wish is None:
        return None
    if isinstance(wish, str) or not callable(wish):
        return find_activation(wish).function
    return wish  # type: ignore[no-any-return]


def activation_name(wish: Any) -> str | None:
    """Give the usual name of an activation; None for none and for the user's own."""
    return find_activation(wish).name if isinstance(wish, str) else None


def network_loss(wish: Any) -> NetworkLoss:
    """Give the loss that is asked for by name, or as a function of (y, t).

    Raises
    ------
    UsageError
        The name is not known, or is that of a loss of logits.
    """
    if callable(wish):
        return NetworkLoss(getattr(wish, "__name__", "loss"), wish)
    if not isinstance(wish, str):
        error = unknown_name("a loss", wish, LOSSES)
        raise error
    name = find_loss(wish).name
    if name.endswith(_LOGITS):
        plain = name.removesuffix(_LOGITS)
        message = (
            f"write loss={plain!r}: the network ends in probabilities, and derivo "
            "itself "
            "brings the loss to the form that computes with logits"
        )
        raise UsageError(message)
    return NetworkLoss(name, find_loss(wish).function, _OUTPUTS.get(name))
