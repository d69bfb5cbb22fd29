"""`OutputLayer`: the last layer, which takes the target and knows the loss."""

from __future__ import annotations

from typing import Any

import numpy as np

from derivo.article.baselayer import BaseLayer
from derivo.article.derived import output_derivation
from derivo.article.errfunc import ErrFunction, get_errfunc
from derivo.article.shapes import check_like
from derivo.derivation import Derivation
from derivo.errors import DataError


class OutputLayer(BaseLayer):
    """The last layer: its `backward` takes the target t, not a gradient.

    Parameters
    ----------
    err_func
        Name of the loss ("square", "binary", "cross", ...), or what `get_errfunc` gave.
    reduction
        "sum", the article's, or "mean": see `get_errfunc`.
    **options
        As for `BaseLayer`.
    """

    OPTIONS = (*BaseLayer.OPTIONS, "reduction")

    def __init__(
        self, *, err_func: str | ErrFunction = "square", reduction: str = "sum",
        **options: Any,
    ) -> None:  # fmt: skip
        super().__init__(err_func=err_func, **options)
        self.errfunc = get_errfunc(err_func, reduction)

    @property
    def error_derivation(self) -> Derivation:
        """The derivation of layer, activation and loss in one: `backward` runs it."""
        return output_derivation(self.act, self.errfunc)

    def backward(self, t: Any) -> Any:
        """Give the gradient of the loss for x; store it with those for w and b.

        Parameters
        ----------
        t : as y
            The target; for classes, one-hot rows.

        Returns
        -------
        dx : as x

        Raises
        ------
        UsageError
            `forward` was not called before, or the loss does not take such a y.
        ShapeError
            `t` has another shape than y.
        DataError
            The gradient is not finite.
        """
        _, gradients = self.error_derivation.value_and_gradients(**self._arrays(t))
        if not all(np.isfinite(g).all() for g in gradients.values()):
            message = (
                f"{self}: the gradient of {self.errfunc.loss.name} is not finite. "
                "Either x, w, b or t holds NaN or infinity, or y reaches a value where "
                'the loss is infinite; for a cross-entropy take act="softmax"'
            )
            raise DataError(message)
        return self._keep(gradients["x"], gradients["w"], gradients["b"])

    def get_error(self, t: Any) -> Any:
        """Give the loss of the last `forward` for the target t: one number."""
        return self.error_derivation(**self._arrays(t))

    def _arrays(self, t: Any) -> dict[str, Any]:
        self._after_forward()
        t = check_like(t, self.y, "t", "y").reshape(-1, self.n)
        self.errfunc.check_range(self.y)
        w, b = self._parameters()
        return {"x": self.x.reshape(-1, self.prev), "w": w, "b": b, "t": t}
