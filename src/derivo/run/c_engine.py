"""The C engine: a compiled step, many steps a call."""

from __future__ import annotations

import ctypes
import math
import os
import time
from collections import deque
from collections.abc import Callable, Sequence
from itertools import accumulate
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from derivo.errors import NotSupportedError
from derivo.run.engine import EpochResult
from derivo.run.in_numpy import InNumpy, Left

# Threads meet twice a step; below this they wait longer than they work.
SECONDS_WORTH_THREADS = 100e-6
# Above this a call tells as much as two of shorter steps.
SECONDS_OF_A_LARGE_STEP = 20e-3
# Above the first it is tried out, with so many calls of each kind; what was faster
# stays for some calls, and for longer each time that it wins again.
CALLS_OF_A_TRIAL = 3
CALLS_BETWEEN_TRIALS = (8, 64)
# A call makes steps for so long: then progress is shown, and the user may interrupt.
SECONDS_A_CALL = 0.1
LIMIT_OF_TIME = Path("/sys/fs/cgroup/cpu.max")


class CEngine:
    """Runs compiled steps.

    Parameters
    ----------
    library
        What was compiled from the text of `derivo.emit.c.module.write_c`.
    data
        Arrays of which a step sees some rows, in the floating type; at least one.
    shapes
        Shapes of what is kept: parameters and states, in their order.
    batch_size
        Rows per step.
    learning_rate
        For the update rule.
    constants
        Arrays that no step changes, data that each step sees whole and what was closed
        over: they are kept after the `shapes`.
    threads
        At most so many; None for as many as there are cores.
    sizes
        Every named size in the order of the text; None for that of a batch alone.
    left
        What the text leaves to NumPy.
    """

    name = "c"

    def __init__(  # noqa: PLR0913, PLR0917  all that a run needs
        self, library: ctypes.CDLL, data: Sequence[Any], shapes: Sequence[Any],
        batch_size: int, learning_rate: float, constants: Sequence[Any] = (),
        threads: int | None = None, sizes: Sequence[int] | None = None,
        left: Left | None = None,
    ) -> None:  # fmt: skip
        self.library = typed(library)
        self.shapes = [tuple(s) for s in shapes]
        ends = [0, *accumulate(map(math.prod, self.shapes))]
        self.places = [*zip(ends[:-1], ends[1:], self.shapes, strict=True)]
        self.length = ends[-1]
        self.batch_size = min(int(batch_size), max(len(data[0]), 1))
        named = (self.batch_size,) if sizes is None else tuple(sizes)
        self.step = self.library.step_open((ctypes.c_long * max(len(named), 1))(*named))
        if not self.step:
            message = f"there is no memory for steps of {self.batch_size} rows"
            raise NotSupportedError(message)
        self._give(data)
        left = Left() if left is None else left
        self.in_numpy = InNumpy(self.library, self.step, left, self.data[0].dtype)
        self._put(constants, start=len(self.shapes))
        self.library.step_number_is(self.step, 0, float(learning_rate))
        self.pace = Pace(threads or available_cores())
        self._inside: tuple[Any, ...] | None = None
        self._free: list[Any] = []

    def __del__(self) -> None:
        """Give the memory back."""
        if getattr(self, "step", None):
            self.library.step_close(self.step)

    def _give(self, data: Sequence[Any]) -> None:
        """Say where the data is."""
        self.data = [np.ascontiguousarray(a) for a in data]
        for k, array in enumerate(self.data):
            self.library.step_give(self.step, k, pointer(array))

    def _put(self, values: Sequence[Any], start: int = 0) -> None:
        """Copy arrays to those that are kept, from a number on."""
        for k, value in enumerate(values, start):
            array = np.ascontiguousarray(value, self.data[0].dtype)
            self.library.step_put(self.step, k, pointer(array))

    def hold(self, values: tuple[Any, ...]) -> None:
        """Take parameters and states over, if they are others than those inside."""
        if values is not self._inside:
            self._put(values)
        self._inside = values

    def epoch(
        self,
        values: tuple[Any, ...],
        order: Any,
        first: int,
        tick: Callable[[int], None],
    ) -> EpochResult:
        """Make one step for each batch; see `derivo.run.engine.Engine`."""
        self.hold(values)
        self._inside = None  # until all is well
        order = np.ascontiguousarray(order, np.int64)
        steps = -(-len(order) // self.batch_size)
        loss = (ctypes.c_double * 2)()
        done = 0
        while done < steps:
            until = min(steps, done + self.pace.steps)
            began = time.perf_counter()
            failed = self.library.step_run(
                self.step, pointer(order), len(order), self.batch_size, done, until,
                first, self.pace.threads, loss,
            )  # fmt: skip
            self.in_numpy.refuse()
            refuse_out_of_range(self.library)
            if failed >= 0:
                return EpochResult(self.values(), loss[1], int(failed))
            self.pace.learn(until - done, time.perf_counter() - began)
            done = until
            tick(done)
        return EpochResult(self.values(), loss[0] / len(order))

    def values(self) -> tuple[Any, ...]:
        """Give parameters and states as they are now: copies."""
        # One piece of memory: to ask for an address takes longer than to copy an array.
        dtype = self.data[0].dtype
        room = self._free.pop() if self._free else np.empty(self.length, dtype)
        whole = np.asarray(Lent(room, self._free))
        address, get = pointer(whole), self.library.step_get
        for k, (begin, _end, _shape) in enumerate(self.places):
            get(self.step, k, address + begin * dtype.itemsize)
        found = tuple([whole[a:b].reshape(shape) for a, b, shape in self.places])
        self._inside = found
        return found

    def make_step(
        self, data: Sequence[Any], constants: Sequence[Any], learning_rate: float,
        number: int,
    ) -> tuple[float, bool]:  # fmt: skip
        """Make a step on other data, from what is held; ask for `values` afterwards.

        Parameters
        ----------
        data, constants
            As for the engine itself; no more rows than `batch_size`.
        learning_rate, number
            Of this step.

        Returns
        -------
        tuple
            The loss before the step, and whether it was finite; nothing changes if not.
        """
        self._give(data)
        self._put(constants, start=len(self.shapes))
        self.library.step_number_is(self.step, 0, learning_rate)
        self._inside = None
        rows, loss = len(self.data[0]), (ctypes.c_double * 2)()
        began = time.perf_counter()
        failed = self.library.step_run(
            self.step, None, rows, rows, 0, 1, number, self.pace.threads, loss
        )
        self.in_numpy.refuse()
        refuse_out_of_range(self.library)
        self.pace.learn(1, time.perf_counter() - began)
        return loss[1], failed < 0


class Lent:
    """Memory that is written to again once no array lies in it any more.

    New memory costs more than what is copied into it: the system clears it page by
    page.

    Parameters
    ----------
    room
        An array of one axis. One that lies in the same place is made of this object by
        `numpy.asarray`, and keeps it, as parts of that one do.
    free
        Takes `room` back.
    """

    def __init__(self, room: Any, free: list[Any]) -> None:
        self.room, self.free = room, free
        self.__array_interface__ = room.__array_interface__

    def __del__(self) -> None:
        """Give the memory back; more than one piece is never needed."""
        if not self.free:
            self.free.append(self.room)


class Pace:
    """How many steps a call makes, and on how many threads: learnt from what they took.

    Others may take cores away and give them back at any time, so one and all cores are
    compared again and again, by a few calls.

    Parameters
    ----------
    cores
        Threads at most.
    """

    def __init__(self, cores: int) -> None:
        self.cores = cores
        self.threads = 1
        self.steps = 4
        self._recent = {n: deque[float](maxlen=CALLS_OF_A_TRIAL) for n in (1, cores)}
        self._best = 1
        self._stay = CALLS_BETWEEN_TRIALS[0]
        self._left = CALLS_OF_A_TRIAL

    def learn(self, steps: int, seconds: float) -> None:
        """Take in that so many steps took so long."""
        each = seconds / steps
        self.steps = max(1, min(int(SECONDS_A_CALL / max(each, 1e-9)), 4 * self.steps))
        if self.cores == 1:
            return
        self._recent[self.threads].append(each)
        self._left -= 2 if each >= SECONDS_OF_A_LARGE_STEP else 1
        if self._left <= 0 or self._is_slower_together():
            self._choose()

    def _is_slower_together(self) -> bool:
        """Tell whether the cores seem to have been taken away."""
        alone, together = (self._recent[n] for n in (1, self.cores))
        full = len(together) == CALLS_OF_A_TRIAL and len(alone) > 0
        return (
            self.threads == self._best > 1 and full and median(together) > median(alone)
        )

    def _choose(self) -> None:
        """Choose the threads of the next calls, and how many calls that are."""
        alone, together = (self._recent[n] for n in (1, self.cores))
        if alone and median(alone) < SECONDS_WORTH_THREADS:
            self.threads, self._left = 1, CALLS_BETWEEN_TRIALS[1]
        elif self.threads == self._best:
            self.threads, self._left = self._other(self._best), CALLS_OF_A_TRIAL
        else:
            # What is tried counts by its best call: all else that happens on a machine
            # makes calls slower.
            of_alone, of_together = (
                (min, median) if self.threads == 1 else (median, min)
            )  # fmt: skip
            is_faster = of_together(together) < 0.95 * of_alone(alone)
            better = self.cores if is_faster else 1
            shortest, longest = CALLS_BETWEEN_TRIALS
            won_again = better == self._best
            self._stay = min(2 * self._stay, longest) if won_again else shortest
            self.threads, self._best, self._left = better, better, self._stay
        self._recent[self.threads].clear()

    def _other(self, threads: int) -> int:
        return 1 if threads == self.cores else self.cores


def refuse_out_of_range(library: Any) -> None:
    """Raise what was noted on the way.

    Raises
    ------
    IndexError
        An index beyond its axis, as NumPy says it.
    NotSupportedError
        Whole numbers that the floating type cannot hold.
    """
    noted = library.step_out_of_range()
    if noted == 1:
        message = "an index is out of bounds for the axis that it picks from"
        raise IndexError(message)
    if noted:
        message = (
            "integers were computed that compiled text, which computes with "
            "floating-point numbers, cannot hold: larger than 2**24 in float32 or "
            "2**53 in float64, or divided by zero; float64 or engine='numpy' may"
        )
        raise NotSupportedError(message)


def available_cores() -> int:
    """Give the number of cores that this process may use.

    In a container the share of processor time counts: threads beyond it would only
    wait for each other.
    """
    if hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    return max(1, math.ceil(min(cores, _share_of_time())))


def _share_of_time() -> float:
    """Give the cores' worth of time that a control group (version 2) allows.

    Source
    ------
    Linux, Documentation/admin-guide/cgroup-v2.rst, cpu.max.
    """
    try:
        allowed, period = LIMIT_OF_TIME.read_text(encoding="ascii").split()
        return math.inf if allowed == "max" else int(allowed) / int(period)
    except (OSError, ValueError):
        return math.inf


def pointer(array: Any) -> Any:
    """Give the address of the elements of an array."""
    return array.ctypes.data


def typed(library: ctypes.CDLL) -> Any:
    """Say what the functions of a compiled text take."""
    pointer, whole = ctypes.c_void_p, ctypes.c_long
    library.step_open.restype = pointer
    library.step_open.argtypes = [ctypes.POINTER(whole)]
    library.step_close.restype = None
    library.step_close.argtypes = [pointer]
    for name in ("step_put", "step_get", "step_give", "step_take"):
        function = getattr(library, name)
        function.restype, function.argtypes = None, [pointer, ctypes.c_int, pointer]
    library.step_number_is.restype = None
    library.step_number_is.argtypes = [pointer, ctypes.c_int, ctypes.c_double]
    library.step_out_of_range.restype = ctypes.c_int
    library.step_out_of_range.argtypes = []
    library.step_run.restype = whole
    library.step_run.argtypes = [
        pointer, pointer, whole, whole, whole, whole, whole, ctypes.c_int,
        ctypes.POINTER(ctypes.c_double),
    ]  # fmt: skip
    return library
