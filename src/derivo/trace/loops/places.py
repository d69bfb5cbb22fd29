"""Where a step of a loop can leave something: local names, attributes, containers."""

from __future__ import annotations

import numbers
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import CellType, FrameType
from typing import Any

import numpy as np

from derivo.errors import TraceError
from derivo.graph.nest import leaves, rebuilt
from derivo.trace.loops.frames import bind_locals, local_values, reads_first
from derivo.trace.memory.cell import Cell
from derivo.trace.memory.owned import DEPTH, collect
from derivo.trace.values.known import as_it_was, is_known, root_of
from derivo.trace.values.variable import Variable

NOTHING: Any = object()  # what a name holds that is not bound yet


class NotYetSet:
    """What a step finds where None was before the loop: it must not read that."""


@dataclass(frozen=True, slots=True)
class Place:
    """A local name, an attribute, an entry of a dict or list.

    Attributes
    ----------
    holder
        The frame, the dict (of an object's attributes, too) or the list; or the memory
        of an array.
    key
        Name, key, or number; of memory, what the array is called.
    """

    holder: Any
    key: Any

    def __hash__(self) -> int:
        return hash((id(self.holder), self._known_by))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Place) and (
            self.holder is other.holder and self._known_by == other._known_by
        )

    @property
    def _known_by(self) -> Any:
        return None if isinstance(self.holder, Cell) else self.key

    @property
    def name(self) -> str:
        """What the user calls it."""
        return str(self.key)

    def __str__(self) -> str:
        """Write it for an error."""
        if isinstance(self.holder, FrameType) or self.name.isidentifier():
            return f"`{self.key}`"
        if isinstance(self.holder, Cell):
            return "an array"
        return f"what is kept under {self.key!r}"


class Places:
    """All that a loop in a function can change, as it was before the loop.

    Parameters
    ----------
    recorder
        What records, and knows the arrays that are in use.
    frame
        The function.
    """

    def __init__(self, recorder: Any, frame: FrameType) -> None:
        self.recorder, self.frame = recorder, frame
        self.cells = {cell: cell.node for cell in recorder.cells}
        self.written = len(recorder.writes)
        self.locals = local_values(frame)
        found: dict[int, tuple[Any, Any]] = {}
        used = [frame.f_globals.get(n) for n in frame.f_code.co_names]
        for value in (*self.locals.values(), *used):
            collect(value, found, DEPTH)
        self.holders = [
            (holder, before) for holder, before in found.values() if _is_holder(holder)
        ]
        self.numbers = self._numbers()
        self.names: dict[Cell, str] = {}  # of arrays that stand for lists

    def values(self) -> Iterator[tuple[Place, Any]]:
        """Give what is in local names, attributes and dicts."""
        for key, value in self.locals.items():
            yield Place(self.frame, key), value
        for holder, before in self.holders:
            if isinstance(holder, dict):
                for key, value in before.items():
                    yield Place(holder, key), value

    def _numbers(self) -> dict[int, tuple[Any, Any]]:
        """Give the arrays of known numbers, each with what it holds."""
        values = [v for _, v in self.values()]
        values += [v for h, b in self.holders if isinstance(h, list) for v in b]
        roots = [root_of(v) for v in values if is_known(v)]
        return {id(v): (v, v.array.copy()) for v in roots}

    def changes_numbers(self) -> bool:
        """Make traced arrays of those whose numbers a step has changed.

        Tells whether there was one: what the step did with numbers is to be traced.
        """
        changed = False
        for array, held in self.numbers.values():
            found = as_it_was(array, held)
            if found is not None and found[0] not in self.cells:
                cell, before = found
                self.cells[cell] = before
                changed = True
        return changed

    def changed(self) -> dict[Place, tuple[Any, Any]]:
        """Give what has changed: what it was before the loop, and what it is now."""
        own = _apart(self.frame, self.locals, local_values(self.frame))
        found = dict(own)
        for holder, before in self.holders:
            if isinstance(holder, CellType):
                pair = before, _inside(holder)
                # A name that is shared with inner functions is a local one, too.
                is_local = any(pair[1] is new for _, new in own.values())
                if not is_local and not is_same(*pair):
                    found[Place(holder, 0)] = pair
            else:
                if isinstance(holder, list) and len(holder) != len(before):
                    self._refuse_longer()
                found |= _apart(holder, _entries(before), _entries(holder))
        return found | self._written()

    def _refuse_longer(self) -> None:
        self.recorder.refuse(
            TraceError, "a list changes its length in this loop, in a way that cannot "
            "be followed",
            "append one element in each step to a list that has a name, or fill an "
            "array made with np.zeros before the loop: out[t] = ...",
        )  # fmt: skip

    def _written(self) -> dict[Place, tuple[Any, Any]]:
        """Give the arrays that were there before the loop and have been written to."""
        wrap, found = self.recorder.wrap, {}
        for cell, _ in self.recorder.writes[self.written :]:
            before = self.cells.get(cell)
            if before is not None and cell.node is not before:
                found[self._memory(cell)] = wrap(before), wrap(cell.node)
        return found

    def _memory(self, cell: Cell) -> Place:
        names = (
            name for name, value in local_values(self.frame).items()
            if isinstance(value, Variable) and value.cell is cell
        )  # fmt: skip
        return Place(cell, next(names, self.names.get(cell, "")))

    def restore(self) -> None:
        """Put everything back; new names, which cannot be unbound, hold nothing."""
        for cell, _ in self.recorder.writes[self.written :]:
            if cell in self.cells:
                cell.node = self.cells[cell]
        self.written = len(self.recorder.writes)
        new = [k for k in local_values(self.frame) if k not in self.locals]
        bind_locals(self.frame, self.locals | dict.fromkeys(new, NOTHING))
        for holder, before in self.holders:
            if isinstance(holder, dict):
                for key in [k for k in holder if k not in before]:
                    del holder[key]
                holder.update(before)
            elif isinstance(holder, list):
                holder[:] = before
            elif before is not NOTHING:
                holder.cell_contents = before

    def is_read_first(self, place: Place) -> bool:
        """Tell whether a step reads a local name before it binds it."""
        return place.holder is self.frame and reads_first(self.frame, place.key)

    def get(self, place: Place) -> Any:
        """Give what is in a place now."""
        if place.holder is self.frame:
            return local_values(self.frame).get(place.key, NOTHING)
        if isinstance(place.holder, Cell):
            return self.recorder.wrap(place.holder.node)
        if isinstance(place.holder, CellType):
            return _inside(place.holder)
        if isinstance(place.holder, dict):
            return place.holder.get(place.key, NOTHING)
        return place.holder[place.key]

    def put(self, values: Mapping[Place, Any]) -> None:
        """Leave values in places."""
        own = {p.key: v for p, v in values.items() if p.holder is self.frame}
        bind_locals(self.frame, own)
        for place, value in values.items():
            if isinstance(place.holder, Cell):
                self.recorder.write(place.holder, value.node)
            elif isinstance(place.holder, CellType):
                place.holder.cell_contents = value
            elif place.holder is not self.frame:
                place.holder[place.key] = value


def _is_holder(thing: Any) -> bool:
    """Tell what holds values; not the names of a module, for we change them, too."""
    if isinstance(thing, dict):
        return "__builtins__" not in thing
    return isinstance(thing, list | CellType)


def _inside(cell: CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # not bound yet
        return NOTHING


def _entries(holder: Any) -> Mapping[Any, Any]:
    return dict(enumerate(holder)) if isinstance(holder, list) else holder


def _apart(
    holder: Any, before: Mapping[Any, Any], after: Mapping[Any, Any]
) -> dict[Place, tuple[Any, Any]]:
    found: dict[Place, tuple[Any, Any]] = {}
    for key, value in after.items():
        old = before.get(key, NOTHING)
        if not is_same(old, value):
            found[Place(holder, key)] = (old, value)
    return found


def is_same(old: Any, new: Any) -> bool:
    """Tell whether two values cannot be told apart by what is computed with them."""
    if old is new:
        return True
    if isinstance(old, Variable) and isinstance(new, Variable):
        return old.node is new.node and (old.cell is new.cell or not new.is_array)
    if type(old) is not type(new):
        return False
    if isinstance(old, tuple):
        return len(old) == len(new) and all(map(is_same, old, new))
    if isinstance(old, numbers.Real | str | bytes):
        return bool(old == new) or (old != old and new != new)  # noqa: PLR0124  NaN
    return False


def is_numeric(value: Any) -> bool:
    """Tell an array or a number, traced or not, from anything else."""
    if isinstance(value, np.ndarray):
        return value.dtype.kind in "fiub"
    return isinstance(value, Variable | numbers.Real) and not isinstance(value, bool)


def same_structure(one: Any, other: Any) -> bool:
    """Tell whether two nests differ at most in their arrays."""
    return bool(rebuilt(one, lambda _: 0) == rebuilt(other, lambda _: 0))


def all_numeric(values: Iterable[Any]) -> bool:
    """Tell whether all leaves of nests are arrays or numbers."""
    return all(is_numeric(v) for value in values for v in leaves(value))
