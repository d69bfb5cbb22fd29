"""What a step reads by its number becomes the row that the loop hands to it."""

from __future__ import annotations

from typing import Any

from derivo.errors import TraceError
from derivo.graph.dim import Dim, is_at_least
from derivo.graph.node import Node, between
from derivo.graph.spec import Spec
from derivo.ops.axes import moveaxis
from derivo.ops.index import WHOLE, Entry, gather, slice_
from derivo.ops.join import concatenate
from derivo.ops.leaf import arange
from derivo.ops.overlap import Index
from derivo.ops.put import put, writes_of
from derivo.ops.windows import window
from derivo.ops.written import copied, written_at
from derivo.trace.loops.again import Again
from derivo.trace.loops.loop import TracedStep, place_holder
from derivo.trace.sizes.numbered import affine, as_value, numbers_in, numbers_of

_INSTEAD = (
    "compute with the number of the step, index with it (x[t], x[t - 1], x[t:t + 3]), "
    "or give that axis a number in the spec"
)


def without_numbers(recorder: Any, step: TracedStep, loop: Any) -> None:
    """Take the numbers of steps out of the indices of a step that was traced.

    Parameters
    ----------
    recorder
        What records.
    step
        The step; changed in place.
    loop
        The loop: its `number`, `run`, `trial`, `backward`.
    """
    _Rewriting(recorder, step, loop).run()


class _Rewriting:
    def __init__(self, recorder: Any, step: TracedStep, loop: Any) -> None:
        self.recorder, self.step, self.loop = recorder, step, loop
        self.number: str = loop.number
        self.counter: Node = loop.trial.counter
        self.length: Dim = loop.run.length
        self.first: int = loop.run.first
        own = recorder.wrap(self.counter), self.first
        self.found = {**recorder.counters, self.number: own}
        self.parts = dict(zip(step.arrays, step.parts, strict=True))
        self.again = Again(recorder, {})

    def run(self) -> None:
        step = self.step
        own = {*step.carries, *step.parts, self.counter}
        varying = set(own)
        nodes = between((*step.following, *step.results), own)
        for node in nodes:
            is_own = self.number in numbers_of(node)
            if is_own or any(i in varying for i in node.inputs):
                varying.add(node)
            self._check(node)
            if node in varying and numbers_of(node):
                self.again.put(node, self._without(node, varying))
            else:
                self.again.make(node, nodes)
        self.again.finish(step)
        step.arrays, step.parts = [*self.parts], [*self.parts.values()]
        read = {i for n in self._inside() for i in n.inputs}
        if self.counter in read.union(step.following, step.results):
            counted = self.recorder.builder.make(arange, (), {"stop": self.length})
            counted = self.recorder.wrap(counted)
            counted = counted + self.first if self.first else counted
            step.arrays.append(counted.node)
            step.parts.append(self.counter)

    def _inside(self) -> tuple[Node, ...]:
        roots = (*self.step.following, *self.step.results)
        return between(roots, {*self.step.carries, *self.step.parts, self.counter})

    def _check(self, node: Node) -> None:
        if numbers_in(node.spec.shape):
            self._refuse(node, "an array has a size that depends on the step")

    def _refuse(self, node: Node, what: str) -> None:
        place = f" ({node.line})" if node.line else ""
        self.recorder.refuse(TraceError, f"in this loop {what}{place}", _INSTEAD)

    def _without(self, node: Node, varying: set[Node]) -> Node:
        """Give what an operation computes whose attributes hold numbers of steps."""
        if node.op is put:
            return self._written(node)
        if node.op is not slice_:
            self._refuse(node, f"`{node.op.name}` depends on the number of the step")
        (x,) = node.inputs
        index = list(node.attrs["index"])
        row = None if x in varying else self._row(x, index)
        if row is None:
            row = self.recorder.wrap(self.again.new.get(x, x))
        return self._picked(row, index)

    # --- rows -------------------------------------------------------------------------

    def _row(self, x: Node, index: list[Entry]) -> Any:
        """Give the row of `x` that a step reads, as one of the values it finds.

        What was taken is taken out of `index`. None if it is no row.
        """
        places = [k for k, e in enumerate(index) if self.number in numbers_in(e)]
        if len(places) != 1 or index[places[0]][0] != "at":
            return None
        (axis,) = places
        # What the other entries say is the same at every step, and is taken beforehand.
        others = [WHOLE if k == axis else e for k, e in enumerate(index)]
        array = self.recorder.wrap(x)
        if any(e != WHOLE for e in others):
            array = slice_(array, index=tuple(others))
        axis_of_part = axis - sum(e[0] == "at" for e in index[:axis])
        rows = self._rows(array, axis_of_part, index[axis][1])
        if rows is None:
            return None
        index[:] = [WHOLE] * (rows.ndim - 1)
        return self.recorder.wrap(self._part(rows.node))

    def _part(self, rows: Node) -> Node:
        if rows not in self.parts:
            spec = Spec(rows.spec.shape[1:], rows.spec.kind)
            self.parts[rows] = place_holder(self.recorder, spec)
        return self.parts[rows]

    def _rows(self, x: Any, axis: int, place: Dim) -> Any:
        """Give the array whose rows are those that the steps read, one after another.

        None if they are no part of `x` for every size.
        """
        read = affine(place, self.number)
        if read is None or abs(read.factor) != 1:
            return None
        n, length = x.node.spec.shape[axis], self.length
        first = read.offset
        if read.factor < 0:
            first = read.offset - (length - 1)
        end = first + length
        x = moveaxis(x, axis, 0)
        if first == -1 and end == n - 1:
            # As NumPy counts: what lies before the first is the last.
            rows = concatenate(_cut(x, -1, None), _cut(x, None, -1), axis=0)
        elif not is_at_least(first, 0) or not is_at_least(n - end, 0):
            return None
        else:
            rows = _cut(x, None if first == 0 else first, None if end == n else end)
        return rows if read.factor > 0 else rows[::-1]

    # --- anything else ----------------------------------------------------------------

    def _picked(self, x: Any, index: list[Entry]) -> Node:
        """Take a part whose place is computed from the numbers of steps."""
        plain = [WHOLE if numbers_in(e) else e for e in index]
        if any(e != WHOLE for e in plain):
            x = slice_(x, index=tuple(plain))
        left = [e for e in index if e[0] == "cut" or numbers_in(e)]
        axis = 0
        for entry in left:
            if not numbers_in(entry):
                axis += 1
                continue
            x = self._part_of(x, entry, axis)
            axis += entry[0] == "cut"
        picked: Node = x.node
        return picked

    def _part_of(self, x: Any, entry: Entry, axis: int) -> Any:
        """Take a row, a window or places in steps along one axis."""
        kind, start, stop, stride = entry if entry[0] == "cut" else (*entry, 0, 0)
        if kind == "at" or stride:
            return gather(x, self._places(entry), axis=axis)
        begin = as_value(self.recorder, start or 0, self.found)
        return window(x, begin, axis=axis, length=stop - (start or 0))

    def _written(self, node: Node) -> Node:
        """Give an array with writes whose places are computed."""
        new = self.again.new
        x, *rest = (self.recorder.wrap(new.get(i, i)) for i in node.inputs)
        for write in writes_of(node.attrs, (x, *rest)):
            axes = [k for k, e in enumerate(write.index) if numbers_in(e)]
            if write.arrays or any(write.index[k][0] != "at" for k in axes):
                self._refuse(node, "the places of a write depend on the step")
            x = self._at(x, write.index, write.value)
        written: Node = x.node
        return written

    def _at(self, x: Any, index: Index, value: Any) -> Any:
        """Write into a place: into a row, if the number of that is computed."""
        axes = [k for k, e in enumerate(index) if numbers_in(e)]
        if not axes:
            return put(x, value, indices=(index,))
        row = gather(x, self._places(index[axes[0]]), axis=axes[0])
        rest = tuple(e for k, e in enumerate(index) if k != axes[0])
        if all(e == WHOLE for e in rest):
            row = copied(value, row.node.spec)
        else:
            row = self._at(row, rest, value)
        return written_at(x, row, (self._places(index[axes[0]]),), axes[0])

    def _places(self, entry: Entry) -> Any:
        if entry[0] == "at":
            return as_value(self.recorder, entry[1], self.found)
        _, start, stop, stride = entry
        assert stop is not None  # noqa: S101  else its length would depend on the step
        size = stop - (start or 0)
        places = self.recorder.wrap(
            self.recorder.builder.make(
                arange, (), {"stop": -(-size // stride) if stride else size}
            )
        )
        places = places * stride if stride else places
        return places + as_value(self.recorder, start or 0, self.found)


def _cut(x: Any, start: Any, stop: Any) -> Any:
    if start is None and stop is None:
        return x
    index: list[Entry] = [WHOLE] * x.ndim
    index[0] = ("cut", start, stop, None)
    return slice_(x, index=tuple(index))
