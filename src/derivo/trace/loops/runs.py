"""What a plain ``for`` loop runs along: an axis that is only a name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import CodeType
from typing import Any, Protocol

import numpy as np

from derivo.graph.dim import Dim, excess

# A loop with a number of steps is written out, up to so many.
MOST_STEPS_WRITTEN_OUT = 12


# Where in a program a loop begins.
Begins = tuple[CodeType, int]


@dataclass
class Rolling:
    """Which loops with a number of steps stay loops.

    A long one does, and so do short ones in one another that make many steps together.

    Attributes
    ----------
    wanted
        It is tried.
    met
        There is such a loop.
    chosen
        The short loops that stay loops.
    """

    wanted: bool = True
    met: bool = False
    chosen: set[Begins] = field(default_factory=set)
    _under_way: list[Begins] = field(default_factory=list)
    _around: dict[Begins, set[Begins]] = field(default_factory=dict)
    _steps: Counter[Begins] = field(default_factory=Counter)

    def takes(self, numbers: range, begins: Begins) -> bool:
        """Tell whether a loop over some numbers is to stay one."""
        is_long = len(numbers) > MOST_STEPS_WRITTEN_OUT or begins in self.chosen
        self.met |= self.wanted and is_long
        return self.wanted and is_long

    def written_out(self, numbers: range, begins: Begins) -> Iterator[int]:
        """Give the numbers of a loop that is written out, and count its steps."""
        self._around.setdefault(begins, set()).update(self._under_way)
        self._under_way.append(begins)
        try:
            for number in numbers:
                self._steps[begins] += 1
                yield number
        finally:
            self._under_way.pop()

    def has_more(self) -> bool:
        """Tell whether loops turned out to be long; they are chosen, and all counted.

        Those around a loop that is met again and again are chosen with it.
        """
        found = {b for b, n in self._steps.items() if n > MOST_STEPS_WRITTEN_OUT}
        found |= {b for inner in found for b in self._around.get(inner, ())}
        self._steps.clear()
        self._around.clear()
        self._under_way.clear()
        new = found - self.chosen if self.wanted else set()
        self.chosen |= new
        return bool(new)


class Step(Protocol):
    """A step that stands for any: it knows its number, and rows of arrays."""

    def number(self) -> Any:
        """Give the number of the step, a traced integer."""

    def row(self, array: Any) -> Any:
        """Give the row of an array that has the number of the step."""


class Run:
    """Something that a loop runs along.

    A loop may go through its numbers from the last to the first. `item` is told so by
    `backward`: the step after the first has then the last number but one.
    """

    __slots__ = ()

    @property
    def recorder(self) -> Any:
        """What records the values that a step gets."""
        raise NotImplementedError

    @property
    def length(self) -> Dim:
        """Number of steps."""
        raise NotImplementedError

    @property
    def direction(self) -> int:
        """Give -1 if all goes from the last element to the first, else 1."""
        return 1

    @property
    def first(self) -> int:
        """What the lowest number of a step is called; 0 where nothing is counted."""
        return 0

    def item(self, step: Step, *, backward: bool) -> Any:
        """Give what the loop hands to a step."""
        raise NotImplementedError

    def __iter__(self) -> Iterator[Any]:
        steps: Iterator[Any] = self.recorder.steps_along(self)
        return steps


@dataclass(frozen=True, slots=True)
class Rows(Run):
    """The rows of an array."""

    array: Any

    @property
    def recorder(self) -> Any:
        """What records."""
        return self.array.recorder

    @property
    def length(self) -> Dim:
        """Number of rows."""
        length: Dim = self.array.node.spec.shape[0]
        return length

    def item(self, step: Step, *, backward: bool) -> Any:
        """Give one row."""
        return step.row(self.array[::-1] if backward else self.array)


@dataclass(frozen=True, slots=True)
class Counting(Run):
    """``range(start, stop, stride)`` of sizes that are known by name.

    As an index it is the array of its numbers.
    """

    recording: Any
    start: Dim
    stop: Dim
    stride: int = 1

    @property
    def recorder(self) -> Any:
        """What records."""
        return self.recording

    @property
    def length(self) -> Dim:
        """How many numbers there are."""
        way = self.stop - self.start if self.stride > 0 else self.start - self.stop
        size = abs(self.stride)
        way = way if size == 1 else (way + size - 1) // size
        return way if way in self.recording.required else excess(way)

    @property
    def direction(self) -> int:
        """Up or down."""
        return 1 if self.stride > 0 else -1

    @property
    def first(self) -> int:
        """The lowest number."""
        lowest = self.start if self.stride > 0 else self.last
        is_plain = isinstance(lowest, int) and lowest > 0 and abs(self.stride) == 1
        return int(str(lowest)) if is_plain else 0

    def item(self, step: Step, *, backward: bool) -> Any:
        """Give one number."""
        first, stride = self.start, self.stride
        if backward:
            first, stride = self.last, -stride
        number = step.number()
        number = number if stride == 1 else number * stride
        return number if first == 0 else number + self.recorder.size(first)

    @property
    def last(self) -> Dim:
        """The number of the last step."""
        return self.start + (self.length - 1) * self.stride

    def as_array(self) -> Any:
        """Give the numbers as a traced array."""
        start, stop = (self.recorder.size(d) for d in (self.start, self.stop))
        return np.arange(start, stop, self.stride)


@dataclass(frozen=True, slots=True)
class Turned(Run):
    """``reversed(run)``."""

    run: Run

    @property
    def recorder(self) -> Any:
        """What records."""
        return self.run.recorder

    @property
    def length(self) -> Dim:
        """As long as what is turned."""
        return self.run.length

    @property
    def direction(self) -> int:
        """The other one."""
        return -self.run.direction

    @property
    def first(self) -> int:
        """The lowest number."""
        return self.run.first

    def item(self, step: Step, *, backward: bool) -> Any:
        """Give what the other end has."""
        return self.run.item(step, backward=not backward)


@dataclass(frozen=True, slots=True)
class Numbered(Run):
    """``enumerate(run, start)``."""

    run: Run
    start: Dim = 0

    @property
    def recorder(self) -> Any:
        """What records."""
        return self.run.recorder

    @property
    def length(self) -> Dim:
        """As long as what is numbered."""
        return self.run.length

    @property
    def first(self) -> int:
        """The number of the first."""
        return self.start if isinstance(self.start, int) else 0

    def item(self, step: Step, *, backward: bool) -> Any:
        """Give a number and what it belongs to."""
        numbers = Counting(self.recorder, self.start, self.start + self.length)
        return (
            numbers.item(step, backward=backward),
            self.run.item(step, backward=backward),
        )


@dataclass(frozen=True, slots=True)
class Zipped(Run):
    """``zip(*runs)`` of runs that have the same length."""

    runs: tuple[Run, ...]

    @property
    def recorder(self) -> Any:
        """What records."""
        return self.runs[0].recorder

    @property
    def length(self) -> Dim:
        """The length they have in common."""
        return self.runs[0].length

    @property
    def direction(self) -> int:
        """-1 if all of them go that way."""
        return max(run.direction for run in self.runs)

    @property
    def first(self) -> int:
        """The lowest number of those that count."""
        return max(run.first for run in self.runs)

    def item(self, step: Step, *, backward: bool) -> Any:
        """Give a tuple with something of each."""
        return tuple(run.item(step, backward=backward) for run in self.runs)


def is_named(value: Any) -> bool:
    """Tell what a loop cannot count out: its length is only a name."""
    if isinstance(value, Run):
        return True
    spec = getattr(getattr(value, "node", None), "spec", None)
    return bool(spec is not None and spec.rank and not isinstance(spec.shape[0], int))


def as_run(value: Any) -> Run:
    """Give an array with a named first axis, or a run, as a run."""
    return value if isinstance(value, Run) else Rows(value)
