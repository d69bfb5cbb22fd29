"""Losses with the article's methods: forward, backward and the error to report."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from derivo.article.shapes import as_floats, as_rows, check_like
from derivo.derivation import Derivation, derive
from derivo.errors import UsageError
from derivo.layers.losses import Loss, find_loss


def get_errfunc(name: str | ErrFunction, reduction: str = "sum") -> ErrFunction:
    """Give a loss by its name, in any case and punctuation.

    Parameters
    ----------
    name
        "square", "binary", "cross", or another of `derivo.layers.losses`. What this
        function gave before is handed back.
    reduction
        "sum", the article's, adds up over the batch, so that gradients grow with it;
        "mean" divides that by the number of rows.

    Raises
    ------
    UsageError
        No such loss or reduction; near names are listed.
    """
    if isinstance(name, ErrFunction):
        return name
    loss = find_loss(name)
    if reduction == "none":
        message = (
            'a loss that is differentiated is one number: reduction="sum" or "mean"'
        )
        raise UsageError(message)
    loss.bind(reduction)  # refuses unknown reductions
    return ErrFunction(loss, reduction)


@dataclass(frozen=True)
class ErrFunction:
    """A loss with its reduction: what `backward` is the gradient of."""

    loss: Loss
    reduction: str = "sum"

    @property
    def derivation(self) -> Derivation:
        """The derivation that `backward` runs; read its `source`."""
        return _derivation(self)

    def forward(self, y: Any, t: Any) -> Any:
        """Give the error of each element, of the shape of y."""
        y, t = self._checked(y, t)
        terms = self.loss.function(as_rows(y), as_rows(t), reduction="none")
        return terms.reshape(y.shape)[()]

    def backward(self, y: Any, t: Any) -> Any:
        """Give the gradient of `error` for y, of the shape of y."""
        y, t = self._checked(y, t)
        gradients = self.derivation.gradients(y=as_rows(y), t=as_rows(t))
        return gradients["y"].reshape(y.shape)[()]

    def error(self, y: Any, t: Any) -> Any:
        """Give the one number whose gradient is `backward`."""
        y, t = self._checked(y, t)
        return self.loss.bind(self.reduction)(as_rows(y), as_rows(t))

    def total_error(self, y: Any, t: Any) -> Any:
        """Give the mean over all elements, batch and outputs: the number to report.

        It does not grow with the batch, and it is not what `backward` is the gradient
        of; that is `error`.
        """
        return np.mean(self.forward(y, t))

    def check_range(self, y: Any) -> None:
        """Refuse predictions that the loss is not defined for.

        Raises
        ------
        UsageError
            A prediction outside of the interval, such as a negative probability.
        """
        low, high = self.loss.low, self.loss.high
        if np.any(y < low) or np.any(y > high):
            message = (
                f"{self.loss.name} takes predictions between {low} and {high}, but y "
                f"goes from {np.min(y):.3g} to {np.max(y):.3g}. "
                'Instead: end in act="softmax" or act="sigmoid"'
            )
            raise UsageError(message)

    def _checked(self, y: Any, t: Any) -> tuple[Any, Any]:
        y = as_floats(y, "y")
        t = check_like(t, y, "t", "y")
        self.check_range(y)
        # A rounded 0 or 1 has an infinite logarithm, and 0 times it is NaN. The nearest
        # number inside of the interval gives the limit instead.
        info = np.finfo(y.dtype)
        return np.clip(y, self.loss.low + info.tiny, self.loss.high - info.epsneg), t

    def __repr__(self) -> str:
        """Show the name and the reduction."""
        return f"{self.loss.name}(reduction={self.reduction!r})"


@lru_cache(maxsize=64)
def _derivation(errfunc: ErrFunction) -> Derivation:
    function = errfunc.loss.bind(errfunc.reduction)
    return derive(function, y="N M", t="N M", wrt="y")
