"""The catalogue of operations, and the NumPy spellings that lead to them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from derivo.graph.op import Op

CATALOGUE: dict[str, Op] = {}
# From a NumPy function (or the name of a ufunc) to what records it on traced values.
SPELLINGS: dict[Any, Callable[..., Any]] = {}

F = TypeVar("F", bound=Callable[..., Any])


def register(op: Op, *spellings: Any) -> Op:
    """Add an operation to the catalogue, under the NumPy functions that spell it."""
    if op.name in CATALOGUE:
        message = f"operation {op.name!r} is registered twice"
        raise ValueError(message)
    CATALOGUE[op.name] = op
    for spelling in spellings:
        SPELLINGS[spelling] = op
    return op


def younger(name: str) -> list[Any]:
    """Give a NumPy function that the oldest supported NumPy does not have yet."""
    return [getattr(np, name)] if hasattr(np, name) else []


def spells(*functions: Any) -> Callable[[F], F]:
    """Mark what a NumPy function does when it meets a traced value."""

    def mark(handler: F) -> F:
        for function in functions:
            SPELLINGS[function] = handler
        return handler

    return mark
