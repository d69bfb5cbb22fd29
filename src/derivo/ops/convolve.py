"""Convolution of vectors, and what is built like it."""

from __future__ import annotations

from typing import Any

import numpy as np

from derivo.errors import ShapeError
from derivo.graph.dim import format_shape
from derivo.graph.op import Op
from derivo.graph.spec import Spec, promote
from derivo.ops.catalogue import register, spells
from derivo.ops.elementwise import sin, where
from derivo.ops.index import cut
from derivo.ops.infer import normal_axis
from derivo.ops.rearrange import flip
from derivo.ops.reduce import sum_of
from derivo.ops.shape import LINEAR, as_array, as_dim, expand_dims


def _spec(a: Spec, v: Spec, mode: str) -> Spec:
    if a.rank != 1 or v.rank != 1:
        shapes = f"{format_shape(a.shape)} and {format_shape(v.shape)}"
        message = f"convolve takes two vectors, not the shapes {shapes}"
        raise ShapeError(message)
    n, m = a.shape[0], v.shape[0]
    length = n + m - 1 if mode == "full" else n - m + 1
    return Spec((length,), promote(a.kind, v.kind))


def _vjp(g: Any, _y: Any, a: Any, v: Any, *, mode: str) -> tuple[Any, Any]:
    # y[k] = sum_i a[i] v[k - i]: either factor is found by correlating with the other.
    if mode == "full":
        d_a = convolve(g, flip(v), mode="valid")
        return d_a, convolve(g, flip(a), mode="valid")
    return convolve(g, flip(v), mode="full"), convolve(flip(a), g, mode="valid")


# In mode "valid" the first vector is the longer one.
convolve = register(
    Op(
        "convolve", ("a", "v"), _spec, "np.convolve({0}, {1}, mode={mode})", vjp=_vjp,
        latex="{0} * {1}", attrs={"mode": "full"},
        samples=lambda rng: ((rng.normal(size=6), rng.normal(size=3)),
                             {"mode": "valid"}),
        traits=LINEAR,
        js="R.convolve({0}, {1}, {mode})",
    )
)  # fmt: skip


def _correlate_vjp(g: Any, _y: Any, a: Any, v: Any, *, mode: str) -> tuple[Any, Any]:
    # y[k] = sum_i a[k + i] v[i], so that a is found by sliding v over g turned round.
    if mode == "full":
        return convolve(g, v, mode="valid"), flip(correlation(g, a, mode="valid"))
    return convolve(g, v), correlation(a, g, mode="valid")


# In mode "valid" the first vector is the longer one, as above. NumPy conjugates the
# second, so that it is not analytic.
correlation: Op = register(
    Op(
        "correlate", ("a", "v"), _spec,
        "np.correlate({0}, {1}, mode={mode})", vjp=_correlate_vjp,
        latex=r"{0} \star {1}", attrs={"mode": "valid"},
        samples=lambda rng: ((rng.normal(size=6), rng.normal(size=3)), {}),
        js="R.correlate({0}, {1}, {mode})",
    )
)  # fmt: skip


def _row(x: Any) -> Any:
    """Give a vector: a number is one of a single element."""
    x = as_array(x)
    return x if np.ndim(x) else np.reshape(x, (1,))


@spells(np.convolve)
def _convolve(a: Any, v: Any, mode: str = "full") -> Any:
    a, v = _row(a), _row(v)
    n, m = (as_dim(np.shape(x)[0]) for x in (a, v))
    if mode not in ("full", "same", "valid"):
        message = f"mode {mode!r} has no rule, only 'full', 'same' and 'valid'"
        raise NotImplementedError(message)
    if isinstance(n, int) and isinstance(m, int) and n < m:
        a, v, n, m = v, a, m, n
    if mode != "same":
        return convolve(a, v, mode=mode)
    if not isinstance(m, int):
        message = "np.convolve in mode 'same' needs the size of the second as a number"
        raise NotImplementedError(message)
    start = (m - 1) // 2
    return cut(convolve(a, v), 0, start or None, start + n)


@spells(np.correlate)
def correlate(a: Any, v: Any, mode: str = "valid") -> Any:
    """Slide `v` along `a` and sum the products."""
    a, v = as_array(a), as_array(v)
    n, m = (as_dim(np.shape(x)[0]) for x in (a, v))
    if isinstance(n, int) and isinstance(m, int) and n < m:
        return flip(correlate(v, a, mode))  # NumPy turns the shorter one round
    if mode not in ("full", "same", "valid"):
        message = f"mode {mode!r} has no rule, only 'full', 'same' and 'valid'"
        raise NotImplementedError(message)
    if mode == "same":
        return _convolve(a, flip(v), mode)
    return correlation(a, v, mode=mode)


@spells(np.trapezoid)
def trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Any:
    """Integrate along an axis by the trapezoidal rule."""
    y = as_array(y)
    (along,) = normal_axis(axis, y.ndim)
    if x is not None:
        x = as_array(x)
        place = 0 if np.ndim(x) == 1 else along
        dx = cut(x, place, 1, None) - cut(x, place, None, -1)
        for _ in range(y.ndim - 1 - along if np.ndim(x) == 1 else 0):
            dx = expand_dims(dx, axis=-1)
    means = (cut(y, along, 1, None) + cut(y, along, None, -1)) / 2
    return sum_of(dx * means, axis=along)


@spells(np.sinc)
def sinc(x: Any) -> Any:
    """Give sin(pi x) / (pi x), and 1 at 0."""
    turned = np.pi * where(x == 0, 1.0, x)
    return where(x == 0, 1.0, sin(turned) / turned)
