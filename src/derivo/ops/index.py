"""Taking parts of an array, and putting them back."""

from __future__ import annotations

from typing import Any

import numpy as np

from derivo.errors import ShapeError
from derivo.graph.dim import Dim, Size, divide, excess, is_at_least, smaller
from derivo.graph.element import Placed, Scattered, sized
from derivo.graph.op import Op
from derivo.graph.spec import Spec, broadcast
from derivo.ops.catalogue import CATALOGUE, register
from derivo.ops.leaf import arange, constant, fill, triangle
from derivo.ops.shape import as_dim, as_shape, expand_dims, squeeze, transpose
from derivo.ops.tidy import is_number, made_by, operands, refilled

# A static index is a tuple with one entry per axis: ("at", i) or ("cut", start, stop,
# step), so that it can be compared, hashed and written.
Entry = tuple[Any, ...]
# Operations with their attributes, one after the other.
Steps = tuple[tuple[Op, dict[str, Any]], ...]


def static_index(shape: tuple[Dim, ...], index: tuple[Any, ...]) -> tuple[Entry, ...]:
    """Bring an index of integers and slices to the static form."""
    entries: list[Entry] = []
    for axis, part in enumerate(index):
        n = shape[axis]
        if isinstance(part, slice):
            given = (part.start, part.stop, part.step)
            entries.append(
                _shortest(n, *(None if p is None else as_dim(p) for p in given))
            )
        else:
            at = as_dim(part)
            if isinstance(at, int) and isinstance(n, int) and not -n <= at < n:
                message = f"index {at} is outside an axis of size {n}"
                raise ShapeError(message)
            entries.append(("at", at))
    entries += [("cut", None, None, None)] * (len(shape) - len(index))
    return tuple(entries)


def _shortest(n: Dim, start: Any, stop: Any, step: Any) -> Entry:
    """Leave out of a slice what is so by itself: ``0:n:1`` is ``:``."""
    step = None if step == 1 else step
    if step is None or (isinstance(step, int) and step > 0):
        start = None if start == 0 else start
        stop = None if stop == n else stop
    return ("cut", start, stop, step)


# A number as an end of a slice is clipped to the axis, as Python does it. An end that
# is a size by name is taken to lie on the axis, and behind the other one: `within`.


def cut_length(n: Dim, start: Any, stop: Any, step: Any) -> Dim:
    """Give the number of elements of ``[start:stop:step]`` on an axis of size `n`."""
    if start is None and stop is None and step in (None, 1, -1):
        return n
    step = 1 if step is None else step
    if isinstance(n, int) and all(
        p is None or isinstance(p, int) for p in (start, stop, step)
    ):
        return len(range(*slice(start, stop, step).indices(n)))
    if not isinstance(step, int) or not step:
        message = "the step of a slice is a number other than 0"
        raise ShapeError(message)
    if step < 0:
        last = -1 if stop is None else _place_from_behind(n, stop)
        length = excess(_place_from_behind(n, start) - last)
        return divide(length - step - 1, -step)
    length = _distance(n, start, stop)
    return length if step == 1 else divide(length + step - 1, step)


def _distance(n: Dim, start: Any, stop: Any) -> Dim:
    """Give how far the ends of a slice lie apart."""
    first: Dim = 0 if start is None else start
    end = _place(n, stop)
    if isinstance(first, int) and isinstance(stop, int) and (first < 0) == (stop < 0):
        # Numbers of one sign are in order wherever they lie, or are not.
        return end - _place(n, first) if first <= stop else 0
    # What begins beyond the end has no elements: there the start needs no clipping.
    begin = first if isinstance(first, int) and first >= 0 else _place(n, first)
    if _is_on_axis(start) or _is_on_axis(stop):
        return 0 if is_at_least(begin - end, 0) else end - begin
    return excess(end - begin)


def _place(n: Dim, end: Any) -> Dim:
    """Give the place between 0 and `n` where an end of a slice lies."""
    if end is None:
        return n
    if isinstance(end, int):
        return excess(n + end) if end < 0 else smaller(end, n)
    place: Dim = end  # taken to lie on the axis
    return n + place if _is_behind(place) else place


def _place_from_behind(n: Dim, end: Any) -> Dim:
    """Give the place between -1 and ``n - 1`` of an end of a slice that goes back."""
    if end is None:
        return n - 1
    if _is_behind(end) and end != 0:
        return excess(n + end + 1) - 1
    return smaller(end, n - 1)


def _is_behind(end: Dim) -> bool:
    """Tell whether a size by name counts from behind: ``x[-n:]``; -0 would not."""
    return is_at_least(-end, 0)


def _is_on_axis(end: Any) -> bool:
    """Tell whether an end of a slice is a size by name that is taken to be a place."""
    return isinstance(end, Size)


def within(n: Dim, entry: Entry) -> list[Dim]:
    """Give what must be 0 or more, so that a slice is as long as it is taken for.

    What is so whatever the names stand for is left out.
    """
    if entry[0] == "at":
        return []
    start, stop, step = entry[1], entry[2], entry[3] or 1
    named = [p for p in (start, stop) if _is_on_axis(p)]
    found = [-p - 1 if _is_behind(p) else p for p in named]
    if named and step > 0:
        found += [_place(n, p) for p in named]
        found.append(_distance(n, start, stop))
    if _is_on_axis(stop) and step > 0 and not _is_behind(stop):
        # In steps the end may lie beyond the axis, if the last element does not.
        length = found[-1]
        is_whole = divide(length, step) * step == length
        found.append(n - stop + (step - 1 if is_whole else 0))
    return [d for d in dict.fromkeys(found) if not is_at_least(d, 0)]


def slice_spec(x: Spec, index: tuple[Entry, ...]) -> Spec:
    """Give the spec of a part of an array."""
    shape = tuple(
        cut_length(n, *entry[1:])
        for n, entry in zip(x.shape, index, strict=True)
        if entry[0] == "cut"
    )
    return Spec(shape, x.kind)


# More whole axes before a part of an axis are written as `...`.
MOST_COLONS = 2


def index_text(index: tuple[Entry, ...], word: str = "index") -> str:
    """Write an index; the dimensions in it are fields that the writer fills in."""
    trimmed = list(index)
    while len(trimmed) > 1 and trimmed[-1] == ("cut", None, None, None):
        trimmed.pop()
    parts = []
    for k, entry in enumerate(trimmed):
        fields = [
            "" if p is None else f"{{{word}_{k}_{j}}}" for j, p in enumerate(entry[1:])
        ]
        if entry[0] == "at":
            parts.append(fields[0])
        else:
            parts.append(":".join(fields[:2]) + (f":{fields[2]}" if fields[2] else ""))
    before = next((k for k, part in enumerate(parts) if part != ":"), 0)
    if before > MOST_COLONS and len(parts) == len(index):
        parts[:before] = ["..."]
    return ", ".join(parts)


def plain_text(index: tuple[Entry, ...]) -> str:
    """Write an index as it stands in code, with its brackets."""
    template = index_text(index)
    fields = {
        f"index_{k}_{j}": str(p).replace(" ", "")
        for k, entry in enumerate(index) for j, p in enumerate(entry[1:])
    }  # fmt: skip
    return f"[{template.format(**fields)}]"


def placed(index: tuple[Entry, ...], k: int) -> str:
    """Write the formula of an array of zeros with a part put in its place."""
    place = rf"\text{{{{{plain_text(index)}}}}}"
    return rf"\operatorname{{{{put}}}}_{{{{{place}}}}}({{{k}}})"


def _picked(attrs: Any, x: Spec) -> list[tuple[int, int | None, Any]]:
    """Give the place of each entry of a part in the whole."""
    places: list[tuple[int, int | None, Any]] = []
    first: Dim
    axis = 0
    for n, entry in zip(x.shape, attrs["index"], strict=True):
        start, step = entry[1], 0 if entry[0] == "at" else entry[3] or 1
        if entry[0] == "at":
            first = n + start if isinstance(start, int) and start < 0 else start
        elif step > 0:
            first = 0 if start is None else _place(n, start)
        else:
            first = _place_from_behind(n, start)
        places.append((step, axis if step else None, first))
        axis += bool(step)
    return places


# --- parts of parts ----------------------------------------------------------------

WHOLE: Entry = ("cut", None, None, None)
_TURNED: Entry = ("cut", None, None, -1)


def _composed(
    shape: tuple[Dim, ...], first: tuple[Entry, ...], second: tuple[Entry, ...]
) -> tuple[Entry, ...] | None:
    """Give the one index that takes a part of a part; None where there is none."""
    later = list(second)
    entries: list[Entry] = []
    for n, entry in zip(shape, first, strict=True):
        if entry[0] == "at":
            entries.append(entry)
            continue
        found = _one_of_two(n, entry, later.pop(0))
        if found is None:
            return None
        entries.append(found)
    return tuple(entries)


def _one_of_two(n: Dim, first: Entry, second: Entry) -> Entry | None:
    if WHOLE in (first, second):
        return second if first == WHOLE else first
    if first == second == _TURNED:
        return WHOLE
    numbers = [p for p in (n, *first[1:], *second[1:]) if p is not None]
    if all(isinstance(p, int) for p in numbers):
        return _of_numbers(n, first, second)
    return _of_names(first, second)


def _of_names(first: Entry, second: Entry) -> Entry | None:
    """Compose two parts of an axis whose size is only a name."""
    start, stop, step = first[1:]
    is_plain = step is None and (start is None or is_at_least(start, 0))
    if not is_plain or any(p is not None and not is_at_least(p, 0) for p in second[1:]):
        return None
    shift = 0 if start is None else start
    if second[0] == "at":
        return ("at", second[1] + shift)
    begin = second[1] if start is None else (second[1] or 0) + shift
    end = stop if second[2] is None else second[2] + shift
    # The part may end before the place that the second index names.
    is_inside = stop is None or (is_at_least(stop, 0) and is_at_least(stop - end, 0))
    return ("cut", begin, end, second[3]) if is_inside else None


def _of_numbers(n: Any, first: Entry, second: Entry) -> Entry | None:
    """Compose two parts of an axis whose size is a number."""
    taken = range(n)[slice(*first[1:])]
    if second[0] == "at":
        return ("at", taken[second[1]])
    places = taken[slice(*second[1:])]
    if places.step < 0 or not places:
        return None
    return _shortest(n, places.start, places[-1] + 1, places.step)


def _tidy_slice(x: Any, *, index: tuple[Entry, ...]) -> Any:
    shape = x.node.spec.shape
    if all(e == WHOLE for e in index):
        return x
    for inner in operands(x, slice_):
        both = _composed(inner.node.spec.shape, x.node.attrs["index"], index)
        if both is not None:
            return slice_(inner, index=both)
    for inner in operands(x, embed):
        if x.node.attrs["index"] == index:
            return inner
    part = _part_of_stack(x, index)
    if part is not None:
        return part
    ones = [
        a
        for a, (n, e) in enumerate(zip(shape, index, strict=True))
        if n == 1 and e[0] == "at"
    ]
    if ones and all(e == WHOLE for a, e in enumerate(index) if a not in ones):
        for a in reversed(ones):
            x = squeeze(x, axis=a)
        return x
    return refilled(x, slice_spec(x.node.spec, index).shape)


def _part_of_stack(x: Any, index: tuple[Entry, ...]) -> Any:
    """Give what was stacked, where it is taken out again."""
    if x.node.op.name != "stack" or "item" in x.node.op.traits:  # one of a loop
        return None
    kind, place, *_ = index[x.node.attrs["axis"]]
    others = [e for a, e in enumerate(index) if a != x.node.attrs["axis"]]
    parts = operands(x, x.node.op)
    if kind != "at" or not isinstance(place, int) or set(others) - {WHOLE} or not parts:
        return None
    same_kind = parts[place].node.spec.kind == x.node.spec.kind
    return parts[place] if same_kind else None


def _tidy_embed(x: Any, *, shape: tuple[Dim, ...], index: tuple[Entry, ...]) -> Any:
    if all(e in (WHOLE, _TURNED) for e in index):
        return slice_(x, index=index)  # every place is filled
    for inner in operands(x, embed):
        both = _composed(shape, index, x.node.attrs["index"])
        if both is not None:
            return embed(inner, shape=shape, index=both)
    for inner in operands(x, expand_dims):
        at = _as_item(index, x.node.attrs["axis"] % x.ndim, shape)
        if at is not None:
            return embed(inner, shape=shape, index=at)
    ones = [a for a, (n, e) in enumerate(zip(shape, index, strict=True))
            if n == 1 and e[0] == "at"]  # fmt: skip
    if ones and all(e == WHOLE for a, e in enumerate(index) if a not in ones):
        for a in ones:
            x = expand_dims(x, axis=a)
        return x
    is_zero = is_number(x, 0) or (made_by(x, fill) and x.node.attrs["value"] == 0)
    if is_zero:
        attrs = {"value": 0, "shape": shape, "kind": "float"}
        return x.recorder.record(fill, (), attrs)
    return None


def _as_item(
    index: tuple[Entry, ...], axis: int, shape: tuple[Dim, ...]
) -> tuple[Entry, ...] | None:
    """Pick the one element of an axis by its place: ``[k:k + 1]`` becomes ``[k]``."""
    kept = [a for a, e in enumerate(index) if e[0] == "cut"]
    place = kept[axis]
    _, start, stop, step = index[place]
    n = shape[place]
    if n == 1 or step is not None or not isinstance(n, int):
        return None
    first, last, _ = slice(start, stop).indices(n)
    if last != first + 1:
        return None
    return (*index[:place], ("at", first), *index[place + 1 :])


def _part_element(index: Any, attrs: Any, specs: Any, _result: Any) -> str:
    """Read an element of a part where it lies in the whole."""
    places = []
    for step, axis, first in _picked(attrs, specs[0]):
        along = "0" if axis is None else f"{index[axis]} * {step}"
        places.append(f"{sized(first)} + {along}")
    return f"{{0}}[{', '.join(places)}]"


def _embedded_element(index: Any, attrs: Any, specs: Any, result: Any) -> str:
    """Read an element of the part, or 0 where there is none."""
    return embedded_element(index, attrs["index"], specs[0], result)


def embedded_element(
    at_place: Any, index: tuple[Entry, ...], part: Spec, result: Spec, number: int = 0
) -> str:
    """Write an element of zeros with a part put in its place: the operand `number`."""
    places, inside = place_in_part(at_place, index, part, result)
    read = f"{{{number}}}" + (f"[{', '.join(places)}]" if places else "")
    return f"{read} if {inside} else 0"


def place_in_part(
    at_place: Any, index: tuple[Entry, ...], part: Spec, result: Spec
) -> tuple[list[str], str]:
    """Give the place that an element has in a part, and the question if it is there."""
    places, inside = [], []
    picked = _picked({"index": index}, result)
    for at, (step, axis, first) in zip(at_place, picked, strict=True):
        if axis is None:
            inside.append(f"{at} == {sized(first)}")
            continue
        offset = f"({at} - {sized(first)})" if step > 0 else f"({sized(first)} - {at})"
        size, length = abs(step), part.shape[axis]
        inside += [f"{offset} >= 0", f"{offset} < {sized(length)} * {size}"]
        inside += [f"{offset} % {size} == 0"] if size > 1 else []
        places.append(f"{offset} // {size}" if size > 1 else offset)
    return places, " and ".join(inside) or "True"


slice_ = register(
    Op(
        "slice", ("x",), slice_spec,
        lambda attrs, *_: f"{{0}}[{index_text(attrs['index'])}]",
        vjp=lambda g, _y, x, *, index: (embed(g, shape=x.shape, index=index),),
        attrs={"index": ()},
        samples=lambda rng: ((rng.normal(size=(3, 4)),),
                             {"index": (("at", 1), ("cut", 1, None, 2))}),
        latex=lambda attrs, *_: rf"{{0}}\text{{{{{plain_text(attrs['index'])}}}}}",
        traits=frozenset({"analytic", "selects", "view"}), picks=_picked,
        tidy=_tidy_slice, called=("part_of_{0}", "part"),
        written=lambda x, part, *, index: CATALOGUE["put"](
            x, part, indices=(index,)),
        js="R.slice({0}, {index})", element=Placed(_part_element),
    )
)  # fmt: skip
# The adjoint of a part: zeros everywhere but there.
embed: Op = register(
    Op(
        "embed", ("x",),
        lambda x, shape, **_: Spec(shape, "float" if x.is_weak else x.kind),
        lambda attrs, *_: "{out} = np.zeros({shape}, dtype={dtype})\n"
        f"{{out}}[{index_text(attrs['index'])}] = {{0}}",
        vjp=lambda g, _y, _x, *, index, **_: (slice_(g, index=index),),
        attrs={"shape": (), "index": ()},
        samples=lambda rng: ((rng.normal(size=(2,)),), {
            "shape": (3, 4), "index": (("at", 1), ("cut", 1, None, 2))}),
        latex=lambda attrs, *_: placed(attrs["index"], 0),
        traits=frozenset({"analytic"}), tidy=_tidy_embed,
        called=("placed_{0}", "placed"),
        js="R.embed({0}, {shape}, {index})", element=Placed(_embedded_element),
    )
)  # fmt: skip


def gather_spec(x: Spec, *indices: Spec, axis: int) -> Spec:
    """Give the spec of what integer arrays pick."""
    picked = broadcast(*(i.shape for i in indices))
    return Spec(x.shape[:axis] + picked + x.shape[axis + len(indices) :], x.kind)


def _gather_text(attrs: Any, *operands: Any) -> str:
    fields = [":"] * attrs["axis"] + [f"{{{k}}}" for k in range(1, len(operands))]
    return "{0}[" + ", ".join(fields) + "]"


def _gather_formula(attrs: Any, *operands: Any) -> str:
    fields = [r"\text{{:}}"] * attrs["axis"]
    fields += [f"{{{k}}}" for k in range(1, len(operands))]
    return f"{{0}}[{', '.join(fields)}]"


def _scatter_formula(attrs: Any, *operands: Any) -> str:
    index = _gather_formula(attrs, *operands).removeprefix("{0}")
    return rf"\operatorname{{{{add}}}}_{{{{{index}}}}}({{0}})"


def added_at(axis: int, count: int, first: int = 0) -> str:
    """Write the line that adds operand `first` at the places the next ones give."""
    places = [f"{{{first + k}}}" for k in range(1, count + 1)]
    fields = ["slice(None)"] * axis + places
    index = fields[0] if len(fields) == 1 else f"({', '.join(fields)})"
    return f"np.add.at({{out}}, {index}, {{{first}}})"


def _scatter_text(attrs: Any, *operands: Any) -> str:
    zeros = "{out} = np.zeros({shape}, dtype={dtype})"
    if attrs["distinct"]:
        places = _gather_text(attrs, *operands).removeprefix("{0}")
        return f"{zeros}\n{{out}}{places} = {{0}}"
    return f"{zeros}\n{added_at(attrs['axis'], len(operands) - 1)}"


def _tidy_gather(x: Any, *indices: Any, axis: int) -> Any:
    """Take a slice where the places are numbers in even steps."""
    if len(indices) != 1 or not isinstance(x.node.spec.shape[axis], int):
        return None
    entry = _even_steps(indices[0], x.node.spec.shape[axis])
    return None if entry is None else slice_(x, index=_along(x.ndim, axis, entry))


def _tidy_scatter(
    g: Any, *indices: Any, shape: tuple[Dim, ...], axis: int, distinct: bool
) -> Any:
    """Put, where nothing can meet at one place, instead of adding."""
    if distinct:
        return None
    if len(indices) == 1:
        entry = _even_steps(indices[0], shape[axis])
        if entry is not None:
            return embed(g, shape=shape, index=_along(len(shape), axis, entry))
    if not lie_apart(indices, shape[axis : axis + len(indices)]):
        return None
    return scatter_add(g, *indices, shape=shape, axis=axis, distinct=True)


def _along(rank: int, axis: int, entry: Entry) -> tuple[Entry, ...]:
    return tuple(entry if a == axis else WHOLE for a in range(rank))


def _even_steps(places: Any, n: Dim) -> Entry | None:
    """Write places on an axis of size `n` as a slice, if they are in even steps up."""
    if made_by(places, arange):
        return _shortest(n, None, places.node.attrs["stop"], None)
    if not made_by(places, constant) or places.ndim != 1 or not isinstance(n, int):
        return None
    at = places.node.attrs["value"].array
    at = np.where(at < 0, at + n, at)
    steps = np.unique(np.diff(at))
    if not at.size or len(steps) > 1 or np.any(steps < 1):
        return None
    step = int(steps[0]) if steps.size else 1
    return _shortest(n, int(at[0]), int(at[-1]) + 1, step)


def lie_apart(indices: tuple[Any, ...], sizes: tuple[Dim, ...]) -> bool:
    """Tell whether no place is picked twice, as in ``p[np.arange(N), labels]``.

    `sizes` are those of the axes that the indices pick from.
    """
    rank = max(i.ndim for i in indices)
    picked = broadcast(*(i.node.spec.shape for i in indices))
    numbers = [made_by(i, constant) for i in indices]
    if _are_of_a_triangle(indices):
        return True
    if all(numbers):
        return _numbers_lie_apart(indices, sizes)
    for index, n, known in zip(indices, sizes, numbers, strict=True):
        # One axis on which no place comes twice is enough.
        whole = known and index.node.spec.shape == picked
        if whole and _numbers_lie_apart((index,), (n,)):
            return True
    counted = {
        rank - i.ndim + a
        for i, n in zip(indices, sizes, strict=True)
        for a in _counting_axes(i, n)
    }
    return all(a in counted or n == 1 for a, n in enumerate(picked))


def _are_of_a_triangle(indices: tuple[Any, ...]) -> bool:
    """Tell whether these are the rows and the columns of one triangle."""
    if len(indices) != 2 or not all(made_by(i, triangle) for i in indices):
        return False
    rows, columns = (i.node.attrs for i in indices)
    return bool({**rows, "axis": 0} == {**columns, "axis": 0} and rows != columns)


def _numbers_lie_apart(indices: tuple[Any, ...], sizes: tuple[Dim, ...]) -> bool:
    """Tell whether these numbers pick no place twice; -1 is the last place of `n`."""
    places = []
    for i, n in zip(indices, sizes, strict=True):
        value = i.node.attrs["value"]
        at = np.asarray(getattr(value, "array", value))
        if np.any(at < 0) and not isinstance(n, int):
            return False
        places.append(np.where(at < 0, at + n, at) if isinstance(n, int) else at)
    flat = np.stack([at.ravel() for at in np.broadcast_arrays(*places)])
    return bool(np.unique(flat, axis=1).shape[1] == flat.shape[1])


def _counting_axes(places: Any, n: Dim) -> tuple[int, ...]:
    """Give the axis along which places count up, if they change by no other."""
    if made_by(places, arange):
        return (0,)
    inner = [places.recorder.wrap(i) for i in places.node.inputs]
    if made_by(places, expand_dims):
        new = places.node.attrs["axis"]
        return tuple(a + (a >= new) for a in _counting_axes(inner[0], n))
    if made_by(places, CATALOGUE["add"]) and not min(i.ndim for i in inner):
        counting = max(inner, key=lambda i: i.ndim)
        # Moved by one number, which may be below 0: -1 and n - 1 are one place.
        fits = counting.ndim == 1 and is_at_least(n - counting.node.spec.shape[0], 0)
        return _counting_axes(counting, n) if fits else ()
    return ()


def _listed(operands: Any) -> str:
    """Write the integer arrays that pick."""
    return f"[{', '.join(f'{{{k}}}' for k in range(1, len(operands)))}]"


def _gather_js(_attrs: Any, *operands: Any) -> str:
    return f"R.gather({{0}}, {_listed(operands)}, {{axis}})"


def _scatter_js(_attrs: Any, *operands: Any) -> str:
    return f"R.scatter({{0}}, {_listed(operands)}, {{shape}}, {{axis}})"


def _gathered_element(index: Any, attrs: Any, specs: Any, _result: Any) -> str:
    """Read an element at the places that integers give."""
    places = _picked_place(index, attrs, specs[1:], specs[0])
    return f"{{0}}[{', '.join(places)}]"


def _scattered_place(index: Any, attrs: Any, specs: Any, result: Any) -> Any:
    """Give where an element is added: where `gather` would read it."""
    return _picked_place(index, attrs, specs[1:], result)


def _picked_place(
    index: Any, attrs: Any, indices: tuple[Spec, ...], whole: Spec
) -> tuple[str, ...]:
    """Give the place that integers pick; negative ones count from behind."""
    axis = attrs["axis"]
    rank = max(s.rank for s in indices)
    inner = index[axis : axis + rank]
    places = list(index[:axis])
    for k, spec in enumerate(indices, start=1):
        own = inner[rank - spec.rank :]
        at = ["0" if d == 1 else i for d, i in zip(spec.shape, own, strict=True)]
        n = sized(whole.shape[axis + k - 1])
        place = f"{{{k}}}[{', '.join(at)}]" if at else f"{{{k}}}"
        places.append(f"index_within({place}, {n})")
    return (*places, *index[axis + rank :])


# Rows picked by integer arrays, as in logp[np.arange(n), labels] or table[words]. The
# indices stand next to each other, the first of them on `axis`.
gather = register(
    Op(
        "gather", ("x", "*indices"), gather_spec, _gather_text,
        vjp=lambda g, _y, x, *i, axis: (scatter_add(g, *i, shape=x.shape, axis=axis),
                                        *(None for _ in i)),
        attrs={"axis": 0},
        samples=lambda rng: ((rng.normal(size=(3, 4)), rng.integers(0, 3, 5)), {}),
        latex=_gather_formula, traits=frozenset({"analytic", "selects"}),
        called=("picked_{0}", "picked"), tidy=_tidy_gather,
        js=_gather_js, element=Placed(_gathered_element),
    )
)  # fmt: skip
scatter_add: Op = register(
    Op(
        "scatter_add",
        ("g", "*indices"),
        lambda g, *_i, shape, **_: Spec(shape, "float" if g.is_weak else g.kind),
        _scatter_text,
        vjp=lambda g, _y, _x, *i, axis, **_: (
            gather(g, *i, axis=axis),
            *(None for _ in i),
        ),
        attrs={"shape": (), "axis": 0, "distinct": False},
        samples=lambda rng: (
            (rng.normal(size=(5, 4)), rng.integers(0, 3, 5)),
            {"shape": (3, 4)},
        ),
        tidy=_tidy_scatter,
        latex=_scatter_formula,
        called=("scattered_{0}", "scattered"),
        traits=frozenset({"analytic"}),
        js=_scatter_js,
        element=Scattered(_scattered_place),
    )
)


def cut(x: Any, axis: int, start: Any, stop: Any) -> Any:
    """Take ``[start:stop]`` along one axis."""
    index = [("cut", None, None, None)] * x.ndim
    index[axis] = ("cut", start, stop, None)
    return slice_(x, index=tuple(index))


def _is_array(part: Any) -> bool:
    return isinstance(part, list | np.ndarray) or (
        hasattr(part, "node") and not hasattr(part, "as_dim")
    )


def getitem(x: Any, index: Any) -> Any:
    """Take a part of `x`: integers, slices, None, ... and integer arrays."""
    found = places_in(x, index)
    steps, arrays, axis = (steps_to(x, index), (), 0) if found is None else found
    for op, attrs in steps:
        x = op(x, **attrs)
    return gather(x, *arrays, axis=axis) if arrays else x


def steps_to(x: Any, index: Any) -> Steps:
    """Give the operations that take a part which lies in the memory of `x`.

    Returns
    -------
    tuple
        Operation and attributes, in their order.
    """
    return _steps(x, _parts_of(x, index))


def places_in(x: Any, index: Any) -> tuple[Steps, tuple[Any, ...], int] | None:
    """Give the operations that lead to where the arrays of an index pick.

    Returns
    -------
    tuple or None
        The operations, the arrays, and the axis of the first one; None if the index
        has no arrays.
    """
    parts = _parts_of(x, index)
    if not any(map(_is_array, parts)):
        return None
    return _gathered(x, parts)


def _parts_of(x: Any, index: Any) -> list[Any]:
    given = index if isinstance(index, tuple) else (index,)
    return spelled_out(x, [_counted_out(p) for p in given])


def _steps(x: Any, parts: list[Any]) -> Steps:
    taken = [p for p in parts if p is not None]
    steps: list[tuple[Op, dict[str, Any]]] = []
    if any(not isinstance(p, slice) or p != slice(None) for p in taken):
        entries = static_index(as_shape(x.shape), tuple(taken))
        _require_within(x, entries)
        if not set(entries) <= {WHOLE}:
            steps.append((slice_, {"index": entries}))
    position = 0
    for p in parts:
        if p is None:
            steps.append((expand_dims, {"axis": position}))
        position += p is None or isinstance(p, slice)
    return tuple(steps)


def _require_within(x: Any, entries: tuple[Entry, ...]) -> None:
    """Note what must hold for a part to be as long as it is taken for."""
    for n, entry in zip(as_shape(x.shape), entries, strict=True):
        for needed in within(n, entry):
            x.recorder.require(needed)


def _counted_out(part: Any) -> Any:
    """Give the numbers of a ``range`` as an array, and of a tuple as a list."""
    if isinstance(part, range):
        return np.arange(part.start, part.stop, part.step)
    if isinstance(part, tuple):
        part = list(part)
    if isinstance(part, list) and not part:
        return np.zeros(0, np.int64)  # as NumPy reads it in an index
    return part.as_array() if hasattr(part, "as_array") else part


def spelled_out(x: Any, parts: list[Any]) -> list[Any]:
    """Replace ... and constant masks, so that there is a part for every axis."""
    spelled: list[Any] = []
    for p in parts:
        mask = np.asarray(p) if isinstance(p, list | np.ndarray) else None
        if mask is not None and mask.dtype == bool:
            spelled += np.nonzero(mask)  # its size is known: the mask is a constant
        elif isinstance(p, bool) or (_is_array(p) and _kind(p) not in "iu"):
            message = (
                (
                    "an index of booleans gives an array whose size depends on its "
                    "values; write np.where(mask, x, 0) or multiply by the mask"
                )
                if isinstance(p, bool) or _kind(p) == "b"
                else "an index must hold integers"
            )
            raise ShapeError(message)
        else:
            spelled.append(p)
    given = sum(1 for p in spelled if p is not None and p is not Ellipsis)
    if given > x.ndim:
        message = f"{given} indices for an array with {x.ndim} axes"
        raise ShapeError(message)
    dots = [i for i, p in enumerate(spelled) if p is Ellipsis]
    k = dots[0] if dots else len(spelled)
    spelled[k : k + 1] = [slice(None)] * (x.ndim - given)
    return spelled


def _kind(part: Any) -> str:
    kind: str = (np.asarray(part) if isinstance(part, list) else part).dtype.kind
    return kind


def _gathered(x: Any, parts: list[Any]) -> tuple[Steps, tuple[Any, ...], int]:
    """Take integers, slices and new axes first, then what the integer arrays pick."""
    kept = [p is None or isinstance(p, slice) for p in parts]
    places = [i for i, whole in enumerate(kept) if not whole]
    adjacent = places == list(range(places[0], places[-1] + 1))
    static = [slice(None) if _is_array(p) else p for p in parts]
    steps = list(_steps(x, static))
    left = [p for p, whole in zip(parts, kept, strict=True) if whole or _is_array(p)]
    axes = [i for i, p in enumerate(left) if _is_array(p)]
    arrays = tuple(
        np.asarray(left[i]) if isinstance(left[i], list) else left[i] for i in axes
    )
    first = axes[0]
    if axes != list(range(first, first + len(axes))) or not adjacent:
        # NumPy puts what separated indices pick in front.
        order = (*axes, *(i for i in range(len(left)) if i not in axes))
        if order != tuple(range(len(left))):
            steps.append((transpose, {"axes": order}))
        first = 0
    return tuple(steps), arrays, first
