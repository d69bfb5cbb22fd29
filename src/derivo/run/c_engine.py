"""The C engine: a compiled step, many steps a call."""

from __future__ import annotations

import ctypes
import math
import os
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from derivo.errors import NotSupportedError
from derivo.run.engine import EpochResult

# Threads meet twice a step; below this they wait longer than they work.
SECONDS_WORTH_THREADS = 100e-6
# A call makes steps for so long: then progress is shown, and the user may interrupt.
SECONDS_A_CALL = 0.1
# So many calls are made on one thread before more are tried, twice as many each time
# that fails, up to the second number.
CALLS_BEFORE_TRIAL = 3
CALLS_BETWEEN_TRIALS = 64


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
    """

    name = "c"

    def __init__(  # noqa: PLR0913, PLR0917  all that a run needs
        self, library: ctypes.CDLL, data: Sequence[Any], shapes: Sequence[Any],
        batch_size: int, learning_rate: float, constants: Sequence[Any] = (),
        threads: int | None = None, sizes: Sequence[int] | None = None,
    ) -> None:  # fmt: skip
        self.library = typed(library)
        self.data = [np.ascontiguousarray(a) for a in data]
        self.shapes = [tuple(s) for s in shapes]
        self.rows = len(self.data[0])
        self.batch_size = min(int(batch_size), max(self.rows, 1))
        named = (self.batch_size,) if sizes is None else tuple(sizes)
        self.step = self.library.step_open((ctypes.c_long * max(len(named), 1))(*named))
        if not self.step:
            message = f"there is no memory for steps of {self.batch_size} rows"
            raise NotSupportedError(message)
        for k, array in enumerate(self.data):
            self.library.step_give(self.step, k, pointer(array))
        for k, array in enumerate(constants, start=len(self.shapes)):
            self._put(k, array)
        self.library.step_number_is(self.step, 0, float(learning_rate))
        self.pace = Pace(threads or available_cores())
        self._inside: tuple[Any, ...] | None = None

    def __del__(self) -> None:
        """Give the memory back."""
        if getattr(self, "step", None):
            self.library.step_close(self.step)

    def _put(self, k: int, value: Any) -> None:
        array = np.ascontiguousarray(value, self.data[0].dtype)
        self.library.step_put(self.step, k, pointer(array))

    def epoch(
        self,
        values: tuple[Any, ...],
        order: Any,
        first: int,
        tick: Callable[[int], None],
    ) -> EpochResult:
        """Make one step for each batch; see `derivo.run.engine.Engine`."""
        if values is not self._inside:
            for k, value in enumerate(values):
                self._put(k, value)
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
            refuse_out_of_range(self.library)
            if failed >= 0:
                return EpochResult(self._values(), loss[1], int(failed))
            self.pace.learn(until - done, time.perf_counter() - began)
            done = until
            tick(done)
        self._inside = self._values()
        return EpochResult(self._inside, loss[0] / len(order))

    def _values(self) -> tuple[Any, ...]:
        """Give what is kept, as it is now."""
        found = tuple(np.empty(s, self.data[0].dtype) for s in self.shapes)
        for k, array in enumerate(found):
            self.library.step_get(self.step, k, pointer(array))
        return found


class Pace:
    """How many steps a call makes, and on how many threads: learnt from what they took.

    On a busy machine a call may take many times as long as it would: of the times on
    one thread the shortest counts.

    Parameters
    ----------
    cores
        Threads at most.
    """

    def __init__(self, cores: int) -> None:
        self.cores = cores
        self.threads = 1
        self.steps = 4
        self.alone = math.inf
        self._until_trial = CALLS_BEFORE_TRIAL
        self._patience = CALLS_BEFORE_TRIAL
        self._together = 0

    def learn(self, steps: int, seconds: float) -> None:
        """Take in that so many steps took so long."""
        each = seconds / steps
        self.steps = max(1, min(int(SECONDS_A_CALL / max(each, 1e-9)), 4 * self.steps))
        if self.cores == 1:
            return
        if self.threads == 1:
            self.alone = min(self.alone, each)
            self._until_trial -= 1
            if self.alone > SECONDS_WORTH_THREADS and self._until_trial < 0:
                self.threads, self._together = self.cores, 0
                self.steps = max(1, min(self.steps, int(0.02 / each)))
            return
        self._together += 1
        if each > 0.9 * self.alone:
            self.threads = 1
            self._until_trial = self._patience
            self._patience = min(2 * self._patience, CALLS_BETWEEN_TRIALS)
        elif self._together % CALLS_BETWEEN_TRIALS == 0:
            # Look once more what it takes alone.
            self.threads, self._until_trial = 1, 0
        else:
            self._patience = CALLS_BEFORE_TRIAL


def refuse_out_of_range(library: Any) -> None:
    """Raise what NumPy raises for an index beyond its axis.

    Raises
    ------
    IndexError
        There was one.
    """
    if library.step_out_of_range():
        message = "an index is out of bounds for the axis that it picks from"
        raise IndexError(message)


def available_cores() -> int:
    """Give the number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


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
