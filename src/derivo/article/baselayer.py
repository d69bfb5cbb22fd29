"""`BaseLayer` and `MiddleLayer`: y = act(x @ w + b), forwards and backwards."""

from __future__ import annotations

from typing import Any

import numpy as np

from derivo.article.act import ActFunction, get_act
from derivo.article.derived import layer_derivation
from derivo.article.errfunc import ErrFunction, get_errfunc
from derivo.article.shapes import as_batch, as_floats, check_like
from derivo.derivation import Derivation
from derivo.errors import OptionError, ShapeError, UsageError
from derivo.layers.initial import initialiser
from derivo.layers.names import unknown_name


class BaseLayer:
    """A fully connected layer of L = `prev` inputs and M = `n` outputs.

    Parameters
    ----------
    prev, n
        Number of inputs and of outputs.
    name
        Shown in messages.
    wb_width
        Weights and biases are this times standard normal numbers, as in the article. A
        width of 1 saturates large layers: "he", "glorot" or "lecun" draw weights to
        the size of the layer, with biases of 0.
    act
        Name of the activation, or what `get_act` gave.
    err_func
        Name of the loss; it is for the output layer, which alone makes use of it.
    rng
        A seed or a `numpy.random.Generator`: the same seed draws the same weights.

    Attributes
    ----------
    w, b
        Weights (L, M) and biases (M,).
    x, u, y
        Of the last `forward`: input (N, L), sum x @ w + b and result (N, M). One row
        instead of a batch, or one number, keeps its shape.
    dw, db, dx
        Of the last `backward`: the gradients of w, b and x, each of the same shape.
        They are sums over the batch, unless the loss takes the mean.

    Raises
    ------
    UsageError
        An option that does not exist (also a `TypeError`), an unknown name, a size
        below 1.
    """

    OPTIONS: tuple[str, ...] = (
        "prev",
        "n",
        "name",
        "wb_width",
        "act",
        "err_func",
        "rng",
    )

    def __init__(  # noqa: PLR0913  (the article's signature)
        self, *, prev: int = 1, n: int = 1, name: str = "", wb_width: Any = 1,
        act: str | ActFunction = "ReLU", err_func: str | ErrFunction = "square",
        rng: Any = None, **unknown: Any,
    ) -> None:  # fmt: skip
        for option in unknown:
            what = f"an option of {type(self).__name__}"
            raise OptionError(str(unknown_name(what, option, self.OPTIONS)))
        self.prev, self.n, self.name = _size("prev", prev), _size("n", n), name
        self.act = get_act(act)
        get_errfunc(err_func)  # a misspelt loss is refused here too
        self.w, self.b = self._draw(wb_width, np.random.default_rng(rng))
        self.x: Any = None
        self.u: Any = None
        self.y: Any = None
        self.dw: Any = None
        self.db: Any = None
        self.dx: Any = None
        self._saved: Any = None

    @property
    def derivation(self) -> Derivation:
        """The derivation that `forward` and `backward` run; read its `source`."""
        return layer_derivation(self.act)

    def forward(self, x: Any) -> Any:
        """Give y = act(x @ w + b).

        Parameters
        ----------
        x : (N, L), or (L,), or a number if L is 1
            A batch of rows, or one row.

        Returns
        -------
        (N, M), or (M,) for one row, or a number if that is all there is

        Raises
        ------
        ShapeError
            `x`, or `w` and `b` if they were replaced, do not fit the layer.
        """
        batch = as_batch(x, self.prev, "x", f"{self} takes {self.prev} per row")
        w, b = self._parameters()
        d = self.derivation
        with np.errstate(over="ignore", under="ignore"):
            u = batch @ w + b
            y, self._saved = d.run_forward({"x": batch, "w": w, "b": b})
        lead = np.shape(x)[:-1]
        shape = (*lead, self.n) if np.ndim(x) or self.n > 1 else ()
        self.x = as_floats(x, "x")
        self.u, self.y = u.reshape(shape)[()], y.reshape(shape)[()]
        return self.y

    def backward(self, grad: Any) -> Any:
        """Give the gradient for x; store it with those for w and b.

        Parameters
        ----------
        grad : as y
            The gradient for y, from the next layer.

        Returns
        -------
        dx : as x

        Raises
        ------
        UsageError
            `forward` was not called before.
        ShapeError
            `grad` has another shape than y.
        """
        self._after_forward()
        grad = check_like(grad, self.y, "grad", "y").reshape(-1, self.n)
        d = self.derivation
        with np.errstate(over="ignore", under="ignore"):
            found = getattr(d.module, f"{d.name}_backward")(self._saved, grad)
        return self._keep(*found)

    def _keep(self, dx: Any, dw: Any, db: Any) -> Any:
        self.dx = dx.reshape(np.shape(self.x))[()]
        self.dw = dw.reshape(np.shape(self.w))[()]
        self.db = db.reshape(np.shape(self.b))[()]
        return self.dx

    def _after_forward(self) -> None:
        if self.y is None:
            message = (
                f"{self}: backward needs the values of a forward pass. "
                "Instead: y = layer.forward(x), then layer.backward(...)"
            )
            raise UsageError(message)

    def _parameters(self) -> tuple[Any, Any]:
        w, b = as_floats(self.w, "w"), as_floats(self.b, "b")
        size = (self.prev, self.n)
        if w.shape != size and not (size == (1, 1) and w.size == 1):
            message = f"{self}: w has the shape {w.shape}, {size} is needed"
            raise ShapeError(message)
        # The theory has B of shape (1, M), the code (M,): both are taken.
        if b.shape not in {(self.n,), (1, self.n)} and not (b.size == self.n == 1):
            message = f"{self}: b has the shape {b.shape}, ({self.n},) is needed"
            raise ShapeError(message)
        return w.reshape(size), b.reshape(self.n)

    def _draw(self, wb_width: Any, rng: np.random.Generator) -> tuple[Any, Any]:
        size = (self.prev, self.n)
        if isinstance(wb_width, str):
            draw = initialiser(wb_width, self.act.activation.name)
            return draw(rng, *size), np.zeros(self.n)
        return (
            wb_width * rng.standard_normal(size),
            wb_width * rng.standard_normal(self.n),
        )

    def __repr__(self) -> str:
        """Show kind, name, sizes and activation."""
        name = f"{self.name!r}, " if self.name else ""
        kind = type(self).__name__
        return f"{kind}({name}prev={self.prev}, n={self.n}, act={self.act!r})"


class MiddleLayer(BaseLayer):
    """A hidden layer; the first one takes the input."""


def _size(name: str, value: Any) -> int:
    whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not whole or value < 1:
        message = f"{name}={value!r}: a layer has a whole number of units, 1 or more"
        raise UsageError(message)
    return int(value)
