"""A compiled function of rows: some arrays are put in once, then rows go through."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any

import numpy as np

from derivo.errors import NotSupportedError
from derivo.run.c_engine import available_cores, pointer, typed
from derivo.run.in_numpy import InNumpy, Left

# So many rows are computed at a time: their values stay in cache.
BLOCK = 256
# So few are copied to a place whose address is known: to ask for that of an array takes
# longer than all that is computed for a row.
FEW = 4
# Threads are not worth starting for less: about 100 us on one.
MULTIPLICATIONS_WORTH_THREADS = 5_000_000


@dataclass(frozen=True)
class RowsShape:
    """The sizes of a function of rows.

    Attributes
    ----------
    features, columns
        Of the rows, and of the output.
    kept
        How many arrays are put in once.
    work
        Multiplications for a row.
    """

    features: int
    columns: int
    kept: int
    work: int


class CRows:
    """Runs a computation whose batch is one array and that has one output.

    Parameters
    ----------
    library
        What was compiled from its text.
    shape
        Its sizes.
    constants
        Arrays that were closed over: they are put in after those that are kept.
    dtype
        float32 or float64.
    left
        What the text leaves to NumPy.
    """

    def __init__(
        self, library: ctypes.CDLL, shape: RowsShape, constants: Sequence[Any],
        dtype: Any, left: Left | None = None,
    ) -> None:  # fmt: skip
        self.library = typed(library)
        self.library.step_apply.restype = None
        self.library.step_apply.argtypes = [
            ctypes.c_void_p, ctypes.c_void_p, ctypes.c_long, ctypes.c_int,
            ctypes.c_void_p,
        ]  # fmt: skip
        self.shape, self.constants = shape, tuple(constants)
        self.dtype = np.dtype(dtype)
        self.cores = available_cores()
        self._given = np.empty((FEW, shape.features), dtype)
        self._found = np.empty((FEW, shape.columns), dtype)
        self._places = pointer(self._given), pointer(self._found)
        self.lock = Lock()
        self._held: tuple[Any, ...] | None = None
        self.step = self.library.step_open((ctypes.c_long * 1)(BLOCK))
        if not self.step:
            message = f"there is no memory for {BLOCK} rows"
            raise NotSupportedError(message)
        left = Left() if left is None else left
        self.in_numpy = InNumpy(self.library, self.step, left, self.dtype)

    def __del__(self) -> None:
        """Give the memory back."""
        if getattr(self, "step", None):
            self.library.step_close(self.step)

    def __call__(self, x: Any, values: tuple[Any, ...]) -> Any:
        """Give the output (N, columns) for each row of `x`.

        Parameters
        ----------
        x : (N, features)
            In the floating type, row by row in memory.
        values
            Begins with what is kept. That is copied when the tuple is another one than
            before, and can no longer be written to, so that the copy stays true.
        """
        rows = len(x)
        with self.lock:
            if values is not self._held:
                self._hold(values)
            if rows > FEW:
                found = np.empty((rows, self.shape.columns), self.dtype)
                self._apply_blocks(pointer(x), rows, pointer(found))
                return found
            given, result = self._places
            self._given[:rows] = x
            self.library.step_apply(self.step, given, rows, 1, result)
            self.in_numpy.refuse()
            return self._found[:rows].copy()

    def _apply_blocks(self, given: int, rows: int, result: int) -> None:
        item, shape = self.dtype.itemsize, self.shape
        for k in range(0, rows, BLOCK):
            count = min(BLOCK, rows - k)
            is_large = count * shape.work > MULTIPLICATIONS_WORTH_THREADS
            threads = self.cores if is_large else 1
            self.library.step_apply(
                self.step, given + k * shape.features * item, count, threads,
                result + k * shape.columns * item,
            )  # fmt: skip
            self.in_numpy.refuse()

    def _hold(self, values: tuple[Any, ...]) -> None:
        kept = values[: self.shape.kept]
        for k, value in enumerate((*kept, *self.constants)):
            array = np.ascontiguousarray(value, self.dtype)
            self.library.step_put(self.step, k, pointer(array))
        for value in kept:
            value.flags.writeable = False
        self._held = values
