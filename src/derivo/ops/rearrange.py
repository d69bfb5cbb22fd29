"""Flipping, rolling, padding, repeating."""

from __future__ import annotations

from typing import Any

import numpy as np

from derivo.errors import ShapeError
from derivo.graph.element import Placed, sized
from derivo.graph.op import Op
from derivo.graph.spec import Spec
from derivo.ops.axes import swapaxes
from derivo.ops.catalogue import SPELLINGS, register, spells
from derivo.ops.elementwise import maximum, minimum, where
from derivo.ops.index import cut, gather, scatter_add, slice_
from derivo.ops.infer import normal_axis
from derivo.ops.leaf import arange, fill, made
from derivo.ops.piecewise import clip, remainder
from derivo.ops.reduce import sum_of
from derivo.ops.shape import LINEAR, as_dim, as_shape, expand_dims, reshape

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


def _rolled_element(index: Any, attrs: Any, specs: Any, _result: Any) -> str:
    axis = attrs["axis"] or 0
    n = sized(specs[0].shape[axis])
    at = f"(({index[axis]} - {sized(attrs['shift'])}) % {n} + {n}) % {n}"
    return f"{{0}}[{', '.join([*index[:axis], at, *index[axis + 1 :]])}]"


roll = register(
    Op(
        "roll", ("x",), lambda x, **_: x, "np.roll({0}, {shift}, axis={axis})",
        vjp=_roll_vjp, attrs={"shift": 0, "axis": None},
        samples=lambda rng: ((rng.normal(size=(3, 4)),), {"shift": 1, "axis": 1}),
        traits=LINEAR,
        js="R.roll({0}, {shift}, {axis})", element=Placed(_rolled_element),
    )
)  # fmt: skip


@spells(np.roll)
def _roll(x: Any, shift: Any, axis: Any = None) -> Any:
    if isinstance(axis, tuple | list) and not axis:
        return x
    if axis is None and x.ndim != 1:
        return reshape(_roll(reshape(x, shape=(x.size,)), shift), shape=x.shape)
    axes: Any = axis if isinstance(axis, tuple | list) else (axis or 0,)
    is_row = isinstance(shift, tuple | list | np.ndarray)
    shifts: Any = list(shift) if is_row else [shift]
    count = max(len(axes), len(shifts))
    axes = axes * count if len(axes) == 1 else axes
    axes = [normal_axis(a, x.ndim)[0] for a in axes]
    shifts = shifts * count if len(shifts) == 1 else shifts
    for a, s in list(zip(axes, shifts, strict=True)):
        if hasattr(s, "record") and not hasattr(s, "as_dim"):
            n = x.shape[a]
            x = gather(x, remainder(made(arange, x, stop=n) - s, n), axis=a)
    known = [
        (a, as_dim(s)) for a, s in zip(axes, shifts, strict=True)
        if not hasattr(s, "record") or hasattr(s, "as_dim")
    ]  # fmt: skip
    if len(known) > 1:
        axes, shifts = zip(*known, strict=True)
        return roll(x, shift=shifts, axis=axes)
    for a, s in known:
        x = roll(x, shift=s, axis=None if x.ndim == 1 else a)
    return x


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
    # Mirrored at either end, over and over: once there and back is one period. The
    # edge itself is repeated in the mode "symmetric" alone.
    twice = mode == "symmetric"
    period = 2 * n if twice else 2 * n - 2
    # Of a size known by name: an array, for a lone Python number would become a float.
    known = isinstance(n, int)
    period = max(period, 1) if known else maximum(period + 0 * places, 1)
    there = remainder(places, period)
    return minimum(there, period - there - twice)


def _padded_element(index: Any, attrs: Any, specs: Any, _result: Any) -> str:
    """Read an element, or the number around them; "" where elements are repeated."""
    if attrs["mode"] != "constant" or attrs["value"] != int(attrs["value"]):
        return ""
    places, inside = [], []
    for i, (before, _), n in zip(index, attrs["widths"], specs[0].shape, strict=True):
        places.append(f"{i} - {sized(before)}")
        inside += [f"{places[-1]} >= 0", f"{places[-1]} < {sized(n)}"]
    read = f"{{0}}[{', '.join(places)}]"
    return f"{read} if {' and '.join(inside)} else {int(attrs['value'])}"


pad = register(
    Op(
        "pad", ("x",), _pad_spec, _pad_text, vjp=_pad_vjp,
        attrs={"widths": (), "mode": "constant", "value": 0},
        samples=lambda rng: ((rng.normal(size=(3, 4)),), {"widths": ((1, 2), (0, 1))}),
        traits=LINEAR,
        js="R.pad({0}, {widths}, {mode}, {value})", element=Placed(_padded_element),
    )
)  # fmt: skip


@spells(np.pad)
def _pad(
    x: Any, pad_width: Any, mode: str = "constant", constant_values: Any = 0,
    reflect_type: str = "even", stat_length: Any = None, end_values: Any = 0,
) -> Any:  # fmt: skip
    modes = ("constant", "edge", "reflect", "symmetric", "wrap")
    if callable(mode) or mode not in (*modes, "linear_ramp", *_STATISTICS):
        known = ", ".join((*modes, "linear_ramp", *_STATISTICS))
        message = f"mode {mode!r} has no rule, only {known}"
        raise NotImplementedError(message)
    widths = _widths(x, pad_width)
    if mode in _STATISTICS:
        return _padded_by_statistics(x, widths, mode, stat_length)
    if mode == "linear_ramp":
        return _padded_by_ramps(x, widths, end_values)
    if reflect_type == "odd" and mode in ("reflect", "symmetric"):
        return _padded_upside_down(x, widths, repeats_edge=mode == "symmetric")
    pairs = _per_side(x, constant_values) if mode == "constant" else [(0, 0)]
    first = pairs[0][0]
    same = all(v is first for pair in pairs for v in pair) or not any(
        hasattr(v, "record") or v != first for pair in pairs for v in pair
    )
    if same and not hasattr(first, "record"):
        return pad(x, widths=widths, mode=mode, value=first)
    # Values that differ, or are computed: one end after another, each in its own.
    for axis, (values, width) in enumerate(zip(pairs, widths, strict=True)):
        for side in (0, 1):
            x = _put_on(x, axis, side, width[side], values[side])
    return x


def _widths(x: Any, given: Any) -> tuple[tuple[int, int], ...]:
    """Read the widths of padding: a number, a pair, pairs, or a dict by axis."""
    if isinstance(given, dict):
        listed: Any = [(0, 0)] * x.ndim
        for axis, width in given.items():
            pair = (width, width) if isinstance(width, int) else width
            listed[normal_axis(axis, x.ndim)[0]] = pair
        given = listed
    pairs = np.broadcast_to(np.asarray(given), (x.ndim, 2)).tolist()
    if any(w < 0 for pair in pairs for w in pair):
        message = f"a width of padding is negative: {given}"
        raise ShapeError(message)
    return tuple((int(a), int(b)) for a, b in pairs)


def _per_side(x: Any, values: Any) -> list[tuple[Any, Any]]:
    """Give the values before and after, for each axis."""
    if not isinstance(values, list | tuple) and not (
        isinstance(values, np.ndarray) and values.ndim
    ):
        return [(values, values)] * max(x.ndim, 1)
    rows = list(values)
    if all(isinstance(r, list | tuple | np.ndarray) for r in rows):
        pairs = [tuple(r) * (2 if len(r) == 1 else 1) for r in rows]
        return pairs * (x.ndim if len(pairs) == 1 else 1)
    return [(rows[0], rows[-1])] * x.ndim


def _put_on(x: Any, axis: int, side: int, width: int, value: Any) -> Any:
    """Put slices of one value before or after an array."""
    if not width:
        return x
    widths = tuple(
        ((0, width) if side else (width, 0)) if a == axis else (0, 0)
        for a in range(x.ndim)
    )
    if not hasattr(value, "record"):
        return pad(x, widths=widths, value=value)
    inside = pad(made(fill, x, value=1, shape=as_shape(x.shape)), widths=widths)
    return where(inside > 0, pad(x, widths=widths), value)


# Modes that put on what they compute of the elements nearby, one axis after another.
_STATISTICS = ("maximum", "mean", "median", "minimum")


def _padded_by_statistics(
    x: Any, widths: tuple[tuple[int, int], ...], mode: str, length: Any
) -> Any:
    """Put a statistic of the elements at each end before and after an array."""
    name = {"maximum": "max", "minimum": "min"}.get(mode, mode)
    statistic = SPELLINGS[getattr(np, name)]
    lengths = _per_side(x, length)
    for axis, ((before, after), (first, last)) in enumerate(
        zip(widths, lengths, strict=True)
    ):
        n = as_shape(x.shape)[axis]
        # An end may have fewer elements than are asked for: then it has all of them.
        all_first, all_last = (
            k is None or (isinstance(n, int) and n <= k) for k in (first, last)
        )
        parts = (
            x if all_first else cut(x, axis, None, first),
            x if all_last else cut(x, axis, -last, None),
        )
        edges = [statistic(p, axis=axis, keepdims=True) for p in parts]
        x = _between(edges[0], x, edges[1], axis, (before, after))
    return x


def _padded_by_ramps(
    x: Any, widths: tuple[tuple[int, int], ...], end_values: Any
) -> Any:
    """Put straight lines from the edges to end values before and after an array."""
    ends = _per_side(x, end_values)
    for axis, (width, values) in enumerate(zip(widths, ends, strict=True)):
        sides = []
        for side, value in enumerate(values):
            edge = cut(x, axis, -1, None) if side else cut(x, axis, None, 1)
            share = np.arange(width[side]) / max(width[side], 1)
            share = share[::-1] if side else share
            shape = [1] * x.ndim
            shape[axis] = width[side]
            sides.append(value + (edge - value) * np.reshape(share, shape))
        x = _between(sides[0], x, sides[1], axis, (min(width[0], 1), min(width[1], 1)))
    return x


def _padded_upside_down(
    x: Any, widths: tuple[tuple[int, int], ...], *, repeats_edge: bool
) -> Any:
    """Mirror an array at its edges, and turn it about the values there."""
    for axis, (before, after) in enumerate(widths):
        n = as_shape(x.shape)[axis]
        first = int(not repeats_edge)
        if not isinstance(n, int) or max(before, after) > n - first:
            message = "reflect_type='odd' has a rule for what is mirrored once alone"
            raise NotImplementedError(message)
        left, right = cut(x, axis, None, 1), cut(x, axis, -1, None)
        ahead = cut(x, axis, first, first + before)
        behind = cut(x, axis, n - first - after, n - first)
        x = _between(
            2 * left - flip(ahead, axis=axis), x, 2 * right - flip(behind, axis=axis),
            axis, (min(before, 1), min(after, 1)),
        )  # fmt: skip
    return x


def _between(before: Any, x: Any, after: Any, axis: int, times: tuple[int, int]) -> Any:
    """Put copies of one part before an array, and of another one behind it."""
    parts = []
    for part, count in ((before, times[0]), (x, 1), (after, times[1])):
        if count:
            parts.append(repeat(part, repeats=count, axis=axis) if count > 1 else part)
    return SPELLINGS[np.concatenate](parts, axis=axis) if len(parts) > 1 else x


# --- repeating ---------------------------------------------------------------------


def _repeat_vjp(g: Any, _y: Any, x: Any, *, repeats: int, axis: int) -> tuple[Any]:
    shape = (*x.shape[: axis + 1], repeats, *x.shape[axis + 1 :])
    return (sum_of(reshape(g, shape=shape), axis=axis + 1),)


def _repeat_spec(x: Spec, repeats: int, axis: int) -> Spec:
    return Spec(
        (*x.shape[:axis], x.shape[axis] * repeats, *x.shape[axis + 1 :]), x.kind
    )


def _repeated_element(index: Any, attrs: Any, *_specs: Any) -> str:
    axis = attrs["axis"] or 0
    places = list(index)
    places[axis] = f"{places[axis]} // {sized(attrs['repeats'])}"
    return f"{{0}}[{', '.join(places)}]"


repeat = register(
    Op(
        "repeat", ("x",), _repeat_spec,
        lambda _attrs, x: "np.repeat({0}, {repeats}, axis={axis})"
        if len(x.shape) > 1 else "np.repeat({0}, {repeats})",
        vjp=_repeat_vjp, attrs={"repeats": 1, "axis": None},
        samples=lambda rng: ((rng.normal(size=(3, 4)),), {"repeats": 2, "axis": 1}),
        traits=LINEAR, element=Placed(_repeated_element),
        js="R.repeat({0}, {repeats}, {axis})",
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


def _tiled_element(index: Any, _attrs: Any, specs: Any, _result: Any) -> str:
    pairs = zip(index, specs[0].shape, strict=True)
    return f"{{0}}[{', '.join(f'{i} % {sized(d)}' for i, d in pairs)}]"


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
        js="R.tile({0}, {reps})",
        element=Placed(_tiled_element),
    )
)


@spells(np.tile)
def _tile(x: Any, reps: Any) -> Any:
    times = as_shape(reps)
    for _ in range(len(times) - x.ndim):
        x = expand_dims(x, axis=0)
    times = (1,) * (x.ndim - len(times)) + times
    return tile(x, reps=times) if set(times) != {1} else x
