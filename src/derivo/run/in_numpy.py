"""What compiled text leaves to NumPy: it asks for a value, by its number."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from derivo.emit.c.module import left_to_numpy
from derivo.emit.plan.computation import Computation
from derivo.emit.plan.items import is_literal
from derivo.emit.plan.layout import Number, layout_of, origin
from derivo.errors import NotSupportedError
from derivo.graph.dim import evaluate
from derivo.graph.node import Node
from derivo.run.reference import compute, run_graph

_ASK = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.c_int, ctypes.POINTER(ctypes.c_void_p), ctypes.c_long
)
_WHOLE = {"int", "pyint"}


@dataclass(frozen=True)
class Left:
    """What a text leaves to NumPy.

    Attributes
    ----------
    nodes
        By the numbers that they are asked for by.
    sizes
        All named sizes.
    rows
        The name of the size that differs from step to step; "" if none does.
    """

    nodes: Sequence[Node] = ()
    sizes: Mapping[str, int] = field(default_factory=dict)
    rows: str = ""

    @classmethod
    def of(cls, computation: Computation, sizes: Sequence[int]) -> Left:
        """Give what the text of a computation, as it is `prepared`, leaves to NumPy.

        Parameters
        ----------
        computation
            What the text computes.
        sizes
            In the order of `computation.sizes`.
        """
        named = dict(zip(computation.sizes, sizes, strict=True))
        return cls(left_to_numpy(computation), named, computation.rows)


class InNumpy:
    """Computes values that have no form in C, where C text asks for them.

    Parameters
    ----------
    library
        What was compiled.
    step
        Its memory.
    left
        What is computed.
    dtype
        The floating type that is computed in.
    """

    def __init__(self, library: Any, step: Any, left: Left, dtype: Any) -> None:
        self.library, self.step = library, step
        self.nodes, self.rows, self.dtype = left.nodes, left.rows, np.dtype(dtype)
        self.sizes = dict(left.sizes)
        self._error: BaseException | None = None
        # Where values lie is the same at each call, and so are their shapes.
        self._views: dict[tuple[int, int], list[Any]] = {}
        if self.nodes:
            self._asked = _ASK(self._ask)  # as long as it may be called
            self.library.step_ask.restype = None
            self.library.step_ask.argtypes = [ctypes.c_void_p, _ASK]
            self._begin()

    def _begin(self) -> None:
        self.library.step_ask(self.step, self._asked)

    def refuse(self) -> None:
        """Raise what was raised while a value was computed, if anything was."""
        if self._error is not None:
            error, self._error = self._error, None
            self._begin()
            raise error

    def _ask(self, number: int, places: Any, rows: int) -> int:
        """Compute a value; called from C, which no exception may pass through."""
        try:
            if self.rows:
                self.sizes[self.rows] = rows
            self._compute(number, places, rows)
        except BaseException as error:  # noqa: BLE001  raised again when C has ended
            self._error = error
            return 1
        return 0

    def _compute(self, number: int, places: Any, rows: int) -> None:
        node = self.nodes[number]
        given = [n for n in node.inputs if not is_literal(origin(n))]
        if (number, rows) not in self._views:
            self._views[number, rows] = [
                self._array(n, places[k]) for k, n in enumerate((*given, node))
            ]
        *views, found = self._views[number, rows]
        arrays = {
            n: self._as_given(view, n.spec.kind)
            for n, view in zip(given, views, strict=True)
        }
        known = arrays if len(arrays) == len(node.inputs) else self._known(node, arrays)
        operands = [known[n] for n in node.inputs]
        result = compute(node, operands, self.sizes, self.dtype)
        found[...] = result
        if node.spec.kind in _WHOLE and not np.array_equal(found, result):
            message = (
                f"`{node.op.name}` gives integers that {self.dtype} cannot hold: "
                "compile with float64"
            )
            raise NotSupportedError(message)

    def _known(self, node: Node, arrays: dict[Node, Any]) -> dict[Node, Any]:
        """Give all operands: those that lie nowhere are numbers."""
        literals = [n for n in node.inputs if n not in arrays]
        return run_graph(literals, arrays, self.sizes, self.dtype)

    def _array(self, node: Node, place: int) -> Any:
        """Give a value where it lies."""
        shape = tuple(evaluate(d, self.sizes) for d in node.spec.shape)
        is_number = isinstance(layout_of(node.spec.shape), Number)
        dtype = np.dtype(np.float64) if is_number else self.dtype
        size = int(np.prod(shape)) * dtype.itemsize
        memory: Any = (ctypes.c_char * size).from_address(place)
        return np.ndarray(shape, dtype, memory)

    def _as_given(self, array: Any, kind: str) -> Any:
        """Give a value in the type that it has in NumPy."""
        if kind == "bool":
            return (array != 0)[()]
        if kind == "pyfloat":
            return float(array)
        if kind == "pyint":
            return int(array)
        return array.astype(np.int64 if kind == "int" else self.dtype, copy=False)[()]
