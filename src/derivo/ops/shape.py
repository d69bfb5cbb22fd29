"""Rearranging without computing: reshape, transpose, broadcast, and undoing it."""

from __future__ import annotations

import operator
from typing import Any, NoReturn

import numpy as np

from derivo.errors import ShapeError
from derivo.graph.dim import Dim, Size, divide, format_shape, product
from derivo.graph.element import Fold, Placed, Rearranged, sized
from derivo.graph.op import Op
from derivo.graph.spec import Spec, broadcast
from derivo.ops.catalogue import CATALOGUE, register, spells
from derivo.ops.infer import latex_summed, latex_transposed, normal_axis
from derivo.ops.leaf import eye, fill
from derivo.ops.tidy import made_by, number, operands, refilled

LINEAR = frozenset({"analytic"})
VIEW = frozenset({"analytic", "view"})


def as_dim(value: Any) -> Dim:
    """Read a dimension from an integer or from a traced size."""
    if hasattr(value, "as_dim"):
        value = value.as_dim()
    return value if isinstance(value, Size) else operator.index(value)


def as_shape(value: Any) -> tuple[Dim, ...]:
    """Read a shape from one size or a sequence of sizes."""
    if isinstance(value, int | np.integer | Size) or hasattr(value, "as_dim"):
        value = (value,)
    for d in value:
        if hasattr(d, "as_dim"):
            d.recorder.require(d.as_dim())  # no axis is shorter than nothing
    return tuple(as_dim(d) for d in value)


def as_array(value: Any) -> Any:
    """Give a value as an array; what is traced stays as it is."""
    if hasattr(value, "record") or isinstance(value, np.ndarray):
        return value
    return np.asarray(value)


def read_only(name: str) -> NoReturn:
    """Refuse to write into what a function gives to be read.

    Raises
    ------
    ShapeError
        Always.
    """
    message = f"what {name} gives can only be read; write into a copy of it"
    raise ShapeError(message)


def _reshape_spec(x: Spec, shape: Any) -> Spec:
    if product(x.shape) != product(shape):
        message = f"cannot reshape {format_shape(x.shape)} to {format_shape(shape)}"
        raise ShapeError(message)
    return Spec(shape, x.kind)


def _tidy_reshape(x: Any, *, shape: Any) -> Any:
    if x.node.spec.shape == shape:
        return x
    for op in (reshape, expand_dims, squeeze):
        for inner in operands(x, op):
            return reshape(inner, shape=shape)
    return refilled(x, shape)


def _reshaped_called(node: Any) -> list[tuple[str, tuple[Any, ...]]]:
    rank = node.spec.rank
    word = {1: "flat_{0}", 2: "rows_of_{0}"}.get(rank, "split_{0}")
    if rank >= node.inputs[0].spec.rank:
        word = "split_{0}"
    return [(word, node.inputs), ("reshaped", ())]


def _reshaped_element(index: Any, _attrs: Any, specs: Any, result: Any) -> str:
    """Read the element that has the same number in the order of rows."""
    flat = "0"
    for i, d in zip(index, result.shape, strict=True):
        flat = i if flat == "0" else f"({flat}) * {sized(d)} + {i}"
    places: list[str] = []
    for d in reversed(specs[0].shape):
        places.insert(0, "0" if d == 1 else f"({flat}) % {sized(d)}")
        flat = flat if d == 1 else f"({flat}) // {sized(d)}"
    return f"{{0}}[{', '.join(places)}]"


def _reshape_text(_attrs: Any, x: Any) -> str:
    # Without axes it may be a number of Python's.
    has_axes = bool(getattr(x, "shape", ()))
    return "{0}.reshape({shape})" if has_axes else "np.reshape({0}, {shape})"


reshape: Op = register(
    Op(
        "reshape", ("x",), _reshape_spec, _reshape_text,
        vjp=lambda g, _y, x, **_: (reshape(g, shape=x.shape) if g.ndim else g,),
        attrs={"shape": ()},
        latex=lambda attrs, *_: r"\operatorname{{reshape}}_{{\text{{"
        + "×".join(str(d).replace(" ", "") for d in attrs["shape"]) + "}}}}({0})",
        samples=lambda rng: ((rng.normal(size=(3, 4)),), {"shape": (2, 6)}),
        traits=LINEAR | {"reshapes"}, tidy=_tidy_reshape, called=_reshaped_called,
        written=lambda x, part, **_: reshape(part, shape=as_shape(x.shape)),
        js="R.reshape({0}, {shape})", element=Placed(_reshaped_element),
    )
)  # fmt: skip


@spells(np.reshape)
def _reshape(x: Any, shape: Any, order: str = "C", copy: Any = None) -> Any:
    del copy
    dims = _wanted(x, shape)
    if order == "F":
        # Column by column: row by row in the transpose.
        return permuted(_reshape(permuted(x), dims[::-1]))
    if order != "C":
        message = f"order={order!r} depends on how the array lies in memory; "
        raise NotImplementedError(message + "'C' and 'F' have a rule")
    return x if dims == as_shape(x.shape) else reshape(x, shape=dims)


def _wanted(x: Any, shape: Any) -> tuple[Dim, ...]:
    """Read a shape in which one size may be left open."""
    dims = as_shape(shape)
    if -1 in dims:
        known = product(d for d in dims if d != -1)
        dims = tuple(
            divide(product(as_shape(x.shape)), known) if d == -1 else d for d in dims
        )
    return dims


@spells(np.ravel)
def _ravel(x: Any, order: str = "C") -> Any:
    return _reshape(x, -1, "C" if order == "K" and x.ndim < 2 else order)


def _transpose_text(attrs: Any, *_specs: Any) -> str:
    if attrs["axes"] == (1, 0):
        return "{0}.T"
    rank = len(attrs["axes"])
    swapped = [i for i, a in enumerate(attrs["axes"]) if i != a]
    if len(swapped) == 2:
        i, j = (a - rank if min(swapped) >= rank - 2 else a for a in swapped)
        return f"np.swapaxes({{0}}, {i}, {j})"
    return "np.transpose({0}, {axes})"


def _transpose_spec(x: Spec, axes: Any) -> Spec:
    return Spec(tuple(x.shape[a] for a in axes), x.kind)


def _transpose_vjp(g: Any, _y: Any, _x: Any, *, axes: Any) -> tuple[Any]:
    return (transpose(g, axes=tuple(int(i) for i in np.argsort(axes))),)


def _transposed(index: Any, attrs: Any, *_shapes: Any) -> Any:
    return tuple(index[attrs["axes"].index(a)] for a in range(len(index)))


def _tidy_transpose(x: Any, *, axes: tuple[int, ...]) -> Any:
    if axes == tuple(range(len(axes))):
        return x
    for inner in operands(x, transpose):
        both = tuple(x.node.attrs["axes"][a] for a in axes)
        return inner if both == tuple(range(len(both))) else transpose(inner, axes=both)
    if made_by(x, eye):
        n, m, k = (x.node.attrs[name] for name in "nmk")
        return x.recorder.record(eye, (), {"n": m, "m": n, "k": -k})
    return refilled(x, tuple(x.node.spec.shape[a] for a in axes))


transpose = register(
    Op(
        "transpose", ("x",), _transpose_spec, _transpose_text, vjp=_transpose_vjp,
        algebra=lambda x, axes: x.transpose(axes),
        latex=latex_transposed, attrs={"axes": ()},
        samples=lambda rng: ((rng.normal(size=(2, 3, 4)),), {"axes": (2, 0, 1)}),
        traits=VIEW | {"turns"}, element=Rearranged(_transposed), tidy=_tidy_transpose,
        called=("turned_{0}",),
        written=lambda x, part, *, axes: _transpose_vjp(part, None, x, axes=axes)[0],
        js="R.transpose({0}, {axes})",
    )
)  # fmt: skip


@spells(np.transpose, np.permute_dims)
def permuted(x: Any, axes: Any = None) -> Any:
    """Give the axes in another order, backwards if none is said."""
    order = tuple(range(x.ndim))[::-1]
    if axes is not None:
        order = tuple(normal_axis(a, x.ndim)[0] for a in axes)
    if sorted(order) != list(range(x.ndim)):
        message = f"axes {tuple(axes)} do not name each of {x.ndim} axes once"
        raise ShapeError(message)
    return x if order == tuple(range(x.ndim)) else transpose(x, axes=order)


def _expand_spec(x: Spec, axis: int) -> Spec:
    a = axis % (x.rank + 1)
    return Spec((*x.shape[:a], 1, *x.shape[a:]), x.kind)


def _expand_text(attrs: Any, x: Any) -> str:
    rank = len(x.shape)
    a = attrs["axis"] % (rank + 1)
    if not rank:
        return "np.expand_dims({0}, 0)"  # it may be a number of Python's
    if a == rank > 1 and rank > 2:
        return "{0}[..., None]"
    return "{0}[" + ", ".join([":"] * a + ["None"]) + "]"


def _without_axis(index: Any, attrs: Any, *_shapes: Any) -> Any:
    a = attrs["axis"] % len(index)
    return index[:a] + index[a + 1 :]


def _with_axis(index: Any, attrs: Any, shape: Any, _result: Any) -> Any:
    (a,) = normal_axis(attrs["axis"], len(shape))
    return (*index[:a], "0", *index[a:])


def _tidy_expand(x: Any, *, axis: int) -> Any:
    shape = _expand_spec(x.node.spec, axis).shape
    for inner in operands(x, squeeze):
        (taken,) = normal_axis(x.node.attrs["axis"], inner.ndim)
        return inner if taken == axis % len(shape) else None
    return refilled(x, shape)


expand_dims = register(
    Op(
        "expand_dims", ("x",), _expand_spec, _expand_text,
        vjp=lambda g, _y, _x, *, axis: (squeeze(g, axis=axis),),
        algebra=lambda x, axis: x.expand_dims(axis), latex="{0}", attrs={"axis": 0},
        samples=lambda rng: ((rng.normal(size=(3, 4)),), {"axis": 1}), traits=VIEW,
        element=Rearranged(_without_axis), tidy=_tidy_expand,
        called=("wide_{0}",),
        written=lambda _x, part, *, axis: squeeze(part, axis=axis),
        js="R.reshape({0}, {result})",
    )
)  # fmt: skip


@spells(np.expand_dims)
def _expand_dims(x: Any, axis: Any) -> Any:
    count = len(axis) if isinstance(axis, tuple | list) else 1
    for a in normal_axis(axis, x.ndim + count):
        x = expand_dims(x, axis=a)
    return x


def _squeeze_spec(x: Spec, axis: int) -> Spec:
    (a,) = normal_axis(axis, x.rank)
    if x.shape[a] != 1:
        message = (
            f"cannot squeeze axis {axis} of {format_shape(x.shape)}: its size is not 1"
        )
        raise ShapeError(message)
    return Spec(x.shape[:a] + x.shape[a + 1 :], x.kind)


def _squeeze_text(attrs: Any, x: Any) -> str:
    rank = len(x.shape)
    (a,) = normal_axis(attrs["axis"], rank)
    before = ["..."] if a == rank - 1 > 1 else [":"] * a
    return f"{{0}}[{', '.join([*before, '0'])}]"


def _tidy_squeeze(x: Any, *, axis: int) -> Any:
    shape = _squeeze_spec(x.node.spec, axis).shape
    (a,) = normal_axis(axis, x.ndim)
    for inner in operands(x, expand_dims):
        return inner if a == x.node.attrs["axis"] % x.ndim else None
    for inner in operands(x, x.node.op) if x.node.op.name == "slice" else ():
        index = list(x.node.attrs["index"])
        place = [k for k, entry in enumerate(index) if entry[0] == "cut"][a]
        start, stop = index[place][1:3]
        if isinstance(start or 0, int) and stop == (start or 0) + 1:
            index[place] = ("at", start or 0)  # x[:, 2:3][:, 0] is x[:, 2]
            return x.node.op(inner, index=tuple(index))
    reduced = _reduced_without(x, a)
    if reduced is not None:
        return reduced
    factors = operands(x, CATALOGUE["matmul"]) if x.ndim == 2 else ()
    if factors:
        left, right = factors
        # A matrix times a column, as a vector: A @ v instead of (A @ v[:, None])[:, 0].
        if left.ndim == right.ndim == 2:
            vector = _less_an_axis(right if a else left, a - 2)
            if vector is not None:
                return left @ vector if a else vector @ right
    return refilled(x, shape)


def _reduced_without(x: Any, a: int) -> Any:
    """Give a sum that kept its axis, or the like, without it."""
    attrs = x.node.attrs
    if attrs.get("keepdims") and normal_axis(attrs["axis"], x.ndim) == (a,):
        for inner in operands(x, x.node.op):
            return x.node.op(inner, **{**attrs, "keepdims": False})
    for inner in operands(x, CATALOGUE["sum_to"]):
        whole, left = inner.node.spec.shape, x.node.spec.shape
        if (*whole[:a], 1, *whole[a + 1 :]) == left:
            return CATALOGUE["sum"](inner, axis=a, keepdims=False)
    return None


def _less_an_axis(x: Any, axis: int) -> Any:
    """Give a value without an axis that it was given (counted from the last one)."""
    for inner in operands(x, expand_dims):
        return inner if x.node.attrs["axis"] % x.ndim - x.ndim == axis else None
    parts = operands(x, x.node.op) if "elementwise" in x.node.op.traits else ()
    inner = [_less_an_axis(p, axis) if p.ndim else p for p in parts]
    if not parts or any(p is None for p in inner):
        return None
    return x.node.op(*inner, **x.node.attrs)


squeeze: Op = register(
    Op(
        "squeeze", ("x",), _squeeze_spec, _squeeze_text,
        # A single number needs no axes: it fits everything.
        vjp=lambda g, _y, _x, *, axis: (expand_dims(g, axis=axis) if g.ndim else g,),
        algebra=lambda x, axis: x.squeeze(axis), latex="{0}", attrs={"axis": None},
        samples=lambda rng: ((rng.normal(size=(3, 1, 4)),), {"axis": 1}), traits=VIEW,
        element=Rearranged(_with_axis), tidy=_tidy_squeeze,
        written=lambda _x, part, *, axis: expand_dims(part, axis=axis),
        js="R.reshape({0}, {result})",
    )
)  # fmt: skip


@spells(np.squeeze)
def _squeeze(x: Any, axis: Any = None) -> Any:
    shape = as_shape(x.shape)
    axes = [i for i, d in enumerate(shape) if d == 1] if axis is None else None
    for a in reversed(normal_axis(axis, x.ndim) if axes is None else axes):
        x = squeeze(x, axis=a)
    return x


def _broadcast_spec(x: Spec, shape: Any) -> Spec:
    if broadcast(x.shape, shape) != shape:
        message = f"cannot broadcast {format_shape(x.shape)} to {format_shape(shape)}"
        raise ShapeError(message)
    return Spec(shape, "float" if x.is_weak else x.kind)


def _broadcast_text(_attrs: Any, x: Any) -> str:
    if getattr(x, "is_weak", False):
        return "np.full({shape}, {0}, dtype={dtype})"
    return "np.broadcast_to({0}, {shape})"


def _copied_from(index: Any, _attrs: Any, shape: Any, _result: Any) -> Any:
    own = index[len(index) - len(shape) :]
    return tuple("0" if d == 1 else i for d, i in zip(shape, own, strict=True))


def _tidy_broadcast(x: Any, *, shape: Any) -> Any:
    if x.node.spec.shape == shape:
        return x
    for op in (broadcast_to, squeeze, expand_dims):
        for inner in operands(x, op):
            if _fits(inner, x, shape):
                return broadcast_to(inner, shape=shape)
    value = number(x)
    if value is not None:
        kind = "bool" if isinstance(value, bool) else "float"
        return x.recorder.record(
            fill, (), {"value": value, "shape": shape, "kind": kind}
        )
    return refilled(x, shape)


def _fits(inner: Any, x: Any, shape: Any) -> bool:
    """Tell whether a value is copied to the same places without an axis of size 1."""
    own, longer = inner.node.spec.shape, x.node.spec.shape
    if made_by(x, broadcast_to):
        return True
    if len(own) > len(shape):
        return False
    long, short = (own, longer) if len(own) > len(longer) else (longer, own)
    return bool(long == (1, *short))  # a leading axis comes by itself


broadcast_to = register(
    Op(
        "broadcast_to",
        ("x",),
        _broadcast_spec,
        _broadcast_text,
        # Broadcasting is undone by the engine, here as for every operation.
        vjp=lambda g, _y, _x, **_: (g,),
        algebra=lambda x, shape: x.broadcast_to(shape),
        latex="{0}",
        attrs={"shape": ()},
        samples=lambda rng: ((rng.normal(size=(3, 1)),), {"shape": (3, 4)}),
        traits=LINEAR,
        element=Rearranged(_copied_from),
        tidy=_tidy_broadcast,
        called=("copied_{0}", "copies"),
        written=lambda *_, **__: read_only("np.broadcast_to"),
        js="R.broadcastTo({0}, {shape})",
    )
)


@spells(np.broadcast_to)
def _broadcast_to(x: Any, shape: Any, subok: bool = False) -> Any:
    del subok
    dims = as_shape(shape)
    return x if dims == as_shape(x.shape) else broadcast_to(x, shape=dims)


def copied(value: Any, shape: Any, like: Any) -> Any:
    """Copy a value to a shape that may have sizes known by name, where `like` lives."""
    if hasattr(like, "record") and not hasattr(value, "record"):
        return like.record(broadcast_to, (value,), {"shape": shape})
    return broadcast_to(value, shape=shape)


def copied_axes(small: tuple[Dim, ...], large: tuple[Dim, ...]) -> tuple[int, ...]:
    """Give the axes of `large` along which an array of shape `small` was copied."""
    extra = len(large) - len(small)
    stretched = (
        extra + i for i, d in enumerate(small) if d == 1 and large[extra + i] != 1
    )
    return (*range(extra), *stretched)


def _sum_to_text(attrs: Any, x: Any) -> str:
    axes = copied_axes(attrs["shape"], x.shape)
    extra = len(x.shape) - len(attrs["shape"])
    axis: Any = axes[0] if len(axes) == 1 and len(x.shape) > 1 else axes
    where = "" if len(axes) == len(x.shape) else f", axis={axis}"
    if not extra:
        return f"np.sum({{0}}{where}, keepdims=True)"
    if len(axes) == extra:
        return f"np.sum({{0}}{where})"
    return f"np.sum({{0}}{where}).reshape({{shape}})"


def _summed_axes(attrs: Any, shape: Any) -> tuple[int, ...]:
    return copied_axes(attrs["shape"], shape)


def _sum_to_js(attrs: Any, x: Any) -> str:
    axes = list(copied_axes(attrs["shape"], x.shape))
    plain = len(axes) == len(x.shape) - len(attrs["shape"])
    summed = f"R.sum({{0}}, {axes})"
    return summed if plain else f"R.reshape({summed}, {{result}})"


# The adjoint of a value that was copied along some axes: add up over the copies.
sum_to = register(
    Op(
        "sum_to", ("x",), lambda x, shape: Spec(shape, x.kind), _sum_to_text,
        vjp=lambda g, _y, x, **_: (broadcast_to(g, shape=x.shape),),
        algebra=lambda x, shape: x.sum_to(shape),
        latex=lambda attrs, *s: latex_summed(
            () if not s else copied_axes(attrs["shape"], s[0].shape), *s
        ), attrs={"shape": ()},
        samples=lambda rng: ((rng.normal(size=(3, 4)),), {"shape": (1, 4)}),
        traits=LINEAR, element=Fold("0", "{acc} + {0}", _summed_axes),
        tidy=lambda x, *, shape: x if x.node.spec.shape == shape else None,
        called=("sum_{0}", "total"),
        js=_sum_to_js,
    )
)  # fmt: skip


def _plain(x: Any) -> Any:
    """Give what an operand is copied from: fewer axes, or a plain number."""
    for inner in operands(x, broadcast_to):
        return inner
    for inner in operands(x, expand_dims):
        # Axes of size 1 in front are copied along in any case, whichever came last.
        front = x.node.spec.shape[: x.node.attrs["axis"] % x.ndim + 1]
        return inner if all(d == 1 for d in front) else None
    if made_by(x, fill):
        return x.recorder.wrap(x.recorder.lift(x.node.attrs["value"]))
    return None


def without_copies(op: Op, args: tuple[Any, ...], attrs: dict[str, Any]) -> Any:
    """Leave the copying of an operand to the operation that reads it.

    ``np.broadcast_to(a, shape) * b`` is ``a * b``, and ``np.ones(shape) * b`` is b.
    """
    for k, x in enumerate(args):
        plain = _plain(x)
        if plain is None:
            continue
        shorter = (*args[:k], plain, *args[k + 1 :])
        specs = [a.node.spec for a in args], [a.node.spec for a in shorter]
        try:
            old, new = (op.infer(*s, **attrs) for s in specs)
        except ShapeError:
            continue
        # A mask times a number, say, would have to be made a mask of numbers first.
        nodes = tuple(x.recorder.lift(a) for a in shorter)
        if old == new and x.recorder.same_kind(op, nodes) == nodes:
            return op(*shorter, **attrs)
    return None


def with_one_new_axis(op: Op, args: tuple[Any, ...], attrs: dict[str, Any]) -> Any:
    """Add an axis of size 1 once, to the result: ``(a + b)[:, None]``."""
    inner: list[Any] = []
    axes = set()
    for x in args:
        if not x.ndim:
            inner.append(x)
            continue
        found = operands(x, expand_dims)
        if not found:
            return None
        axes.add(x.node.attrs["axis"] % x.ndim - x.ndim)
        inner += found
    if len(axes) != 1 or sum(1 for x in args if x.ndim) == 1:
        return None
    (axis,) = axes
    return expand_dims(op(*inner, **attrs), axis=axis)
