"""Plain ``for`` loops over a named axis: a step is run on values that stand for any.

The loop is Python's own. It asks our iterator for the next step; what the step before
has changed can then be seen in the frame of the function, and in what it can reach. A
step is traced again and again, each time with values in the place of all that was seen
to change, until nothing else changes. Then the loop is over for Python, and what was
traced last is the step of a scan.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from types import FrameType
from typing import Any, NoReturn

from derivo.errors import TraceError
from derivo.graph.dim import Dim, Shape, symbol
from derivo.graph.nest import leaves, rebuilt
from derivo.graph.node import Line, Node
from derivo.graph.spec import Spec
from derivo.ops.leaf import fill
from derivo.trace.loops.carried import Carried, in_words, not_uniform
from derivo.trace.loops.filled import Filling, NotByRows
from derivo.trace.loops.frames import (
    is_comprehension,
    is_generator,
    local_values,
    runs_a_for,
)
from derivo.trace.loops.gathered import (
    AllOf,
    Gathered,
    Gatherings,
    Watched,
    WatchedDict,
    list_being_made,
    whole_of,
)
from derivo.trace.loops.loop import (
    TracedStep,
    Trials,
    converted,
    filled,
    lifted,
    place_holder,
    scanned,
)
from derivo.trace.loops.places import (
    NOTHING,
    NotYetSet,
    Place,
    Places,
    all_numeric,
    is_numeric,
    same_structure,
)
from derivo.trace.loops.rows import without_numbers
from derivo.trace.loops.runs import Run
from derivo.trace.memory.cell import Cell
from derivo.trace.sizes.numbered import at_step, new_number, numbers_in, numbers_of
from derivo.trace.values.variable import Variable

_MOST_TRIALS = 60
_SAME = (
    "let a step leave there what it finds there; a list grows by hs.append(h), not by "
    "hs = hs + [h]"
)


@dataclass
class Trial:
    """One run of the step, on values that stand for what any step finds.

    Attributes
    ----------
    counter
        The number of the step.
    begin
        The number of nodes there were when it began.
    parts
        Array to the row of it that belongs to the step.
    carries
        Place to what the step finds there.
    found
        The same as the variables that were put there.
    written
        How many writes to arrays there had been before the step.
    """

    recorder: Any
    number_name: str
    counter: Node
    begin: int
    parts: dict[Node, Node] = field(default_factory=dict)
    carries: dict[Place, list[Node]] = field(default_factory=dict)
    found: dict[Place, Any] = field(default_factory=dict)
    written: int = 0

    def row(self, array: Any) -> Any:
        """Give the row of an array that belongs to the step."""
        node = lifted(self.recorder, array)
        if node not in self.parts:
            spec = Spec(node.spec.shape[1:], node.spec.kind)
            self.parts[node] = place_holder(self.recorder, spec)
        return self.recorder.wrap(self.parts[node])

    def number(self) -> Any:
        """Give the number of the step."""
        return self.recorder.size(symbol(self.number_name, 0))


@dataclass
class Received:
    """What a generator gives to a function that goes through it.

    Attributes
    ----------
    elements
        What it gave; one for each time that a step was traced.
    gathered
        All elements, if the generator runs along a named axis.
    """

    elements: list[Any] = field(default_factory=list)
    gathered: Gathered | None = None


class PlainLoop(Iterator[Any]):
    """The iterator of a plain loop over a named axis.

    Parameters
    ----------
    recorder
        What records.
    run
        What the loop runs along.
    """

    __slots__ = ("backward", "carried", "gatherings", "left", "line", "number",
                 "places", "recorder", "run", "start", "trial", "trials",
                 "unset")  # fmt: skip

    places: Places
    gatherings: Gatherings
    trial: Trial

    def __init__(self, recorder: Any, run: Run) -> None:
        self.recorder, self.run = recorder, run
        self.backward = run.direction < 0
        self.carried: dict[Place, Carried] = {}
        # Not bound before the loop: only left behind. (Dicts keep their order.)
        self.left: dict[Place, None] = {}
        self.unset: dict[Place, None] = {}  # those where None was before
        self.trials = 0
        self.line: Line | None = None
        self.start = recorder.builder.count
        self.number = new_number(self.start)

    def __next__(self) -> Any:
        if not self.trials:
            self._begin(sys._getframe(1))  # noqa: SLF001  the frame of the loop
        elif self.recorder.loops[-1] is not self:
            refuse_left(self.recorder.loops[-1].line)
        elif self._is_settled():
            self._end()
            raise StopIteration
        else:
            self.places.restore()
        return self._another()

    def _begin(self, frame: FrameType) -> None:
        if not runs_a_for(frame):
            self.recorder.refuse(
                TraceError,
                "an axis that is only a name is taken apart, element by element",
                "loop over it with `for`, or give that axis a number in the spec",
            )
        self.line, _ = self.recorder.place()
        self.places = Places(self.recorder, frame)
        self.gatherings = Gatherings(self.recorder, self, self.places)
        self.recorder.loops.append(self)

    def _another(self) -> Any:
        """Begin a trial; give what the loop hands to the step."""
        self.trials += 1
        recorder = self.recorder
        counter = place_holder(recorder, Spec((), "pyint"))
        self.trial = Trial(recorder, self.number, counter, counter.index)
        recorder.counters[self.number] = recorder.wrap(counter), self.run.first
        values = self.gatherings.put() | dict.fromkeys(self.unset, NotYetSet())
        for place, carried in self.carried.items():
            carried.begin(recorder)
            found = [place_holder(recorder, f.spec) for f in carried.first]
            self.trial.carries[place] = found
            values[place] = filled(carried.nest, [recorder.wrap(f) for f in found])
        self.places.put(values)
        self.trial.found = {p: values[p] for p in self.trial.carries}
        self.trial.written = len(recorder.writes)
        return self.run.item(self.trial, backward=self.backward)

    # --- what a step has changed ------------------------------------------------------

    def _is_settled(self) -> bool:
        """See what the step has changed; tell whether all of it was known."""
        settled = not self.places.changes_numbers()
        if self.trials == 1 and self.gatherings.look():
            settled = False
        for place, (before, after) in self.places.changed().items():
            if place in self.carried or place in self.left:
                continue
            if isinstance(after, Watched | WatchedDict | Gathered):
                continue
            if self._is_left(place, before, after):
                settled = settled and before is not None
                continue
            self._check_kinds(place, before, after)
            self.carried[place] = Carried(place.name, before)
            settled = False
        for place, carried in self.carried.items():
            if not carried.first:
                continue  # what was there before the loop is seen when it is back
            after = self.places.get(place)
            self._check_kinds(place, carried.nest, after)
            nodes = [lifted(self.recorder, v) for v in leaves(after)]
            settled = not carried.widen(self.recorder, nodes) and settled
        if not settled and self.trials > _MOST_TRIALS:
            self.recorder.refuse(
                TraceError, "each step of this loop hands on something else than the "
                "one before", "hand on arrays that keep their shapes",
            )  # fmt: skip
        return settled

    def _is_left(self, place: Place, before: Any, after: Any) -> bool:
        """Tell what a step leaves behind for after the loop, and finds no use for."""
        if before is NOTHING:
            if any(isinstance(v, Variable) for v in leaves(after)):
                self.left[place] = None
            return True
        if before is None and not self.places.is_read_first(place):
            # As in `h, cache = None, None` in front of the loop.
            self.left[place] = None
            self.unset[place] = None
            return True
        return False

    def _check_kinds(self, place: Place, before: Any, after: Any) -> None:
        """Refuse what is no array, or another nest of arrays than before."""
        if (
            before is not None
            and all_numeric([before, after])
            and same_structure(before, after)
        ):
            return
        starts = before is None or not all_numeric([before])
        self.recorder.refuse(
            TraceError,
            f"{place} is {in_words(before)} before a step of this loop, and "
            f"{in_words(after)} after it",
            "start from the array that the first step shall find" if starts else _SAME,
        )

    # --- the end ----------------------------------------------------------------------

    def _end(self) -> None:
        """Make the scan, and leave its results where the steps left theirs."""
        self._check_memory()
        recorder, step = self.recorder, TracedStep()
        step.parts, step.arrays = list(self.trial.parts.values()), [*self.trial.parts]
        narrow: dict[Node, Shape] = {}
        handed: dict[Place, list[Node | None]] = {}
        for place, carried in self.carried.items():
            after = [lifted(recorder, v) for v in leaves(self.places.get(place))]
            found = self.trial.carries[place]
            handed[place] = [*found]
            step.hand_on(found, carried.first, after)
            narrow |= dict(zip(found, carried.narrow, strict=True))
        for place in self.left:
            values = leaves(self.places.get(place))
            handed[place] = [self._left_behind(step, v) for v in values]
        step.following = [
            converted(recorder, n, f.spec.kind)
            for n, f in zip(step.following, step.first, strict=True)
        ]
        self._check_shapes(step, narrow)
        by_rows = dict(self._filled_by_rows(step))
        hidden = self._hidden_list()
        given = self._given(hidden)
        elements = [lifted(recorder, v) for v in leaves(given)]
        step.results += elements
        del recorder.counters[self.number]
        without_numbers(recorder, step, self)
        end = recorder.builder.count
        recorder.steps.append(
            Trials(range(self.start, end), range(self.trial.begin, end))
        )
        recorder.loops.remove(self)
        ends, stacks = scanned(recorder, step, self.run.length, reverse=self.backward,
                               first=self.run.first)  # fmt: skip
        for made in (*ends, *stacks)[:1]:
            self._call_it(made.inputs[0], self._counter_name())
        end_of = dict(zip(step.carries, ends, strict=True))
        for place, (filling, number) in by_rows.items():
            (found_as,) = self.trial.carries[place]
            end_of[found_as] = filling.after(stacks[number])
            self._name_rows(place, filling, stacks[number], end_of[found_as])
        end_of |= self._written_once()
        if elements:
            rows = iter([recorder.wrap(n) for n in stacks[-len(elements) :]])
            nest = rebuilt(given, lambda _: next(rows))
            self._hand_over(hidden, Gathered(recorder, nest, None, 0, self.run.length))
        self.gatherings.end()
        self.places.put({
            place: self._after(self.places.get(place), handed[place], end_of)
            for place in handed
        })  # fmt: skip

    def _counter_name(self) -> str:
        """Give what the user calls the number of the step, if it has a name."""
        values = local_values(self.places.frame).items()
        names = (n for n, v in values if self.number in numbers_in(_dim(v)))
        return next((n for n in names if not n.startswith("_")), "")

    def _name_rows(
        self, place: Place, filling: Filling, stacked: Node, array: Node
    ) -> None:
        """Name the rows of an array, where the array itself has a name."""
        if place.name:
            if array is not stacked:
                self._call_it(stacked, f"{place.name}_all")
            else:
                self.recorder.call_it(
                    stacked, place.name, self.places.frame, as_whole=False
                )
            t = self._counter_name() or "row"
            for k, row in filling.handed.items():
                self._call_it(row, f"{place.name}_{t}" if k == 1 else
                              f"{place.name}_{t}_{k}")  # fmt: skip

    def _call_it(self, node: Node, name: str) -> None:
        if name:
            self.recorder.call_it(node, name, self.places.frame)

    # --- lists and sums that are written in one piece ---------------------------------

    def _hidden_list(self) -> list[Any] | None:
        """Give the list that a comprehension makes of what its steps give."""
        if not is_comprehension(self.places.frame):
            return None
        found = list_being_made(self.recorder, self.trials, self.start)
        if found is None:
            self.recorder.refuse(
                TraceError, "a list is made in one piece of the steps along a named "
                "axis, and its elements are no arrays, or lie in another list, too",
                "append to a list in a `for` loop",
            )  # fmt: skip
        return found

    def _given(self, hidden: list[Any] | None) -> Any:
        """Give what the step gives to a list, or to who sums it up."""
        if hidden is not None:
            return whole_of(hidden[-1])
        received = self.recorder.received
        if is_generator(self.places.frame) and received and received[-1].elements:
            return whole_of(received[-1].elements[-1])
        return None

    def _hand_over(self, hidden: list[Any] | None, gathered: Gathered) -> None:
        if hidden is not None:
            hidden[:] = [AllOf(gathered)]
        else:
            self.recorder.received[-1].gathered = gathered

    def _written_once(self) -> dict[Node, Node]:
        """Give what stands for arrays that the first step alone writes into.

        A step that makes a new array under the old name leaves the old one behind.
        Nobody knows what it holds then; and hardly anybody asks.
        """
        return {
            found: place_holder(self.recorder, found.spec)
            for place in self.carried
            if isinstance(place.holder, Cell)
            for found in self.trial.carries[place]
            if place.holder.node is found
        }

    def _check_memory(self) -> None:
        """Refuse steps that leave one array in two places and write into it later."""
        written = {c for c, _ in self.recorder.writes[self.trial.written :]}
        owners: dict[Cell, Place] = {}
        for place in self.carried:
            if isinstance(place.holder, Cell):
                continue
            found, after = self.trial.found[place], self.places.get(place)
            for before, now in zip(leaves(found), leaves(after), strict=True):
                if not isinstance(now, Variable) or not now.is_array:
                    continue
                other = owners.setdefault(now.cell, place)
                is_old = now.cell in self.places.cells
                changes = before.cell in written or (is_old and now.cell in written)
                if changes and now.cell is not before.cell and (
                    is_old or other is not place
                ):  # fmt: skip
                    self.recorder.refuse(
                        TraceError, f"{place} is the same array as another one after a "
                        "step of this loop, and a step writes into it",
                        "write .copy() where it is kept for the next step",
                    )  # fmt: skip

    def _filled_by_rows(
        self, step: TracedStep
    ) -> Iterator[tuple[Place, tuple[Filling, int]]]:
        """Let the step give the rows of arrays that it fills; no step carries these."""
        for place, carried in self.carried.items():
            if not isinstance(place.holder, Cell):
                continue
            (found,), (first,) = self.trial.carries[place], carried.first
            k = step.carries.index(found)
            try:
                filling = Filling(self.recorder, self, step, found, first,
                                  step.following[k])  # fmt: skip
                filling.run()
            except NotByRows:
                continue
            k = step.carries.index(found)
            for part in (step.carries, step.first, step.following):
                del part[k]
            yield place, (filling, len(step.results) - 1)

    def _left_behind(self, step: TracedStep, value: Any) -> Node | None:
        """Hand on what no step reads, so that it is there after the last."""
        if not is_numeric(value) or hasattr(value, "as_dim"):
            return None
        node = lifted(self.recorder, value)
        kind = "float" if node.spec.kind == "pyfloat" else node.spec.kind
        kind = "int" if kind == "pyint" else kind
        attrs = {"value": 0, "shape": node.spec.shape, "kind": kind}
        zero = self.recorder.builder.make(fill, (), attrs)
        found = place_holder(self.recorder, node.spec)
        step.hand_on([found], [zero], [node])
        return found

    def _check_shapes(self, step: TracedStep, narrow: dict[Node, Shape]) -> None:
        """Refuse to begin with a copied number where that is another function."""
        copied = {c: s for c, s in narrow.items() if s != c.spec.shape}
        own = frozenset((*step.carries, *step.parts))
        wrong = not_uniform(step.following, own, copied)
        if wrong is not None:
            value, reader = wrong
            place = f" (read at {reader.line})" if reader.line else ""
            self.recorder.refuse(
                TraceError, "this loop begins with a number, or a smaller array, in "
                f"the place of one of shape {value.spec}, and a step does more with it "
                f"than to compute element by element{place}",
                f"start from an array of shape {value.spec}",
            )  # fmt: skip

    def _after(
        self, nest: Any, handed: list[Node | None], end_of: dict[Node, Node]
    ) -> Any:
        """Give what stands in a place after the loop."""
        last: Dim = 0 if self.backward else self.run.length - 1
        values = []
        for value, found in zip(leaves(nest), handed, strict=True):
            if hasattr(value, "as_dim"):
                dim = at_step(value.as_dim(), self.number, last)
                values.append(self.recorder.size(dim))
            else:
                values.append(
                    value if found is None else self.recorder.wrap(end_of[found])
                )
        return filled(nest, values)


def _dim(value: Any) -> Any:
    return value.as_dim() if hasattr(value, "as_dim") else None


def refuse_left(line: Line | None) -> NoReturn:
    """Refuse a loop that ended before the steps did."""
    message = (
        "A loop over an axis that is only a name is left before its end (`break`, "
        f"`return`).\n  {line}\n  Instead: run through all steps and choose among "
        "values by np.where, or give that axis a number in the spec."
    )
    raise TraceError(message)


def refuse_escaped(nodes: Iterable[Node]) -> None:
    """Refuse values of one step that are read where there is no such step."""
    for node in nodes:
        around = (node, *node.inputs)
        if any("bound" in n.op.traits or numbers_of(n) for n in around):
            place = f"\n  {node.line}" if node.line else ""
            message = (
                "A value that belongs to one step of a loop is read after the loop, or "
                f"in another step, in a way that cannot be followed.{place}\n  "
                "Instead: hand it on in a local name or an attribute, write it into an "
                "array (h[t] = ...), or append it to a list."
            )
            raise TraceError(message)
