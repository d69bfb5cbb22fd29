"""What the user's code writes and reads again: the shortest form of it.

``h[t] = v`` and then ``h[t - 1]`` need no array to be read; an array of zeros that is
filled part by part is put together from the parts.
"""

from __future__ import annotations

from typing import Any

from derivo.errors import NotSupportedError
from derivo.graph.spec import Spec
from derivo.ops.assemble import assemble
from derivo.ops.index import WHOLE, embed, lie_apart, slice_, slice_spec
from derivo.ops.leaf import constant, fill
from derivo.ops.overlap import APART, SAME, WITHIN, Index, relation, relative
from derivo.ops.put import PLAIN, Kind, is_zero, put, writes_of
from derivo.ops.shape import broadcast_to, transpose
from derivo.ops.tidy import made_by, refilled


def settled(x: Any) -> Any:
    """Give the shortest form of what was just read or written."""
    if made_by(x, slice_):
        return _part_of(x.recorder.wrap(x.node.inputs[0]), x.node.attrs["index"])
    if made_by(x, put) and not x.node.attrs["kinds"]:
        base, value = (x.recorder.wrap(i) for i in x.node.inputs)
        return _written_into(base, value, x.node.attrs["indices"][0])
    if made_by(x, transpose):
        return _turned(x)
    return x


def _turned(x: Any) -> Any:
    """Write into an array itself what was written into its transpose."""
    wrap = x.recorder.wrap
    inner = wrap(x.node.inputs[0])
    shape = tuple(inner.node.spec.shape[a] for a in x.node.attrs["axes"])
    if made_by(inner, fill):
        return refilled(inner, shape)
    if not made_by(inner, put) or inner.node.attrs["kinds"]:
        return x
    turned = wrap(inner.node.inputs[0])
    back = x.node.attrs["axes"]
    if not made_by(turned, transpose) or turned.node.spec.rank != len(back):
        return x
    axes = turned.node.attrs["axes"]
    if tuple(axes[a] for a in back) != tuple(range(len(back))):
        return x
    result = wrap(turned.node.inputs[0])
    for write in writes_of(inner.node.attrs, inner.node.inputs):
        index = tuple(write.index[a] for a in back)
        kept = [a for a, entry in enumerate(write.index) if entry[0] == "cut"]
        order = tuple(kept.index(a) for a in back if a in kept)
        value = wrap(write.value)
        if value.node.spec.rank and order != tuple(range(len(order))):
            value = transpose(copied(value, write.place(turned.node.spec)), axes=order)
        result = _written_into(result, value, index)
    return result


def _part_of(x: Any, index: Index) -> Any:
    """Take a part of an array: if that was written, it is what was written there."""
    now = x
    while True:
        found = _written_at(now, index)
        if found is None:
            return slice_(now, index=index)
        value, is_settled = found
        if is_settled:
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
        base = x.node.inputs[0]
        for write in reversed(list(writes_of(x.node.attrs, x.node.inputs))):
            how = relation(shape, write.index, index) if not write.arrays else None
            if how != APART:
                return _of_part(x, write.index, wrap(write.value), how, index)
        return wrap(base), False
    parts = _parts_of(x)
    for own, part in parts:
        how = relation(shape, own, index)
        if how != APART:
            return _of_part(x, own, wrap(part), how, index)
    if not parts and not (made_by(x, fill) and place.rank):
        return None
    value = x.node.attrs["value"] if made_by(x, fill) else 0
    return copied(wrap(x.recorder.lift(value)), place), True


def _of_part(
    x: Any, own: Index, value: Any, how: str | None, index: Index
) -> tuple[Any, bool] | None:
    """Give what is at a place within the part `own`, that `value` was written into."""
    shape, place = x.node.spec.shape, slice_spec(x.node.spec, index)
    if how is None:
        return None
    if how == SAME or not value.node.spec.rank:
        return copied(value, place), True
    found = relative(shape, own, index)
    if found is None:
        return None
    whole = slice_spec(Spec(shape, place.kind), own)
    return _part_of(copied(value, whole), found), True


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
    number = value.node.attrs["value"] if made_by(value, constant) else None
    if number is not None and not value.node.spec.rank:
        number = float(number) if place.kind == "float" and not place.rank else number
        if not place.rank:
            return value.recorder.wrap(value.recorder.lift(number))
        attrs = {"value": number, "shape": place.shape, "kind": place.kind}
        return value.record(fill, (), attrs)
    return broadcast_to(value, shape=place.shape) if place.rank else value


def _written_into(x: Any, value: Any, index: Index) -> Any:
    is_own = made_by(value, slice_) and value.node.inputs[0] is x.node
    if is_own and value.node.attrs["index"] == index:
        return x  # ``y[0] += 1`` puts back what was changed in its place
    value = _without_zero(value)
    if all(e == WHOLE for e in index):
        return copied(value, x.node.spec)
    filled = _filled(x, value, index)
    return _patched(x, value, index) if filled is None else filled


def _patched(
    x: Any, value: Any, index: Index, arrays: tuple[Any, ...] = (), kind: Kind = PLAIN
) -> Any:
    """Write a part into any array, after what was written into it before."""
    shape, wrap = x.node.spec.shape, x.recorder.wrap
    base, kept = x, list[tuple[Index, Kind, tuple[Any, ...]]]()
    if made_by(x, put):
        base = wrap(x.node.inputs[0])
        for write in writes_of(x.node.attrs, x.node.inputs):
            plain = not write.arrays and not arrays
            how = relation(shape, index, write.index) if plain else None
            if how not in (SAME, WITHIN):
                own = tuple(wrap(n) for n in (write.value, *write.arrays))
                kept.append((write.index, write.kind, own))
    kept.append((index, kind, (value, *arrays)))
    kinds = tuple(k for _, k, _ in kept)
    return put(
        base,
        *(operand for _, _, own in kept for operand in own),
        indices=tuple(i for i, _, _ in kept),
        kinds=() if all(k == PLAIN for k in kinds) else kinds,
    )


def written_at(
    x: Any, value: Any, arrays: tuple[Any, ...], axis: int, distinct: bool | None = None
) -> Any:
    """Write into the places that integer arrays say, the last one if several do.

    Parameters
    ----------
    x, value
        Traced values; `value` fits the places or is copied to them.
    arrays
        Whole numbers for `axis` and the axes after it.
    distinct
        Whether no place stands twice, where that is known. If False, and it is not
        seen to be so, the write is refused.

    Raises
    ------
    NotSupportedError
        Places that may be the same, where they must not be.
    """
    sizes = x.node.spec.shape[axis : axis + len(arrays)]
    once = bool(distinct) or lie_apart(arrays, sizes)
    if distinct is False and not once:
        message = (
            "places that may be the same are written to, and each of them counts; "
            "np.add.at and np.subtract.at have a rule for that"
        )
        raise NotSupportedError(message)
    kind = (1 + len(arrays), axis, once)
    return _patched(x, value, (), arrays, kind)


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
        if is_zero(zero) and other.node.spec == value.node.spec:
            return other
    return value
