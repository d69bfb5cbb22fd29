"""Writing into parts of an array: a new array that is the old one but for a part."""

from __future__ import annotations

from typing import Any

from derivo.errors import ShapeError
from derivo.graph.dim import Dim, format_shape
from derivo.graph.op import Op
from derivo.graph.spec import Spec, broadcast
from derivo.ops.assemble import assemble
from derivo.ops.catalogue import register
from derivo.ops.index import (
    WHOLE,
    Entry,
    embed,
    index_text,
    plain_text,
    slice_,
    slice_spec,
)
from derivo.ops.leaf import constant, fill
from derivo.ops.shape import broadcast_to
from derivo.ops.tidy import is_number, made_by, operands

Index = tuple[Entry, ...]


def _fits(value: Spec, place: Spec) -> None:
    try:
        fits = broadcast(value.shape, place.shape) == place.shape
    except ShapeError:
        fits = False
    if not fits:
        message = (
            f"an array of shape {format_shape(value.shape)} is written into a place of "
            f"shape {format_shape(place.shape)}"
        )
        raise ShapeError(message)


def _put_spec(x: Spec, value: Spec, index: Index) -> Spec:
    _fits(value, slice_spec(x, index))
    return x


def _tidy_put(x: Any, value: Any, *, index: Index) -> Any:
    if all(e == WHOLE for e in index) and value.node.spec.shape == x.node.spec.shape:
        return value
    before = operands(x, put)
    if before and x.node.attrs["index"] == index:
        return put(before[0], value, index=index)
    if _is_zero(x) and _is_zero(value):
        return x
    return None


def _put_formula(attrs: Any, *_: Any) -> str:
    place = rf"\text{{{{{plain_text(attrs['index'])}}}}}"
    return rf"\operatorname{{{{put}}}}_{{{{{place}}}}}({{0}}, {{1}})"


# x with `value` in the place of the part that the index says.
put: Op = register(
    Op(
        "put", ("x", "value"), _put_spec,
        lambda attrs, *_: "{out} = {0}.copy()\n"
        f"{{out}}[{index_text(attrs['index'])}] = {{1}}",
        vjp=lambda g, _y, _x, _v, *, index: (
            put(g, 0, index=index), slice_(g, index=index)),
        attrs={"index": ()},
        samples=lambda rng: ((rng.normal(size=(3, 4)), rng.normal(size=(2,))),
                             {"index": (("at", 1), ("cut", 1, None, 2))}),
        latex=_put_formula, tidy=_tidy_put,
        called=("patched_{0}", "patched"), js="R.put({0}, {1}, {index})",
    )
)  # fmt: skip


def _is_zero(x: Any) -> bool:
    return is_number(x, 0) or (made_by(x, fill) and x.node.attrs["value"] == 0)


# --- where two parts of an array lie -------------------------------------------------

SAME, APART, WITHIN = "same", "apart", "within"


def _first(n: Dim, place: Any) -> Dim:
    """Give a place counted from the front."""
    at: Dim = n + place if isinstance(place, int) and place < 0 else place
    return at


def _bounds(n: Dim, entry: Entry) -> tuple[Dim, Dim] | None:
    """Give where an index along an axis begins and ends; None for steps."""
    if entry[0] == "at":
        start = _first(n, entry[1])
        return start, start + 1
    if entry[3] is not None:
        return None
    start, stop = entry[1], entry[2]
    return (
        0 if start is None else _first(n, start),
        n if stop is None else _first(n, stop),
    )


def _along(n: Dim, part: Entry, other: Entry) -> str | None:
    """Tell how `other` lies to `part` on an axis: the same, apart, or within it."""
    if part == other:
        return SAME
    if isinstance(n, int) and all(
        p is None or isinstance(p, int) for p in (*part[1:], *other[1:])
    ):
        return _among_numbers(n, part, other)
    if part == WHOLE:
        return WITHIN
    own, its = _bounds(n, part), _bounds(n, other)
    if own is None or its is None:
        return None
    gaps = (its[0] - own[1], own[0] - its[1])
    if any(isinstance(g, int) and g >= 0 for g in gaps):
        return APART
    return SAME if own == its and part[0] == other[0] else None


def _among_numbers(n: int, part: Entry, other: Entry) -> str | None:
    own, its = _places(n, part), _places(n, other)
    if own == its and part[0] == other[0]:
        return SAME
    if not {*own} & {*its}:
        return APART
    return WITHIN if {*its} <= {*own} else None


def _places(n: int, entry: Entry) -> range:
    if entry[0] == "at":
        at = entry[1] % n
        return range(at, at + 1)
    return range(n)[slice(*entry[1:])]


def relation(shape: tuple[Dim, ...], part: Index, other: Index) -> str | None:
    """Tell how one part of an array lies to another.

    Returns
    -------
    str or None
        SAME places; APART, with none in common; WITHIN `part`; None if that is not
        known, or something else.
    """
    found = [_along(*t) for t in zip(shape, part, other, strict=True)]
    if APART in found:
        return APART
    if None in found:
        return None
    return WITHIN if WITHIN in found else SAME


def _relative(shape: tuple[Dim, ...], part: Index, other: Index) -> Index | None:
    """Give the index of what lies within a part, in that part."""
    entries: list[Entry] = []
    for n, own, its in zip(shape, part, other, strict=True):
        if own[0] == "at":
            continue
        if own == its:
            entries.append(WHOLE)
        elif own == WHOLE:
            entries.append(its)
        elif isinstance(n, int):
            places, wanted = _places(n, own), _places(n, its)
            found = [places.index(p) for p in wanted]
            if its[0] == "at":
                entries.append(("at", found[0]))
            else:
                step = found[1] - found[0] if len(found) > 1 else 1
                if step < 1:
                    return None
                stop = found[-1] + 1 if found else 0
                start = found[0] if found else 0
                entries.append(("cut", start, stop, None if step == 1 else step))
        else:
            return None
    return tuple(entries)


# --- reading and writing, as the user's code does it ---------------------------------


def settled(x: Any) -> Any:
    """Give the shortest form of what was just read or written.

    A part that was written is what was written there; an array of zeros that is filled
    piece by piece is put together from the pieces.
    """
    if made_by(x, slice_):
        return _part_of(x.recorder.wrap(x.node.inputs[0]), x.node.attrs["index"])
    if made_by(x, put):
        base, value = (x.recorder.wrap(i) for i in x.node.inputs)
        return _written_into(base, value, x.node.attrs["index"])
    return x


def _part_of(x: Any, index: Index) -> Any:
    now = x
    while True:
        found = _written_at(now, index)
        if found is None:
            return slice_(now, index=index)
        value, settled = found
        if settled:
            return value
        now = value


def _written_at(x: Any, index: Index) -> tuple[Any, bool] | None:
    """Give what was written at a place, and True; or an older array that is the same.

    None if neither is known.
    """
    shape = x.node.spec.shape
    place = slice_spec(x.node.spec, index)
    wrap = x.recorder.wrap
    if made_by(x, put):
        base, value = (wrap(i) for i in x.node.inputs)
        how = relation(shape, x.node.attrs["index"], index)
        if how == APART:
            return base, False
        return _of_part(shape, x.node.attrs["index"], value, how, index, place)
    for own, part in _parts_of(x):
        how = relation(shape, own, index)
        if how != APART:
            return _of_part(shape, own, wrap(part), how, index, place)
    if (_parts_of(x) and made_by(x, assemble, embed)) or (
        made_by(x, fill) and place.rank
    ):
        attrs = {"value": 0, "shape": shape, "kind": "float"}
        attrs = x.node.attrs if made_by(x, fill) else attrs
        if not place.rank:
            return wrap(x.recorder.lift(float(attrs["value"]))), True
        return x.record(fill, (), {**attrs, "shape": place.shape}), True
    return None


def _of_part(
    shape: Any, own: Index, value: Any, how: str | None, index: Index, place: Spec
) -> tuple[Any, bool] | None:
    if how is None:
        return None
    if value.node.spec.rank == 0 and (place.rank == 0 or how == WITHIN):
        return (value if not place.rank else copied(value, place)), True
    if how == SAME:
        return copied(value, place), True
    relative = _relative(shape, own, index)
    if relative is None:
        return None
    whole = slice_spec(Spec(shape, place.kind), own)
    return _part_of(copied(value, whole), relative), True


def _parts_of(x: Any) -> list[tuple[Index, Any]]:
    """Give the parts that an array of zeros was filled with; none if it is no such."""
    if made_by(x, embed):
        return [(x.node.attrs["index"], x.node.inputs[0])]
    if made_by(x, assemble) and not x.node.attrs["kinds"]:
        return list(zip(x.node.attrs["indices"], x.node.inputs, strict=True))
    return []


def copied(value: Any, place: Spec) -> Any:
    """Give a value in the shape of its place, and in its kind."""
    if value.node.spec.shape == place.shape and place.rank:
        return value
    if made_by(value, constant) and not value.node.spec.rank:
        attrs = {"value": value.node.attrs["value"], "shape": place.shape}
        return value.record(fill, (), {**attrs, "kind": place.kind})
    return broadcast_to(value, shape=place.shape) if place.rank else value


def _written_into(x: Any, value: Any, index: Index) -> Any:
    is_own = made_by(value, slice_) and value.node.inputs[0] is x.node
    if is_own and value.node.attrs["index"] == index:
        return x  # ``y[0] += 1`` puts back what was changed in its place
    value = _without_zero(value)
    if all(e == WHOLE for e in index):
        return copied(value, x.node.spec)
    if made_by(x, put) and x.node.attrs["index"] == index:
        return put(x.recorder.wrap(x.node.inputs[0]), value, index=index)
    filled = _filled(x, value, index)
    return put(x, value, index=index) if filled is None else filled


def _filled(x: Any, value: Any, index: Index) -> Any:
    """Write a part into an array of zeros that is filled part by part, or None."""
    shape = x.node.spec.shape
    zeros = made_by(x, fill) and x.node.attrs["value"] == 0
    if x.node.spec.kind != "float" or not (zeros or _parts_of(x)):
        return None
    kept: dict[Index, Any] = {}
    for own, part in _parts_of(x):
        if relation(shape, own, index) == APART:
            kept[own] = part
        elif relation(shape, index, own) not in (SAME, WITHIN):
            return None
    kept[index] = value.node
    values = tuple(x.recorder.wrap(p) for p in kept.values())
    return x.record(assemble, values, {"shape": shape, "indices": tuple(kept)})


def _without_zero(value: Any) -> Any:
    """Give what was added to nothing: ``y[i] += v`` in an array of zeros."""
    if value.node.op.name != "add":
        return value
    for k in (0, 1):
        zero, other = (value.recorder.wrap(value.node.inputs[j]) for j in (k, 1 - k))
        if _is_zero(zero) and other.node.spec == value.node.spec:
            return other
    return value
