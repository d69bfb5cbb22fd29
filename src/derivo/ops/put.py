"""Writing into parts of an array: a new array that is the old one but for a part."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from derivo.errors import ShapeError
from derivo.graph.dim import Dim, format_shape, product
from derivo.graph.element import Placed
from derivo.graph.op import Op
from derivo.graph.spec import Spec, broadcast
from derivo.ops.catalogue import register
from derivo.ops.elementwise import where
from derivo.ops.index import (
    WHOLE,
    gather,
    gather_spec,
    index_text,
    place_in_part,
    plain_text,
    slice_,
    slice_spec,
)
from derivo.ops.leaf import arange, fill, made
from derivo.ops.overlap import APART, Index, relation
from derivo.ops.shape import as_shape, expand_dims, reshape
from derivo.ops.tidy import is_number, made_by, operands

# What a write is beside its index: its number of operands (the value and the arrays of
# the index), the axis that the first array belongs to, and whether no place is written
# twice. A write without arrays has one operand.
Kind = tuple[int, int, bool]
PLAIN: Kind = (1, 0, True)


@dataclass(frozen=True)
class Write:
    """A value and where it goes.

    Attributes
    ----------
    index
        An entry for every axis; empty where arrays say the places.
    kind
        See `Kind`.
    first
        The place of the value among the operands.
    value
        What is written: a spec, an array or a traced value, as the operands are.
    arrays
        The arrays of the index.
    """

    index: Index
    kind: Kind
    first: int
    value: Any
    arrays: tuple[Any, ...] = ()

    def place(self, x: Spec) -> Spec:
        """Give the spec of what the write replaces in `x`."""
        if not self.arrays:
            return slice_spec(x, self.index)
        return gather_spec(x, *self.arrays, axis=self.kind[1])

    def is_apart(self, shape: tuple[Dim, ...], other: Write) -> bool:
        """Tell whether two writes have no place in common."""
        if self.arrays or other.arrays:
            return False
        return relation(shape, self.index, other.index) == APART


def writes_of(attrs: Any, operands: Any) -> Iterator[Write]:
    """Give the writes of a `put`, in their order."""
    first = 1
    kinds = attrs["kinds"] or (PLAIN,) * len(attrs["indices"])
    for index, kind in zip(attrs["indices"], kinds, strict=True):
        value, *arrays = operands[first : first + kind[0]]
        yield Write(index, kind, first, value, tuple(arrays))
        first += kind[0]


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


def _put_spec(x: Spec, *rest: Spec, **attrs: Any) -> Spec:
    for write in writes_of(attrs, (x, *rest)):
        _fits(write.value, write.place(x))
    return x


def _place_text(write: Write, k: int) -> str:
    """Write the index of the k-th write, without brackets."""
    if not write.arrays:
        return index_text(write.index, f"index{k}")
    arrays = [f"{{{write.first + j}}}" for j in range(1, write.kind[0])]
    return ", ".join([":"] * write.kind[1] + arrays)


def _put_text(attrs: Any, *operands: Any) -> str:
    lines = ["{out} = {0}.copy()"]
    for k, write in enumerate(writes_of(attrs, operands)):
        lines.append(f"{{out}}[{_place_text(write, k)}] = {{{write.first}}}")
    return "\n".join(lines)


def _put_formula(attrs: Any, *specs: Any) -> str:
    formula = "{0}"
    for write in writes_of(attrs, specs or [None] * 99):
        place = rf"\text{{{{{plain_text(write.index)}}}}}"
        if write.kind[0] > 1:
            axes = [r"\text{{:}}"] * write.kind[1]
            arrays = [f"{{{write.first + j}}}" for j in range(1, write.kind[0])]
            place = f"[{', '.join(axes + arrays)}]"
        word = rf"\operatorname{{{{put}}}}_{{{{{place}}}}}"
        formula = f"{word}({formula}, {{{write.first}}})"
    return formula


def _put_js(attrs: Any, *operands: Any) -> str:
    text = "{0}"
    for k, write in enumerate(writes_of(attrs, operands)):
        text = f"R.put({text}, {{{write.first}}}, {{indices_{k}}})"
        if write.arrays:
            listed = [f"{{{write.first + j}}}" for j in range(1, write.kind[0])]
            text = text.replace("R.put(", "R.putAt(", 1).rpartition(", ")[0]
            text = f"{text}, [{', '.join(listed)}], {write.kind[1]})"
    return text


def _put_element(index: Any, attrs: Any, specs: Any, result: Any) -> str:
    """Read an element of what was written there last; "" for writes at places."""
    text = f"{{0}}[{', '.join(index)}]" if index else "{0}"
    for write in writes_of(attrs, specs):
        if write.arrays:
            return ""
        part, shape = write.place(specs[0]), write.value.shape
        places, inside = place_in_part(index, write.index, part, result)
        own = places[len(places) - len(shape) :] if shape else []
        at = ["0" if d == 1 else i for d, i in zip(shape, own, strict=True)]
        read = f"{{{write.first}}}" + (f"[{', '.join(at)}]" if at else "")
        text = f"{read} if {inside} else ({text})"
    return text


def _put_vjp(
    g: Any, _y: Any, x: Any, *rest: Any, indices: Any, kinds: Any
) -> tuple[Any, ...]:
    attrs = {"indices": indices, "kinds": kinds}
    writes = list(writes_of(attrs, (x, *rest)))
    adjoints = [_without(g, writes)]
    for k, write in enumerate(writes):
        later = [w for w in writes[k + 1 :] if not w.is_apart(as_shape(x.shape), write)]
        own = _without(g, later) if later else g
        if write.arrays:
            adjoints.append(_where_last(gather(own, *write.arrays, axis=write.kind[1]),
                                        x, write))  # fmt: skip
        else:
            adjoints.append(slice_(own, index=write.index))
        adjoints += [None for _ in write.arrays]
    return tuple(adjoints)


def _without(g: Any, writes: list[Write]) -> Any:
    """Give an adjoint with zeros in the place of what was written."""
    operands = [o for w in writes for o in (0, *w.arrays)]
    kinds = tuple(w.kind for w in writes)
    plain = all(kind == PLAIN for kind in kinds)
    indices = tuple(w.index for w in writes)
    return put(g, *operands, indices=indices, kinds=() if plain else kinds)


def _where_last(g: Any, x: Any, write: Write) -> Any:
    """Give the adjoint of values of which the last one written to a place is there."""
    if write.kind[2]:
        return g
    axis, count = write.kind[1], len(write.arrays)
    shape = as_shape(x.shape)[axis : axis + count]
    common = broadcast(*(as_shape(a.shape) for a in write.arrays))
    numbers = reshape(made(arange, g, stop=product(common)), shape=common)
    kind = (1 + count, 0, True)
    blank = made(fill, g, value=0, shape=shape, kind="int")
    owner = put(blank, numbers, *write.arrays, indices=((),), kinds=(kind,))
    is_last = gather(owner, *write.arrays, axis=0) == numbers
    for _ in range(len(shape) + axis, x.ndim):
        is_last = expand_dims(is_last, axis=-1)
    return where(is_last, g, 0)


def _tidy_put(x: Any, *rest: Any, indices: Any, kinds: Any) -> Any:
    attrs = {"indices": indices, "kinds": kinds}
    (write, *more) = writes_of(attrs, (x, *rest))
    is_whole = all(e == WHOLE for e in write.index) and not write.arrays
    shape = x.node.spec.shape
    if is_whole and not more and write.value.node.spec.shape == shape:
        return write.value
    before = operands(x, put)
    if before and x.node.attrs["indices"] == indices and not any(kinds):
        return put(before[0], *rest, indices=indices, kinds=kinds)
    if is_zero(x) and all(is_zero(w.value) for w in (write, *more)):
        return x
    return None


def _put_words(node: Any) -> list[tuple[str, tuple[Any, ...]]]:
    value = node.inputs[1]
    if node.inputs[0].op is fill:  # what stands among zeros says most
        return [("{0}_in_place", (value,)), ("placed", ())]
    return [("new_{0}", (node.inputs[0],)), ("changed", ())]


# x with values in the place of parts of it, one after the other.
put: Op = register(
    Op(
        "put", ("x", "*values"), _put_spec, _put_text, vjp=_put_vjp,
        attrs={"indices": (), "kinds": ()},
        samples=lambda rng: (
            (rng.normal(size=(3, 4)), rng.normal(size=(2,)), rng.normal(size=(3, 2)),
             rng.integers(1, 4, 2)),
            {"indices": ((("at", 1), ("cut", 1, None, 2)), ()),
             "kinds": (PLAIN, (2, 1, False))}),
        latex=_put_formula, tidy=_tidy_put, called=_put_words,
        js=_put_js, traits=frozenset({"as_given"}),
        element=Placed(_put_element),
    )
)  # fmt: skip


def is_zero(x: Any) -> bool:
    """Tell whether a value is 0, or an array of zeros."""
    return is_number(x, 0) or (made_by(x, fill) and x.node.attrs["value"] == 0)
