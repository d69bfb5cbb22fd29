"""Lists that a plain loop appends to, and dicts with a key for every step.

While the loop is traced such a list is an array with a row for each of its elements.
After the loop it still is one, and NumPy takes it for the list that it was.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from typing import Any, Self

import numpy as np

from derivo.errors import TraceError
from derivo.graph.dim import Dim, format_shape, is_at_least, symbol
from derivo.graph.nest import leaves, rebuilt
from derivo.ops.leaf import fill
from derivo.ops.shape import as_dim
from derivo.trace.loops.frames import begins_a_for
from derivo.trace.loops.loop import lifted
from derivo.trace.loops.places import Place, Places, all_numeric, same_structure
from derivo.trace.loops.runs import Run, Step
from derivo.trace.sizes.numbered import at_step, numbers_in


class Watched(list[Any]):
    """A list that a loop may append to, while a step is traced for the first time."""

    def __getitem__(self, key: Any) -> Any:
        # Any element will do: what is computed from it is thrown away.
        return super().__getitem__(-1 if hasattr(key, "as_dim") else key)


class WatchedDict(dict[Any, Any]):
    """A dict that a loop may fill, while a step is traced for the first time."""

    def __missing__(self, key: Any) -> Any:
        if not hasattr(key, "as_dim") or not self:
            raise KeyError(key)
        return next(reversed(self.values()))


class Gathered(Run):
    """What a loop has gathered, or gathers: rows of an array.

    Parameters
    ----------
    recorder
        What records.
    nest
        The array; several in a nest, if each element is a nest.
    loop
        The loop that gathers.
    lowest
        The key of the first row of a dict; 0 for a list.
    count
        How many rows there are so far.
    """

    __slots__ = ("count", "loop", "lowest", "nest", "recording")

    def __init__(
        self, recorder: Any, nest: Any, loop: Any, lowest: Dim, count: Dim
    ) -> None:
        self.recording, self.nest, self.loop = recorder, nest, loop
        self.lowest, self.count = lowest, count

    # --- what lists and dicts do ------------------------------------------------------

    def append(self, element: Any) -> None:
        """Add an element."""
        open_loops = self.recording.loops
        if not open_loops or open_loops[-1] is not self.loop:
            self._refuse("grows in another loop than the one that it first grew in")
        if not same_structure(self.nest, element):
            self._refuse("gets an element of another structure than the others")
        self._put(self.count, element)
        self.count = self.count + 1

    def __iadd__(self, elements: Any) -> Self:
        for element in elements:
            self.append(element)
        return self

    extend = __iadd__

    def __bool__(self) -> bool:
        if not is_at_least(self.count, 1):
            self._refuse("is asked whether it is empty")
        return True

    def __setitem__(self, key: Any, element: Any) -> None:
        self._put(self._row(key), element)

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, slice):
            rows = rebuilt(self.nest, lambda a: a[key])
            length = next(leaves(rows)).node.spec.shape[0]
            return Gathered(self.recording, rows, None, 0, length)
        row = self.recording.size(self._row(key))
        return rebuilt(self.nest, lambda a: a[row])

    def get(self, key: Any, default: Any = None) -> Any:
        """Give an element; all that may be asked for are there."""
        del default
        return self[key]

    def _row(self, key: Any) -> Dim:
        place = as_dim(key)
        is_list = self.lowest == 0
        return self.count + place if is_list and _is_below_0(place) else (
            place - self.lowest
        )  # fmt: skip

    def _put(self, row: Dim, element: Any) -> None:
        place = self.recording.size(row)
        for array, value in zip(leaves(self.nest), leaves(element), strict=True):
            array[place] = value

    def _refuse(self, what: str) -> Any:
        self.recording.refuse(
            TraceError, f"a list that a loop over a named axis appends to {what}",
            "fill an array made with np.zeros before the loop: out[t] = ...",
        )  # fmt: skip

    # --- what NumPy sees --------------------------------------------------------------

    def as_array(self) -> Any:
        """Give all elements as one array, one below the other."""
        if not hasattr(self.nest, "node"):
            self._refuse("has tuples, lists or dicts as elements, and is no array")
        return self.nest

    def record(self, op: Any, args: tuple[Any, ...], attrs: dict[str, Any]) -> Any:
        """Record an operation of which the array is an operand."""
        return self.recording.record(op, args, attrs)

    @property
    def node(self) -> Any:
        """The array, as the list is one to NumPy; one of tuples has none."""
        if not hasattr(self.nest, "node"):
            message = "a list of tuples, lists or dicts is no array"
            raise AttributeError(message)
        return self.as_array().node

    def __array_function__(
        self, function: Any, _types: Any, args: tuple[Any, ...], options: dict[str, Any]
    ) -> Any:
        if function in _JOINING:
            return _joined(self, function, *args[1:], **options)
        args = tuple(a.as_array() if isinstance(a, Gathered) else a for a in args)
        return function(*args, **options)

    def __iter__(self) -> Iterator[Any]:
        if not begins_a_for(sys._getframe(1)):  # noqa: SLF001  who asks
            return iter([AllOf(self)])  # NumPy looks for what can tell it how to join
        steps: Iterator[Any] = self.recording.steps_along(self)
        return steps

    # --- a run ------------------------------------------------------------------------

    @property
    def recorder(self) -> Any:
        """What records."""
        return self.recording

    @property
    def length(self) -> Dim:
        """Number of elements."""
        return self.count

    def item(self, step: Step, *, backward: bool) -> Any:
        """Give one element."""
        return rebuilt(self.nest, lambda a: step.row(a[::-1] if backward else a))


class AllOf:
    """All elements of a list, where a function of NumPy goes through the list."""

    __slots__ = ("gathered",)

    def __init__(self, gathered: Gathered) -> None:
        self.gathered = gathered

    def __array_function__(
        self, function: Any, types: Any, args: tuple[Any, ...], options: dict[str, Any]
    ) -> Any:
        if args[0] is not self.gathered and all_of(args[0]) is not self.gathered:
            self.gathered._refuse("is taken apart")  # noqa: SLF001  its own message
        return self.gathered.__array_function__(function, types, args, options)

    def record(self, op: Any, args: tuple[Any, ...], attrs: dict[str, Any]) -> Any:
        """Record an operation on all elements."""
        return self.gathered.record(op, args, attrs)

    def __getattr__(self, name: str) -> Any:
        return self.gathered._refuse("is taken apart")  # noqa: SLF001


def all_of(value: Any) -> Gathered | None:
    """Give what a list holds that was written in one piece, over a named axis."""
    is_list = type(value) is list and len(value) == 1 and type(value[0]) is AllOf
    return value[0].gathered if is_list else None


def whole_of(value: Any) -> Any:
    """Give the array of a list over a named axis; anything else as it is."""
    found = run_of(value)
    return found.as_array() if isinstance(found, Gathered) else value


def run_of(value: Any) -> Any:
    """Give a list over a named axis as what can be run along; else the value."""
    found = all_of(value)
    return value if found is None else found


def list_being_made(recorder: Any, length: int, first: int) -> list[Any] | None:
    """Find the list that a comprehension is making: nobody else knows it yet.

    Parameters
    ----------
    recorder
        What records its elements.
    length
        How many elements it has.
    first
        Number of the first node of which its last element may be made.

    Returns
    -------
    list or None
        None if there is none, or more than one.
    """
    found = [
        thing for thing in gc.get_objects()
        if type(thing) is list and len(thing) == length
        and all_numeric([whole_of(thing[-1])])
        and any(_is_made_since(v, recorder, first) for v in leaves(whole_of(thing[-1])))
    ]  # fmt: skip
    return found[0] if len(found) == 1 else None


def _is_made_since(value: Any, recorder: Any, first: int) -> bool:
    is_own = hasattr(type(value), "way") and value.recorder is recorder
    return bool(is_own and value.node.index >= first)


def _is_below_0(place: Dim) -> bool:
    return isinstance(place, int) and place < 0


_JOINING = {np.stack, np.concatenate, np.vstack, np.hstack, np.column_stack}


def _joined(gathered: Gathered, function: Any, axis: int = 0) -> Any:
    """Join the elements, as a function of NumPy does that takes a list of them."""
    rows = gathered.as_array()
    rank = rows.ndim - 1
    if function is np.stack:
        return np.moveaxis(rows, 0, axis)
    if function is np.vstack:
        rows = rows if rank else rows[:, None]
        return rows if rank < 2 else _merged(rows, 0)
    if function is np.column_stack and rank < 2:
        return rows.T if rank else rows[None]
    if function in {np.hstack, np.column_stack}:
        axis = min(rank - 1, 1) if rank else 0
        rows = rows if rank else rows[:, None]
    return _merged(np.moveaxis(rows, 0, axis % max(rank, 1)), axis % max(rank, 1))


def _merged(x: Any, axis: int) -> Any:
    """Make one axis of two that follow each other."""
    shape = x.shape
    return x.reshape(
        *shape[:axis], shape[axis] * shape[axis + 1], *shape[axis + 2 :]
    )  # fmt: skip


# --- while the loop is traced ---------------------------------------------------------


class Gatherings:
    """The lists and dicts that the steps of a loop fill.

    Parameters
    ----------
    recorder
        What records.
    loop
        The loop: its `number` and `run`.
    places
        What it can change.
    """

    def __init__(self, recorder: Any, loop: Any, places: Places) -> None:
        self.recorder, self.loop, self.places = recorder, loop, places
        self.watched: dict[int, tuple[Any, Any]] = {}
        self.names: dict[int, str] = {}
        self.at: dict[Place, Any] = {}
        for place, value in places.values():
            if _may_grow(value):
                kind = Watched if isinstance(value, list) else WatchedDict
                pair = self.watched.setdefault(id(value), (value, kind(value)))
                self.at[place] = pair[1]
                self.names.setdefault(id(pair[1]), place.name)
        self.grown: dict[int, tuple[Any, Dim, Dim, bool]] = {}

    def look(self) -> bool:
        """See what has grown in the first trial; tell whether something has."""
        places, self.at = self.at, {}
        for place, watched in places.items():
            before = next(b for b, w in self.watched.values() if w is watched)
            if id(watched) not in self.grown and len(watched) > len(before):
                self._note(before, watched)
            if id(watched) in self.grown:
                self.at[place] = watched
        return bool(self.at)

    def put(self) -> dict[Place, Any]:
        """Give what a step finds in the places of lists and dicts that grow."""
        done: Dim = symbol(self.loop.number, 0)
        if self.loop.backward:
            done = self.loop.run.length - 1 - done
        made = {
            key: Gathered(self.recorder, nest, self.loop, first,
                          count + done if grows else count)
            for key, (nest, first, count, grows) in self.grown.items()
        }  # fmt: skip
        return {p: made.get(id(watched), watched) for p, watched in self.at.items()}

    def end(self) -> None:
        """Let the lists be as long as they are after the loop."""
        for place in self.at:
            gathered = self.places.get(place)
            if isinstance(gathered, Gathered) and gathered.loop is self.loop:
                number = next(leaves(gathered.nest)).node.spec.shape[0]
                gathered.count, gathered.loop = number, None

    def _note(self, before: Any, watched: Any) -> None:
        """Make the arrays for a list or dict that has grown by one in a step."""
        keys = [k for k in dict(_items(watched)) if k not in dict(_items(before))]
        is_list = isinstance(watched, list)
        if not is_list:
            keys = [k for k in keys if self.loop.number in numbers_in(_dim(k))]
        if not keys:
            return
        if len(keys) > 1:
            self._refuse(f"gets {len(keys)} elements in each step of this loop")
        element = dict(_items(watched))[keys[0]]
        if not all_numeric([element]) or element is None:
            self._refuse("gets elements that are no arrays in this loop")
        first: Dim = 0
        if is_list:
            rows = dict(enumerate(before))
            count: Dim = len(before)
            total = self.loop.run.length + count
        else:
            rows, first, total = self._rows_of_dict(before, keys[0])
            count = total
        arrays = [
            self._array(k, leaf, total, rows) for k, leaf in enumerate(leaves(element))
        ]
        for k, array in enumerate(arrays):
            name = self.names[id(watched)]
            self.places.names[array.cell] = f"{name}_{k + 1}" if k else name
        given = iter(arrays)
        nest = rebuilt(element, lambda _: next(given))
        self.grown[id(watched)] = nest, first, count, is_list

    def _rows_of_dict(self, before: Any, key: Any) -> tuple[dict[Any, Any], Dim, Dim]:
        """Give the elements of a dict by row, the key of the first, and how many."""
        length = self.loop.run.length
        ends = [at_step(as_dim(key), self.loop.number, k) for k in (0, length - 1)]
        start, stop = ends[0], ends[-1] + 1
        if stop - start != length:
            start, stop = ends[-1], ends[0] + 1
        if stop - start != length:
            self._refuse("gets keys that do not follow each other")
        keys = [as_dim(k) for k in before]
        first, end = start, stop
        for k in keys:
            first = k if is_at_least(first - k, 0) else first
            end = k + 1 if is_at_least(k + 1 - end, 0) else end
        rows = {k - first: v for k, v in zip(keys, before.values(), strict=True)}
        return rows, first, end - first

    def _array(self, k: int, leaf: Any, total: Dim, rows: dict[Any, Any]) -> Any:
        """Make an array with the elements that are there before the loop."""
        recorder = self.recorder
        spec = lifted(recorder, leaf).spec
        kind = {"pyfloat": "float", "pyint": "int"}.get(spec.kind, spec.kind)
        attrs = {"value": 0, "shape": (total, *spec.shape), "kind": kind}
        array = recorder.wrap(recorder.builder.make(fill, (), attrs))
        for row, element in rows.items():
            value = list(leaves(element))[k]
            if np.shape(value) != () and lifted(recorder, value).spec.shape != (
                spec.shape
            ):
                self._refuse(
                    "has elements of different shapes, such as "
                    f"{format_shape(spec.shape)}"
                )
            array[recorder.size(row)] = value
        self.places.cells[array.cell] = array.node
        return array

    def _refuse(self, what: str) -> None:
        self.recorder.refuse(
            TraceError, f"a list, or dict, {what}",
            "fill an array made with np.zeros before the loop: out[t] = ...",
        )  # fmt: skip


def _items(values: Any) -> Any:
    return enumerate(values) if isinstance(values, list) else values.items()


def _dim(key: Any) -> Any:
    return key.as_dim() if hasattr(key, "as_dim") else key


def _may_grow(value: Any) -> bool:
    """Tell a list of arrays from a list of anything else, which has its own uses."""
    if type(value) is list:
        return all_numeric(value)
    if type(value) is dict:
        keys = all(type(k) is int or hasattr(k, "as_dim") for k in value)
        return keys and all_numeric(value.values())
    return False
