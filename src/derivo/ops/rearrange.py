"""Flipping, rolling, padding, repeating."""

from __future__ import annotations

from typing import Any

import numpy as np

from derivo.errors import ShapeError
from derivo.graph.op import Op
from derivo.graph.spec import Spec
from derivo.ops.catalogue import register, spells
from derivo.ops.elementwise import abs_
from derivo.ops.index import gather, scatter_add, slice_
from derivo.ops.infer import normal_axis
from derivo.ops.leaf import arange, made
from derivo.ops.piecewise import clip, remainder
from derivo.ops.reduce import sum_of
from derivo.ops.shape import LINEAR, as_dim, as_shape, expand_dims, reshape, swapaxes

_WHOLE = ("cut", None, None, None)


@spells(np.flip)
def flip(x: Any, axis: Any = None) -> Any:
    """Reverse the order of elements along axes."""
    axes = normal_axis(axis, x.ndim)
    index = (("cut", None, None, -1) if a in axes else _WHOLE for a in range(x.ndim))
    return slice_(x, index=tuple(index))


spells(np.flipud)(lambda m: flip(m, 0))
spells(np.fliplr)(lambda m: flip(m, 1))


@spells(np.rot90)
def rot90(m: Any, k: int = 1, axes: Any = (0, 1)) -> Any:
    """Turn by quarters of a circle."""
    first, second = (a % m.ndim for a in axes)
    turns = k % 4
    if turns == 2:
        return flip(m, (first, second))
    if turns:
        m = swapaxes(flip(m, second) if turns == 1 else m, first, second)
        m = m if turns == 1 else flip(m, second)
    return m


def _roll_vjp(g: Any, _y: Any, _x: Any, *, shift: Any, axis: Any) -> tuple[Any]:
    back = tuple(-s for s in shift) if isinstance(shift, tuple) else -shift
    return (roll(g, shift=back, axis=axis),)


roll = register(
    Op(
        "roll", ("x",), lambda x, **_: x, "np.roll({0}, {shift}, axis={axis})",
        vjp=_roll_vjp, attrs={"shift": 0, "axis": None},
        samples=lambda rng: ((rng.normal(size=(3, 4)),), {"shift": 1, "axis": 1}),
        traits=LINEAR,
    )
)  # fmt: skip


@spells(np.roll)
def _roll(x: Any, shift: Any, axis: Any = None) -> Any:
    shift = tuple(shift) if isinstance(shift, tuple | list) else shift
    if axis is None and x.ndim > 1:
        return reshape(roll(reshape(x, shape=(x.size,)), shift=shift), shape=x.shape)
    if isinstance(axis, tuple | list):
        shift = shift if isinstance(shift, tuple) else (shift,) * len(axis)
        return roll(x, shift=shift, axis=tuple(a % x.ndim for a in axis))
    return roll(
        x, shift=shift, axis=None if x.ndim == 1 else normal_axis(axis, x.ndim)[0]
    )


# --- padding -----------------------------------------------------------------------


def _pad_spec(x: Spec, widths: Any, mode: str, value: Any) -> Spec:
    del mode, value
    return Spec(
        tuple(d + a + b for d, (a, b) in zip(x.shape, widths, strict=True)), x.kind
    )


def _pad_text(attrs: Any, _x: Any) -> str:
    widths = {w for pair in attrs["widths"] for w in pair}
    amount = str(widths.pop()) if len(widths) == 1 else "{widths}"
    if attrs["mode"] == "constant":
        return f"np.pad({{0}}, {amount}, constant_values={{value}})"
    return f"np.pad({{0}}, {amount}, mode={{mode}})"


def _pad_vjp(
    g: Any, _y: Any, x: Any, *, widths: Any, mode: str, value: Any
) -> tuple[Any]:
    del value
    if mode == "constant":
        inner = tuple(("cut", a or None, -b if b else None, None) for a, b in widths)
        return (slice_(g, index=inner),)
    for axis, width in enumerate(widths):
        if any(width):
            shape = (*g.shape[:axis], x.shape[axis], *g.shape[axis + 1 :])
            places = _source(x, axis, width, mode)
            g = scatter_add(g, places, shape=shape, axis=axis)
    return (g,)


def _source(x: Any, axis: int, width: tuple[int, int], mode: str) -> Any:
    """Give, for each place of the padded axis, the place that its value comes from."""
    n = x.shape[axis]
    places = made(arange, x, stop=n + sum(width)) - width[0]
    if mode == "edge":
        return clip(places, 0, n - 1)
    if mode == "wrap":
        return remainder(places, n)
    return n - 1 - abs_(n - 1 - abs_(places))  # reflect: mirrored at either end


pad = register(
    Op(
        "pad", ("x",), _pad_spec, _pad_text, vjp=_pad_vjp,
        attrs={"widths": (), "mode": "constant", "value": 0},
        samples=lambda rng: ((rng.normal(size=(3, 4)),), {"widths": ((1, 2), (0, 1))}),
        traits=LINEAR,
    )
)  # fmt: skip


@spells(np.pad)
def _pad(
    x: Any, pad_width: Any, mode: str = "constant", constant_values: Any = 0
) -> Any:
    modes = ("constant", "edge", "reflect", "wrap")
    if mode not in modes:
        message = f"mode {mode!r} has no rule, only {', '.join(modes)}"
        raise NotImplementedError(message)
    if np.ndim(constant_values):
        message = "different constants on different sides have no rule; pad in steps"
        raise NotImplementedError(message)
    pairs = np.broadcast_to(np.asarray(pad_width), (x.ndim, 2)).tolist()
    if any(w < 0 for pair in pairs for w in pair):
        message = f"a width of padding is negative: {pad_width}"
        raise ShapeError(message)
    widths = tuple((int(a), int(b)) for a, b in pairs)
    return pad(x, widths=widths, mode=mode, value=constant_values)


# --- repeating ---------------------------------------------------------------------


def _repeat_vjp(g: Any, _y: Any, x: Any, *, repeats: int, axis: int) -> tuple[Any]:
    shape = (*x.shape[: axis + 1], repeats, *x.shape[axis + 1 :])
    return (sum_of(reshape(g, shape=shape), axis=axis + 1),)


def _repeat_spec(x: Spec, repeats: int, axis: int) -> Spec:
    return Spec(
        (*x.shape[:axis], x.shape[axis] * repeats, *x.shape[axis + 1 :]), x.kind
    )


repeat = register(
    Op(
        "repeat", ("x",), _repeat_spec,
        lambda _attrs, x: "np.repeat({0}, {repeats}, axis={axis})"
        if len(x.shape) > 1 else "np.repeat({0}, {repeats})",
        vjp=_repeat_vjp, attrs={"repeats": 1, "axis": None},
        samples=lambda rng: ((rng.normal(size=(3, 4)),), {"repeats": 2, "axis": 1}),
        traits=LINEAR,
    )
)  # fmt: skip


@spells(np.repeat)
def _repeat(x: Any, repeats: Any, axis: Any = None) -> Any:
    if axis is None:
        x, axis = reshape(x, shape=(x.size,)) if x.ndim != 1 else x, 0
    (a,) = normal_axis(axis, x.ndim)
    if np.ndim(repeats):
        places = np.repeat(np.arange(len(repeats)), repeats)
        return gather(x, places, axis=a)
    return repeat(x, repeats=as_dim(repeats), axis=a)


def _tile_vjp(g: Any, _y: Any, x: Any, *, reps: Any) -> tuple[Any]:
    shape = tuple(d for pair in zip(reps, x.shape, strict=True) for d in pair)
    copies = tuple(2 * i for i, r in enumerate(reps) if r != 1)
    return (reshape(sum_of(reshape(g, shape=shape), axis=copies), shape=x.shape),)


tile = register(
    Op(
        "tile",
        ("x",),
        lambda x, reps: Spec(
            tuple(r * d for r, d in zip(reps, x.shape, strict=True)), x.kind
        ),
        "np.tile({0}, {reps})",
        vjp=_tile_vjp,
        attrs={"reps": ()},
        samples=lambda rng: ((rng.normal(size=(3, 4)),), {"reps": (2, 3)}),
        traits=LINEAR,
    )
)


@spells(np.tile)
def _tile(x: Any, reps: Any) -> Any:
    times = as_shape(reps)
    for _ in range(len(times) - x.ndim):
        x = expand_dims(x, axis=0)
    times = (1,) * (x.ndim - len(times)) + times
    return tile(x, reps=times) if set(times) != {1} else x
