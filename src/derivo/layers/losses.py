"""The losses by name, as plain NumPy functions of a prediction and its target.

`reduction` says what becomes of the batch. "sum" adds up everything, as the article
does: its gradients grow with the batch. "mean" divides that by the number of rows, so
that the step does not depend on the batch. "none" keeps one term per element.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from derivo.errors import ShapeError
from derivo.layers.names import normal_name, unknown_name

Function = Callable[..., Any]
REDUCTIONS = ("sum", "mean", "none")


def square(y: Any, t: Any, reduction: str = "mean") -> Any:
    """Give half the squared distance, (y - t)^2 / 2: the gradient of the sum is y - t.

    Parameters
    ----------
    y, t : (N, M)
        Prediction and target.

    Source
    ------
    Bishop, Pattern Recognition and Machine Learning (2006), equation 5.11.
    """
    _same_shape(y, t)
    return _reduce((y - t) ** 2 / 2, reduction)


def squared_error(y: Any, t: Any, reduction: str = "mean") -> Any:
    """Give the squared distance, (y - t)^2: the sum over a row is the loss of that row.

    Parameters
    ----------
    y, t : (N, M)
        Prediction and target.

    Source
    ------
    Goodfellow, Bengio, Courville, Deep Learning (2016), equation 6.1, summed over
    outputs.
    """
    _same_shape(y, t)
    return _reduce((y - t) ** 2, reduction)


def mean_squared_error(y: Any, t: Any, reduction: str = "mean") -> Any:
    """Give the squared distance, (y - t)^2; its "mean" is over all elements.

    Parameters
    ----------
    y, t : (N, M)
        Prediction and target.

    Source
    ------
    Goodfellow, Bengio, Courville, Deep Learning (2016), equation 5.4.
    """
    _same_shape(y, t)
    terms = (y - t) ** 2
    return np.mean(terms) if reduction == "mean" else _reduce(terms, reduction)


def binary_cross_entropy(y: Any, t: Any, reduction: str = "mean") -> Any:
    """Give -t log y - (1 - t) log(1 - y), in nats.

    Parameters
    ----------
    y : (N, M), in (0, 1)
        Probability that the answer is yes.
    t : (N, M), in [0, 1]
        1 for yes, 0 for no.

    Source
    ------
    Bishop (2006), equation 4.90.
    """
    _same_shape(y, t)
    return _reduce(-(t * np.log(y) + (1 - t) * np.log(1 - y)), reduction)


def binary_cross_entropy_from_logits(z: Any, t: Any, reduction: str = "mean") -> Any:
    """Give the binary cross-entropy of y = sigmoid(z): log(1 + exp(z)) - t z.

    Parameters
    ----------
    z, t : (N, M)
        Logits of any size, and targets in [0, 1].

    Source
    ------
    Goodfellow, Bengio, Courville (2016), section 6.2.2.2.
    """
    _same_shape(z, t)
    return _reduce(np.logaddexp(0, z) - t * z, reduction)


def cross_entropy(y: Any, t: Any, reduction: str = "mean") -> Any:
    """Give -t log y, in nats: the sum over a row is the loss of that row.

    Parameters
    ----------
    y : (N, C), positive
        Probabilities: each row sums to 1.
    t : (N, C)
        One-hot rows, or other rows of probabilities.

    Source
    ------
    Bishop (2006), equation 4.108.
    """
    _same_shape(y, t)
    return _reduce(-(t * np.log(y)), reduction)


def cross_entropy_from_logits(z: Any, t: Any, reduction: str = "mean") -> Any:
    """Give the cross-entropy of y = softmax(z), for logits of any size.

    Parameters
    ----------
    z, t : (N, C)
        Logits, and one-hot rows or other rows of probabilities.

    Source
    ------
    Goodfellow, Bengio, Courville (2016), section 6.2.2.3.
    """
    _same_shape(z, t)
    z = z - np.max(z, axis=-1, keepdims=True)
    log_y = z - np.log(np.sum(np.exp(z), axis=-1, keepdims=True))
    return _reduce(-(t * log_y), reduction)


def _reduce(terms: Any, reduction: str) -> Any:
    _known(reduction)
    if reduction == "none":
        return terms
    total = np.sum(terms)
    return total / terms.shape[0] if reduction == "mean" and terms.ndim else total


def _known(reduction: str) -> None:
    if reduction not in REDUCTIONS:
        what = "a reduction"
        raise unknown_name(what, reduction, REDUCTIONS)


def _same_shape(y: Any, t: Any) -> None:
    # Shapes that differ would often broadcast, (N, 1) against (N,) to (N, N), and give
    # a wrong loss without any error.
    if y.shape != t.shape:
        message = f"prediction {_written(y)} and target {_written(t)} differ in shape"
        if t.ndim == y.ndim - 1:
            message += "; labels become one-hot rows by np.eye(C)[labels]"
        raise ShapeError(message)


def _written(value: Any) -> str:
    comma = "," if value.ndim == 1 else ""
    return f"({', '.join(map(str, value.shape))}{comma})"


@dataclass(frozen=True, eq=False)
class Loss:
    """A loss: its function, and the open interval in which a prediction must lie."""

    function: Function
    low: float = -np.inf
    high: float = np.inf

    @property
    def name(self) -> str:
        """Name of the function."""
        return self.function.__name__

    def bind(self, reduction: str) -> Function:
        """Give the function of prediction and target alone.

        Raises
        ------
        UsageError
            The reduction is not "sum", "mean" or "none".
        """
        _known(reduction)
        function = self.function

        def loss(y: Any, t: Any) -> Any:
            return function(y, t, reduction=reduction)

        loss.__name__ = self.name
        return loss


LOSSES: Mapping[str, Loss] = {
    "square": Loss(square),
    "squared_error": Loss(squared_error),
    "mean_squared_error": Loss(mean_squared_error),
    "binary_cross_entropy": Loss(binary_cross_entropy, 0, 1),
    "binary_cross_entropy_from_logits": Loss(binary_cross_entropy_from_logits),
    "cross_entropy": Loss(cross_entropy, 0),
    "cross_entropy_from_logits": Loss(cross_entropy_from_logits),
}
# Other names in use; the last is how the article spells it.
ALIASES: Mapping[str, str] = {
    "half_squared_error": "square", "mse": "mean_squared_error",
    "binary": "binary_cross_entropy", "bce": "binary_cross_entropy",
    "cross": "cross_entropy", "CrossEmtropy": "cross_entropy",
}  # fmt: skip
_FOUND = {normal_name(name): loss for name, loss in LOSSES.items()}
_FOUND |= {normal_name(name): LOSSES[target] for name, target in ALIASES.items()}


def find_loss(name: str) -> Loss:
    """Find a loss by its name, in any case and punctuation.

    Raises
    ------
    UsageError
        There is none of that name; the message lists those that look like it.
    """
    found = _FOUND.get(normal_name(str(name)))
    if found is None:
        what = "a loss"
        raise unknown_name(what, name, [*LOSSES, *ALIASES])
    return found
