"""Windows that slide over an array: each place of a kernel beside the others."""

from __future__ import annotations

from typing import Any

import numpy as np

from derivo.errors import ShapeError
from derivo.graph.dim import format_shape
from derivo.graph.element import Index, Placed, Scattered, Unscripted
from derivo.graph.op import Op
from derivo.graph.spec import Spec
from derivo.ops import matrix_functions as plain
from derivo.ops.catalogue import register, spells
from derivo.ops.infer import normal_axis
from derivo.ops.shape import as_shape

_NO_PAGE = Unscripted("has windows of any number of axes, which no page shows")


def _windows_spec(x: Spec, window: Any, axes: Any) -> Spec:
    shape = list(x.shape)
    for size, axis in zip(window, axes, strict=True):
        length = shape[axis] - size + 1
        if isinstance(length, int) and length < 0:
            message = (
                f"windows of {format_shape(window)} do not fit into the shape "
                f"{format_shape(x.shape)}"
            )
            raise ShapeError(message)
        shape[axis] = length
    return Spec((*shape, *window), x.kind)


def _places(index: Index, axes: Any) -> tuple[str, ...]:
    """Give the place in the array, for a window and a place inside it."""
    rank = len(index) - len(axes)
    places = list(index[:rank])
    for axis, inside in zip(axes, index[rank:], strict=True):
        places[axis] = f"{places[axis]} + {inside}"
    return tuple(places)


def _element_of_window(index: Index, attrs: Any, *_specs: Any) -> str:
    return f"{{0}}[{', '.join(_places(index, attrs['axes']))}]"


def _place_of_element(index: Index, attrs: Any, *_specs: Any) -> tuple[str, ...]:
    return _places(index, attrs["axes"])


windows: Op = register(
    Op(
        "windows", ("x",), _windows_spec,
        "np.lib.stride_tricks.sliding_window_view({0}, {window}, {axes})",
        vjp=lambda g, _y, x, *, axes, **_: (
            add_windows(g, shape=as_shape(x.shape), axes=axes),
        ),
        attrs={"window": (), "axes": ()},
        samples=lambda rng: (
            (rng.normal(size=(2, 5, 6)),), {"window": (2, 3), "axes": (1, 2)},
        ),
        latex=r"\operatorname{{windows}} {0}", traits=frozenset({"analytic"}),
        called=("windows_of_{0}", "windows"), js=_NO_PAGE,
        element=Placed(_element_of_window),
    )
)  # fmt: skip

# Adjoint of `windows`: what stands at one place in several windows is added up.
add_windows: Op = register(
    Op(
        "add_windows", ("x",),
        lambda x, shape, **_: Spec(shape, "float" if x.is_weak else x.kind),
        "add_windows({0}, {shape}, {axes})",
        vjp=lambda g, _y, x, *, shape, axes: (
            windows(g, window=as_shape(x.shape)[len(shape) :], axes=axes),
        ),
        attrs={"shape": (), "axes": ()},
        samples=lambda rng: (
            (rng.normal(size=(2, 4, 4, 2, 3)),),
            {"shape": (2, 5, 6), "axes": (1, 2)},
        ),
        latex=r"\operatorname{{windows}}^T {0}", traits=frozenset({"analytic"}),
        helpers=(plain.add_windows,), js=_NO_PAGE,
        element=Scattered(_place_of_element),
    )
)  # fmt: skip


@spells(np.lib.stride_tricks.sliding_window_view)
def sliding_window_view(
    x: Any, window_shape: Any, axis: Any = None, *, subok: Any = False,
    writeable: Any = False,
) -> Any:  # fmt: skip
    """Give all windows of a shape, their own axes last."""
    del subok
    if writeable:
        message = "windows that are written into have no rule: they overlap"
        raise NotImplementedError(message)
    window = as_shape(window_shape)
    axes = tuple(range(x.ndim)) if axis is None else normal_axis(axis, x.ndim)
    if len(window) != len(axes) or len(set(axes)) < len(axes):
        message = (
            f"sliding_window_view: the windows {format_shape(window)} need one axis "
            f"each, not {axes}"
        )
        raise ShapeError(message)
    return windows(x, window=window, axes=axes)


# --- one window, at a place that is computed ------------------------------------------


def _window_spec(x: Spec, start: Spec, axis: int, length: Any) -> Spec:
    if start.rank:
        message = f"a window begins at one place, not at {format_shape(start.shape)}"
        raise ShapeError(message)
    return Spec((*x.shape[:axis], length, *x.shape[axis + 1 :]), x.kind)


def _between(attrs: Any) -> str:
    return ", ".join([":"] * attrs["axis"] + ["{1}:{1} + {length}"])


def _between_js(attrs: Any, rank: int) -> str:
    entries = ["R.ALL"] * rank
    entries[attrs["axis"]] = "[{1}, {1} + {length}, null]"
    return f"[{', '.join(entries)}]"


def _window_latex(attrs: Any, *_specs: Any) -> str:
    whole = r"\text{{:}}, " * attrs["axis"]
    return rf"{{0}}[{whole}{{1}}\text{{{{:}}}}{{1}} + {attrs['length']}]"


def _moved(index: Any, attrs: Any, *_specs: Any) -> tuple[str, ...]:
    """Give the place in the whole of an element of the window."""
    axis = attrs["axis"]
    return (*index[:axis], f"{index[axis]} + {{1}}", *index[axis + 1 :])


# The part ``x[i : i + k]`` of a fixed length that begins at a computed place i, where
# it lies in the array as a whole.
window: Op = register(
    Op(
        "window", ("x", "start"), _window_spec,
        lambda attrs, *_: f"{{0}}[{_between(attrs)}]",
        vjp=lambda g, _y, x, start, *, axis, length: (
            add_window(g, start, shape=as_shape(x.shape), axis=axis, length=length),
            None,
        ),
        attrs={"axis": 0, "length": 1},
        samples=lambda rng: (
            (rng.normal(size=(3, 6)), np.array(2)), {"axis": 1, "length": 3},
        ),
        latex=_window_latex, traits=frozenset({"analytic", "selects", "view"}),
        called=("window_of_{0}", "window"),
        js=lambda attrs, x, _start: f"R.slice({{0}}, {_between_js(attrs, x.rank)})",
        element=Placed(
            lambda index, attrs, *_: f"{{0}}[{', '.join(_moved(index, attrs))}]"
        ),
    )
)  # fmt: skip

# Its adjoint: zeros everywhere but there.
add_window: Op = register(
    Op(
        "add_window", ("g", "start"),
        lambda g, _start, shape, **_: Spec(shape, "float" if g.is_weak else g.kind),
        lambda attrs, *_: "{out} = np.zeros({shape}, dtype={dtype})\n"
        f"{{out}}[{_between(attrs)}] = {{0}}",
        vjp=lambda g, _y, _x, start, *, axis, length, **_: (
            window(g, start, axis=axis, length=length),
            None,
        ),
        attrs={"shape": (), "axis": 0, "length": 1},
        samples=lambda rng: (
            (rng.normal(size=(3, 3)), np.array(2)),
            {"shape": (3, 6), "axis": 1, "length": 3},
        ),
        latex=lambda attrs, *specs: r"\operatorname{{add}}_{{"
        + _window_latex(attrs, *specs).removeprefix("{0}") + "}}({0})",
        traits=frozenset({"analytic"}), called=("placed_{0}", "placed"),
        js=lambda attrs, g, _start: (
            f"R.embed({{0}}, {{shape}}, {_between_js(attrs, g.rank)})"
        ),
        element=Scattered(_moved),
    )
)  # fmt: skip
