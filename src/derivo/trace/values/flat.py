"""``x.flat``: the elements of an array in one row, to read and to write."""

from __future__ import annotations

from typing import Any

from derivo.graph.dim import product
from derivo.ops.shape import as_shape, reshape


class Flat:
    """The elements of a traced array, whatever their order in memory.

    Parameters
    ----------
    array
        The array, which is written to when this is.
    """

    def __init__(self, array: Any) -> None:
        self.array = array
        self.at = 0

    @property
    def coords(self) -> tuple[int, ...]:
        """Where the next element lies, as `numpy.ndenumerate` asks."""
        left, found = self.at, list[int]()
        for n in reversed(self.array.shape):
            left, k = divmod(left, n)
            found.append(k)
        return tuple(reversed(found))

    def _row(self) -> Any:
        return reshape(self.array, shape=(product(as_shape(self.array.shape)),))

    def __getitem__(self, index: Any) -> Any:
        return self._row()[index]

    def __setitem__(self, index: Any, value: Any) -> None:
        row = self._row()
        row[index] = value
        shape = as_shape(self.array.shape)
        self.array.put_node(reshape(row, shape=shape).node)

    def __len__(self) -> int:
        return len(self._row())

    def __iter__(self) -> Flat:
        return self

    def __next__(self) -> Any:
        if self.at >= len(self):
            raise StopIteration
        self.at += 1
        return self._row()[self.at - 1]
