"""What a traced value asks of the recorder that it belongs to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NoReturn, Protocol

import numpy as np

from derivo.errors import DerivoError
from derivo.graph.dim import Dim
from derivo.graph.node import Node
from derivo.graph.op import Op
from derivo.graph.spec import Spec
from derivo.trace.memory.cell import Cell


def is_traced(value: Any) -> bool:
    """Tell whether a value, or a part of a shape or list, is traced."""
    if isinstance(value, list | tuple):
        return any(is_traced(v) for v in value)
    return hasattr(value, "record")


class Recording(Protocol):
    """Writes down what is done to values; `derivo.trace.recorder.Recorder` is one.

    A recorder makes variables, so a variable must not need its recorder's module.
    """

    def record(self, op: Op, args: tuple[Any, ...], attrs: dict[str, Any]) -> Any:
        """Record one operation and give its result as a variable."""

    def call(
        self, function: Any, args: tuple[Any, ...], options: dict[str, Any],
        name: str = "",
    ) -> Any:  # fmt: skip
        """Call an operation or a spelling; add the user's line to what goes wrong."""

    def convert(self, variable: Any, dtype: np.dtype[Any]) -> Any:
        """Convert a traced value to another kind."""

    def size(self, dim: Dim) -> Any:
        """Give a size: a number where it is known, else a traced integer."""

    def wrap(self, node: Node) -> Any:
        """Give a new array (or number) that holds a node."""

    def cell(self, node: Node) -> Cell:
        """Give memory that holds a value."""

    def write(self, cell: Cell, node: Node) -> None:
        """Put another value into a cell."""

    def fitting(self, value: Any, place: Spec, casting: str) -> Any:
        """Bring a value that is written into a place to the place's kind."""

    def steps_along(self, run: Any) -> Iterator[Any]:
        """Begin a plain loop over an axis that is only a name."""

    def open(self) -> None:
        """Do what can be done where Python asks a traced value for a number."""

    def namespace(self) -> Any:
        """Give NumPy as the traced code sees it."""

    def suppose(self, dim: Dim) -> None:
        """Note that a branch was decided by a size being 0 or more."""

    def require(self, dim: Dim) -> None:
        """Note that a size must be 0 or more, unless it is anyhow."""

    def refuse(self, kind: type[DerivoError], what: str, instead: str) -> NoReturn:
        """Raise an error that names the user's line and says what to write instead."""

    def assumed(self) -> bool | None:
        """Give the answer with which an `assert` passes; None if none is asking."""

    def unknown(self, name: str) -> NoReturn:
        """Refuse a NumPy function that has no rule."""
