"""One derivation per kind of layer: what the article worked out by hand."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from derivo.article.act import ActFunction
from derivo.article.errfunc import ErrFunction
from derivo.derivation import Derivation, derive


@lru_cache(maxsize=256)
def layer_derivation(act: ActFunction) -> Derivation:
    """Derive a layer: x (N, L), w (L, M), b (M,) to y (N, M)."""
    activation = act.function

    def layer(x: Any, w: Any, b: Any) -> Any:
        u = x @ w + b
        y = activation(u)
        return y  # noqa: RET504  (the name goes into the emitted source)

    return derive(layer, x="N L", w="L M", b="M")


@lru_cache(maxsize=256)
def output_derivation(act: ActFunction, errfunc: ErrFunction) -> Derivation:
    """Derive an output layer together with its loss, for the target t (N, M).

    The shortcut y - t for softmax with cross-entropy, and for sigmoid with binary
    cross-entropy, is a result of this derivation: nothing looks for those pairs.
    """
    activation = act.function
    loss = errfunc.loss.bind(errfunc.reduction)

    def output_layer(x: Any, w: Any, b: Any, t: Any) -> Any:
        u = x @ w + b
        y = activation(u)
        error = loss(y, t)
        return error  # noqa: RET504

    wrt = ("x", "w", "b")
    return derive(output_layer, wrt=wrt, x="N L", w="L M", b="M", t="N M")
