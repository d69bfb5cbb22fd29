"""Calls like earlier ones: what was found out about their arguments still holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

# So many kinds of calls are remembered.
MOST_KINDS = 64


@dataclass(frozen=True)
class _Kind:
    """What is known of calls with arrays of certain shapes and types.

    Attributes
    ----------
    has_upstream
        Whether the first value is the adjoint of the result.
    names
        Of the values that are given without a name.
    sizes
        What the named sizes are.
    """

    has_upstream: bool
    names: tuple[str, ...]
    sizes: dict[str, int]


class CallsAlike:
    """Remembers how arguments were bound, by their shapes and types.

    Checking arguments takes longer than computing with small ones. What is checked are
    shapes and types alone, so a call with arrays of the same is bound in the same way:
    only arrays of NumPy as they are, which binding hands on unchanged.
    """

    def __init__(self) -> None:
        self._known: dict[Any, _Kind] = {}

    def find(
        self, args: Sequence[Any], named: Mapping[str, Any]
    ) -> tuple[Any, dict[str, Any], dict[str, int]] | None:
        """Give the adjoint of the result, the arguments by name, and the sizes."""
        kind = self._known.get(_key(args, named))
        if kind is None:
            return None
        first = kind.has_upstream
        values = dict(zip(kind.names, args[first:], strict=True))
        values.update(named)
        return (args[0] if first else None), values, kind.sizes

    def learn(
        self, args: Sequence[Any], named: Mapping[str, Any], upstream: Any,
        values: Mapping[str, Any], sizes: Mapping[str, int],
    ) -> None:  # fmt: skip
        """Remember how a call was bound, if others can be like it."""
        key = _key(args, named)
        first = upstream is not None
        names = {id(value): name for name, value in values.items()}
        given = [*args[first:], *named.values()]
        if (
            key is None
            or (first and not (args and args[0] is upstream))
            or len(names) != len(values)  # an array that is given twice
            or {*map(id, given)} != set(names)
            or any(values.get(name) is not value for name, value in named.items())
        ):
            return
        if len(self._known) >= MOST_KINDS:
            self._known.pop(next(iter(self._known)))
        by_place = tuple(names[id(value)] for value in args[first:])
        self._known[key] = _Kind(first, by_place, dict(sizes))


def _key(args: Sequence[Any], named: Mapping[str, Any]) -> Any:
    """Give what a call is told by; None if it is not made of arrays alone."""
    found: list[Any] = [len(args)]
    for value in args:
        if type(value) is not np.ndarray:
            return None
        found += value.shape, value.dtype
    for name, value in named.items():
        if type(value) is not np.ndarray:
            return None
        found += name, value.shape, value.dtype
    return tuple(found)
