"""A compiled function: arguments in, results out."""

from __future__ import annotations

import ctypes
import time
from collections.abc import Mapping, Sequence
from threading import Lock
from typing import Any

import numpy as np

from derivo.emit.c.module import left_to_numpy
from derivo.emit.plan.computation import Computation
from derivo.emit.plan.items import is_literal
from derivo.emit.plan.layout import origin
from derivo.errors import NotSupportedError
from derivo.graph.builder import Constant
from derivo.graph.dim import Size, evaluate
from derivo.graph.node import Node
from derivo.run.c_engine import (
    Pace,
    available_cores,
    pointer,
    refuse_out_of_range,
    typed,
)
from derivo.run.in_numpy import InNumpy, Left

# Memory for so many combinations of sizes is kept.
MOST_SIZES = 4


class CFunction:
    """Runs a computation that has no steps: all arguments are given at each call.

    Parameters
    ----------
    library
        What was compiled from its text.
    computation
        What it computes: the arguments are `kept`, the results `outputs`.
    dtype
        float32 or float64.
    """

    def __init__(
        self, library: ctypes.CDLL, computation: Computation, dtype: Any
    ) -> None:
        self.library = typed(library)
        self.computation = computation
        self.dtype = np.dtype(dtype)
        self.left = left_to_numpy(computation)
        self.memory: dict[tuple[int, ...], _Memory] = {}
        self.lock = Lock()

    def __call__(self, arguments: Sequence[Any], sizes: Mapping[str, int]) -> list[Any]:
        """Give the results for arguments in their order.

        Raises
        ------
        NotSupportedError
            Integers that the floating type cannot hold, or no memory.
        """
        key = tuple(sizes[name] for name in self.computation.sizes)
        with self.lock:
            memory = self.memory.pop(key, None) or _Memory(self, key)
            self.memory[key] = memory  # the last one used is the last to go
            while len(self.memory) > MOST_SIZES:
                self.memory.pop(next(iter(self.memory)))
            memory.run(arguments)
            return [
                self._result(memory, k, node, sizes)
                for k, node in enumerate(self.computation.outputs)
            ]

    def _result(
        self, memory: _Memory, k: int, node: Node, sizes: Mapping[str, int]
    ) -> Any:
        shape = tuple(evaluate(d, sizes) for d in node.spec.shape)
        kinds = {"bool": np.dtype(bool), "int": np.dtype(np.int64)}
        kind = kinds.get(node.spec.kind.removeprefix("py"), self.dtype)
        source = origin(node)
        if is_literal(source):
            value = source.attrs.get("dim", source.attrs.get("value"))
            value = evaluate(value, sizes) if isinstance(value, Size) else value
            return np.full(shape, value, kind)[()]
        array = np.empty(shape, self.dtype)
        self.library.step_take(memory.step, k, pointer(array))
        return array.astype(kind, copy=False)[()]


class _Memory:
    """The arrays of a computation for certain sizes."""

    def __init__(self, function: CFunction, sizes: tuple[int, ...]) -> None:
        self.library, self.dtype = function.library, function.dtype
        self.step = self.library.step_open((ctypes.c_long * max(len(sizes), 1))(*sizes))
        if not self.step:
            message = f"there is no memory for sizes {sizes}"
            raise NotSupportedError(message)
        self.pace = Pace(available_cores())
        named = dict(zip(function.computation.sizes, sizes, strict=True))
        left = Left(function.left, named)
        self.in_numpy = InNumpy(self.library, self.step, left, self.dtype)
        kept = function.computation.kept
        self.arguments = sum(
            not isinstance(n.attrs.get("value"), Constant) for n in kept
        )
        for k, node in enumerate(kept[self.arguments :], start=self.arguments):
            self.put(k, node.attrs["value"].array)

    def __del__(self) -> None:
        """Give the memory back."""
        if getattr(self, "step", None):
            self.library.step_close(self.step)

    def put(self, k: int, value: Any) -> None:
        """Hand an argument over, in the floating type."""
        given = np.asarray(value)
        array = given.astype(self.dtype, "C", copy=False)
        if given.dtype.kind in "iu" and not np.array_equal(array, given):
            message = f"integers that {self.dtype} cannot hold: compile with float64"
            raise NotSupportedError(message)
        self.library.step_put(self.step, k, pointer(array))

    def run(self, arguments: Sequence[Any]) -> None:
        """Compute."""
        for k, value in enumerate(arguments):
            self.put(k, value)
        loss = (ctypes.c_double * 2)()
        began = time.perf_counter()
        self.library.step_run(self.step, None, 1, 1, 0, 1, 1, self.pace.threads, loss)
        self.in_numpy.refuse()
        refuse_out_of_range(self.library)
        self.pace.learn(1, time.perf_counter() - began)
