"""Arrays that a plain loop fills row by row: ``h[t] = f(h[t - 1])``.

What a step writes is a result of the step, stacked over all steps; what it reads of
the rows that earlier steps have written is handed on. So no step carries the array.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from derivo.errors import TraceError
from derivo.graph.dim import Dim, Shape, is_at_least
from derivo.graph.node import Node, between
from derivo.graph.spec import Spec
from derivo.ops.axes import moveaxis
from derivo.ops.index import WHOLE, Entry, slice_
from derivo.ops.leaf import fill
from derivo.ops.overlap import APART, Index, relation
from derivo.ops.put import Write, put, writes_of
from derivo.ops.written import copied, settled
from derivo.trace.loops.again import replaced
from derivo.trace.loops.loop import TracedStep, converted, place_holder
from derivo.trace.sizes.numbered import Affine, affine, numbers_in


class NotByRows(Exception):  # noqa: N818  no error: another way is taken
    """An array is changed in another way than row by row."""


class Filling:
    """Tells how the steps of a loop fill an array, and makes them do so.

    Parameters
    ----------
    recorder
        What records.
    loop
        The loop: its `number`, `run` and `backward`.
    step
        The step.
    found, first, left
        The array as a step finds it, before the loop, and as a step leaves it.
    """

    def __init__(
        self, recorder: Any, loop: Any, step: TracedStep, found: Node, first: Node,
        left: Node,
    ) -> None:  # fmt: skip
        self.recorder, self.loop, self.step = recorder, loop, step
        self.handed: dict[int, Node] = {}
        self.found, self.first, self.left = found, first, left
        writes = self._writes(left)
        self.part, self.at_axis = self._part([w.index for w in writes])
        self.place = self._within(writes[0])[self.at_axis]
        self.at = self._affine(self.place)
        self.shape = self._region().node.spec.shape

    def _writes(self, node: Node) -> list[Write]:
        """Give the writes that make an array out of the one that a step finds."""
        writes: list[Write] = []
        while node is not self.found:
            if node.op is not put:
                raise NotByRows
            writes = [*writes_of(node.attrs, node.inputs), *writes]
            node = node.inputs[0]
        if not writes or any(w.arrays for w in writes):
            raise NotByRows
        return writes

    def _part(self, indices: list[Index]) -> tuple[Index, int]:
        """Give the part that all writes have in common, and the axis of the rows."""
        part: list[Entry] = []
        axes: list[int] = []
        for entries in zip(*indices, strict=True):
            alike = len(set(entries)) == 1
            own = any(self.loop.number in numbers_in(e) for e in entries)
            if own and alike and entries[0][0] == "at":
                axes.append(sum(e[0] == "cut" for e in part))
            elif own:
                raise NotByRows
            is_part = alike and not own and entries[0][0] == "at"
            part.append(entries[0] if is_part else WHOLE)
        if len(axes) != 1:
            raise NotByRows
        return tuple(part), axes[0]

    def _within(self, write: Write) -> Index:
        """Give where a write goes in the part."""
        index = _relative(write.index, self.part)
        if index is None:
            raise NotByRows
        return index

    def _region(self) -> Any:
        """Give the part in which rows are written, before the loop."""
        array = self.recorder.wrap(self.first)
        if any(e != WHOLE for e in self.part):
            array = settled(slice_(array, index=self.part))
        return array

    def _affine(self, entry: Entry) -> Affine:
        read = affine(entry[1], self.loop.number) if entry[0] == "at" else None
        if read is None or abs(read.factor) != 1:
            raise NotByRows
        return read

    # --- which rows -------------------------------------------------------------------

    @property
    def way(self) -> int:
        """Give 1 if the rows are written from the first to the last, else -1."""
        return -self.at.factor if self.loop.backward else self.at.factor

    @property
    def bounds(self) -> tuple[Dim, Dim]:
        """Give the first and the last row that are written, and one more."""
        length = self.loop.run.length
        lowest = self.at.offset
        if self.at.factor < 0:
            lowest = self.at.offset - (length - 1)
        return lowest, lowest + length

    def _row_before(self, steps: int) -> Any:
        """Give the row that was there `steps` rows before the first written one."""
        lowest, end = self.bounds
        place = lowest - steps if self.way > 0 else end - 1 + steps
        n = self.shape[self.at_axis]
        wraps = isinstance(place, int) and place < 0
        if not is_at_least(n - 1 - place, 0) or not (wraps or is_at_least(place, 0)):
            raise NotByRows
        return self._row_at(self._region(), place)

    def _row_at(self, region: Any, place: Dim) -> Any:
        index: list[Entry] = [WHOLE] * region.ndim
        index[self.at_axis] = ("at", place)
        if region.node.op is fill:
            shape = region.node.spec.shape
            rest = shape[: self.at_axis] + shape[self.at_axis + 1 :]
            return region.record(fill, (), {**region.node.attrs, "shape": rest})
        return settled(slice_(region, index=tuple(index)))

    # --- making it so -----------------------------------------------------------------

    def run(self) -> None:
        """Let the step give the row, as a result."""
        lowest, end = self.bounds
        n = self.shape[self.at_axis]
        if not is_at_least(lowest, 0) or not is_at_least(n - end, 0):
            raise NotByRows
        own = {*self.step.carries, *self.step.parts}
        nodes = between((*self.step.following, *self.step.results, self.left), own)
        # The array as it is at times in the step, and its row of the step then.
        rows = {self.found: self._row_at(self._region(), self.place[1]).node}
        new: dict[Node, Node] = {}
        handed: dict[int, Node] = {}
        for node in nodes:
            read = [i for i in node.inputs if i in rows]
            if not read:
                continue
            if node.op is put and read == [node.inputs[0]]:
                rows[node] = self._written(rows[read[0]], node)
            elif node.op is slice_:
                new[node] = self._read(node, rows[read[0]], handed)
            else:
                raise NotByRows
        row = rows[self.left]
        self._hand_on(handed, row)
        self.handed = handed
        self.step.results.append(row)
        replaced(self.recorder, self.step, new)

    def _written(self, before: Node, node: Node) -> Node:
        """Give the row of the step after what an operation writes."""
        row = self.recorder.wrap(before)
        for write in writes_of(node.attrs, node.inputs):
            if write.arrays:
                raise NotByRows
            rest = list(self._within(write))
            if rest.pop(self.at_axis) != self.place:
                raise NotByRows
            value = self.recorder.wrap(write.value)
            if all(e == WHOLE for e in rest):
                row = copied(value, row.node.spec)
            else:
                row = settled(put(row, value, indices=(tuple(rest),)))
        written: Node = row.node
        return written

    def _read(self, node: Node, now: Node, handed: dict[int, Node]) -> Node:
        """Give what a step reads of the array, while `now` is the row of the step."""
        index = _relative(node.attrs["index"], self.part)
        shape = self.found.spec.shape
        before = self.recorder.wrap(self.first)
        kept: Node = slice_(before, index=node.attrs["index"]).node
        if index is None:
            if relation(shape, self.part, node.attrs["index"]) != APART:
                raise NotByRows
            return kept
        entry = index[self.at_axis]
        if self.loop.number not in numbers_in(entry):
            written: list[Entry] = [WHOLE] * len(index)
            written[self.at_axis] = ("cut", *self.bounds, None)
            if relation(self.shape, tuple(written), index) != APART:
                raise NotByRows
            return kept
        read = self._affine(entry)
        apart = read.offset - self.at.offset
        if read.factor != self.at.factor or not isinstance(apart, int):
            raise NotByRows
        ahead = apart * self.way
        row = now
        if ahead > 0:
            row = self._row_at(self._region(), entry[1]).node
        elif ahead < 0:
            row = self._handed(-ahead, handed)
            self._check_first(-ahead, node.inputs[0] is not self.found)
        rest = [e for k, e in enumerate(index) if k != self.at_axis]
        if any(e != WHOLE for e in rest):
            part: Node = slice_(self.recorder.wrap(row), index=tuple(rest)).node
            return part
        return row

    def _handed(self, steps: int, handed: dict[int, Node]) -> Node:
        """Give the row that was written some steps before."""
        for k in range(1, steps + 1):
            if k not in handed:
                spec = self._row_before(k).node.spec
                spec = Spec(spec.shape, self.left.spec.kind)
                handed[k] = place_holder(self.recorder, spec)
        return handed[steps]

    def _check_first(self, steps: int, done: bool) -> None:
        """Refuse ``x[-1]`` read after ``x[0]`` is written: of one row they are one."""
        lowest, _ = self.bounds
        place, n = lowest - steps, self.shape[self.at_axis]
        wraps = self.way > 0 and isinstance(place, int) and place < 0
        if done and wraps and not is_at_least(n + place - lowest, 1):
            self.recorder.refuse(
                TraceError, "the first step of this loop reads a row that lies before "
                "the first one, after it has written a row: if there is only one row, "
                "these are the same", "read before you write, or begin at the second "
                "row",
            )  # fmt: skip

    def _hand_on(self, handed: dict[int, Node], row: Node) -> None:
        kind = self.left.spec.kind
        last = converted(self.recorder, row, kind)
        for k in sorted(handed):
            first = converted(self.recorder, self._row_before(k).node, kind)
            self.step.hand_on([handed[k]], [first], [last])
            last = handed[k]

    def after(self, stacked: Node) -> Node:
        """Give the array after the loop, from the rows of all steps."""
        rows = self.recorder.wrap(stacked)
        rows = rows if self.at.factor > 0 else slice_(
            rows, index=(("cut", None, None, -1), *[WHOLE] * (rows.ndim - 1))
        )  # fmt: skip
        rows = moveaxis(rows, 0, self.at_axis)
        index = list(_written_part(self.part, self.at_axis, self.bounds, self.shape))
        whole = self.recorder.wrap(self.first)
        if all(e == WHOLE for e in index):
            result: Node = rows.node
            return result
        return settled(put(whole, rows, indices=(tuple(index),))).node  # type: ignore[no-any-return]


def _relative(index: Iterable[Entry], part: Index) -> Index | None:
    """Give an index in a part of an array; None if it leads out of that."""
    entries: list[Entry] = []
    for own, around in zip(index, part, strict=True):
        if around == WHOLE:
            entries.append(own)
        elif own != around:
            return None
    return tuple(entries)


def _written_part(
    part: Index, axis: int, bounds: tuple[Dim, Dim], shape: Shape
) -> Iterable[Entry]:
    """Give the index of all rows in the whole array."""
    lowest, end = bounds
    start = None if lowest == 0 else lowest
    stop = None if end == shape[axis] else end
    places = [k for k, e in enumerate(part) if e[0] == "cut"]
    for k, entry in enumerate(part):
        yield ("cut", start, stop, None) if k == places[axis] else entry
