"""What NumPy makes of brackets: ``np.r_[a, b]``, ``np.c_[a, b]``, ``np.mgrid[0:n]``.

These are objects, no functions, and do not ask the values. While a function is traced,
others stand in for them that do.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from derivo.errors import NotSupportedError
from derivo.ops.join import as_columns, in_a_row
from derivo.ops.ranges import linspace
from derivo.trace.recording import is_traced


class Brackets:
    """Stands in for an object of NumPy's that is only used with brackets.

    Parameters
    ----------
    old
        NumPy's own.
    recorder
        What records.
    """

    name = ""

    def __init__(self, old: Any, recorder: Any) -> None:
        self._old, self._recorder = old, recorder

    def __getitem__(self, index: Any) -> Any:
        parts = index if isinstance(index, tuple) else (index,)
        if not any(_is_traced(p) for p in parts):
            return self._old[index]
        if any(isinstance(p, str) for p in parts):
            self._recorder.refuse(
                NotSupportedError,
                f"a directive in `np.{self.name}[{parts[0]!r}, ...]` has no rule",
                "write np.concatenate or np.stack, with the axis",
            )
        return self._recorder.call(self._made, parts, {}, f"np.{self.name}")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._old, name)

    def __len__(self) -> int:
        return len(self._old)

    def _made(self, *parts: Any) -> Any:
        raise NotImplementedError


class _Row(Brackets):
    name = "r_"

    def _made(self, *parts: Any) -> Any:
        return in_a_row(map(_counted, parts))


class _Columns(Brackets):
    name = "c_"

    def _made(self, *parts: Any) -> Any:
        return as_columns(map(_counted, parts))


class _OpenGrid(Brackets):
    name = "ogrid"

    def _made(self, *parts: Any) -> Any:
        axes = tuple(np.ix_(*map(_counted, parts)))
        return axes if len(axes) > 1 else axes[0]


class _Grid(Brackets):
    name = "mgrid"

    def _made(self, *parts: Any) -> Any:
        axes = np.meshgrid(*map(_counted, parts), indexing="ij")
        return np.stack(axes) if len(axes) > 1 else axes[0]


BRACKETS: dict[str, Callable[[Any, Any], Brackets]] = {
    kind.name: kind for kind in (_Row, _Columns, _OpenGrid, _Grid)
}


def _is_traced(part: Any) -> bool:
    ends = (part.start, part.stop, part.step) if isinstance(part, slice) else (part,)
    return any(map(is_traced, ends))


def _counted(part: Any) -> Any:
    """Give the numbers that a slice stands for: 0:n counts, 0:1:5j takes five."""
    if not isinstance(part, slice):
        return part
    start = 0 if part.start is None else part.start
    if isinstance(part.step, complex):
        return linspace(start, part.stop, int(abs(part.step)))
    return np.arange(start, part.stop, 1 if part.step is None else part.step)
