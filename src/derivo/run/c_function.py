"""A compiled function: arguments in, results out."""

from __future__ import annotations

import ctypes
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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
# Results of so many numbers in all lie together.
MOST_TOGETHER = 4096


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
        self.library.step_call.restype = ctypes.c_long
        self.library.step_call.argtypes = [
            ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int, ctypes.c_int,
            ctypes.c_void_p, ctypes.c_int,
        ]  # fmt: skip
        self.computation = computation
        self.sizes = computation.sizes
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
        key = tuple([sizes[name] for name in self.sizes])
        with self.lock:
            memory = self.memory.pop(key, None) or _Memory(self, key)
            self.memory[key] = memory  # the last one used is the last to go
            while len(self.memory) > MOST_SIZES:
                self.memory.pop(next(iter(self.memory)))
            return memory.run(arguments)


@dataclass(frozen=True)
class _Result:
    """A result as it is handed out.

    Attributes
    ----------
    shape, kind
        Of its array.
    length
        Elements that C writes; 0 for what is known before.
    known
        That.
    """

    shape: tuple[int, ...]
    kind: np.dtype[Any]
    length: int
    known: Any = None

    @classmethod
    def of(cls, node: Node, sizes: Mapping[str, int], dtype: np.dtype[Any]) -> _Result:
        """Give what is handed out for an output."""
        shape = tuple(evaluate(d, sizes) for d in node.spec.shape)
        kinds = {"bool": np.dtype(bool), "int": np.dtype(np.int64)}
        kind = kinds.get(node.spec.kind.removeprefix("py"), dtype)
        source = origin(node)
        if not is_literal(source):
            return cls(shape, kind, math.prod(shape))
        value = source.attrs.get("dim", source.attrs.get("value"))
        value = evaluate(value, sizes) if isinstance(value, Size) else value
        return cls(shape, kind, 0, value)


class _Memory:
    """The arrays of a computation for certain sizes."""

    def __init__(self, function: CFunction, sizes: tuple[int, ...]) -> None:
        self.library, self.dtype = function.library, function.dtype
        self.step = self.library.step_open((ctypes.c_long * max(len(sizes), 1))(*sizes))
        if not self.step:
            message = f"there is no memory for sizes {sizes}"
            raise NotSupportedError(message)
        self.pace = Pace(available_cores())
        named = dict(zip(function.sizes, sizes, strict=True))
        left = Left(function.left, named)
        self.in_numpy = InNumpy(self.library, self.step, left, self.dtype)
        outputs = function.computation.outputs
        self.results = [_Result.of(n, named, self.dtype) for n in outputs]
        self.whole = sum(r.length for r in self.results)
        kept = function.computation.kept
        self.arguments = sum(
            not isinstance(n.attrs.get("value"), Constant) for n in kept
        )
        self.given = (ctypes.c_void_p * max(self.arguments, 1))()
        self.found = (ctypes.c_void_p * max(len(outputs), 1))()
        for k, node in enumerate(kept[self.arguments :], start=self.arguments):
            array = self._in_type(node.attrs["value"].array)
            self.library.step_put(self.step, k, pointer(array))

    def __del__(self) -> None:
        """Give the memory back."""
        if getattr(self, "step", None):
            self.library.step_close(self.step)

    def _in_type(self, value: Any) -> Any:
        """Give an argument in the floating type, row by row in memory."""
        given = np.asarray(value)
        array = given.astype(self.dtype, "C", copy=False)
        if given.dtype.kind in "iu" and not np.array_equal(array, given):
            message = f"integers that {self.dtype} cannot hold: compile with float64"
            raise NotSupportedError(message)
        return array

    def run(self, arguments: Sequence[Any]) -> list[Any]:
        """Compute, and give the results."""
        arrays = [self._in_type(value) for value in arguments]
        for k, array in enumerate(arrays):
            self.given[k] = pointer(array)
        # Small results lie in one piece of memory: to ask for an address takes longer
        # than to copy some numbers. Large ones have their own, for one may outlive the
        # others.
        is_small = self.whole <= MOST_TOGETHER
        whole = np.empty(self.whole if is_small else 0, self.dtype)
        at, results = 0, []
        place = pointer(whole) if is_small else 0
        for k, result in enumerate(self.results):
            if not result.length:
                results.append(np.full(result.shape, result.known or 0, result.kind))
                continue
            if is_small:
                part = whole[at : at + result.length].reshape(result.shape)
                self.found[k] = place + at * self.dtype.itemsize
                at += result.length
            else:
                part = np.empty(result.shape, self.dtype)
                self.found[k] = pointer(part)
            results.append(part)
        began = time.perf_counter()
        self.library.step_call(
            self.step, self.given, len(arrays), self.pace.threads, self.found,
            len(results),
        )  # fmt: skip
        took = time.perf_counter() - began
        self.in_numpy.refuse()
        refuse_out_of_range(self.library)
        self.pace.learn(1, took)
        return [
            a.astype(r.kind, copy=False)[()]
            for a, r in zip(results, self.results, strict=True)
        ]
