"""The catalogue of operations, and the NumPy spellings that lead to them."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeVar

import numpy as np

from derivo.errors import DerivoError, NotSupportedError
from derivo.graph.op import Op
from derivo.graph.spec import kind_of

CATALOGUE: dict[str, Op] = {}
# The file that an operation is written in.
HOMES: dict[str, str] = {}
# From a NumPy function (or the name of a ufunc) to what records it on traced values.
SPELLINGS: dict[Any, Callable[..., Any]] = {}
# From where SciPy keeps a function to what records it: "special.logsumexp". Ufuncs ask
# the traced value themselves and stand in SPELLINGS, by name.
SCIPY: dict[str, Callable[..., Any]] = {}

F = TypeVar("F", bound=Callable[..., Any])
Call = tuple[tuple[Any, ...], dict[str, Any]]


def register(op: Op, *spellings: Any) -> Op:
    """Add an operation to the catalogue, under the NumPy functions that spell it."""
    if op.name in CATALOGUE:
        message = f"operation {op.name!r} is registered twice"
        raise ValueError(message)
    CATALOGUE[op.name] = op
    home = sys._getframe(1).f_globals["__name__"]  # noqa: SLF001
    HOMES[op.name] = home.rpartition(".")[2]
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


def spells_scipy(*places: str) -> Callable[[F], F]:
    """Mark what a function of SciPy does when it meets a traced value."""

    def mark(handler: F) -> F:
        for place in places:
            SCIPY[place] = handler
        return handler

    return mark


class Untold:
    """Stands for a value that nobody can tell: using it raises an error that says why.

    Such as the adjoint of an operand for which an operation has no derivative.
    """

    def __init__(self, error: DerivoError) -> None:
        self._error = error

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name == "_error":
            raise AttributeError(name)
        raise self._error


def no_derivative(name: str, operand: str, value: Any) -> Untold | None:
    """Give the adjoint of an operand for which an operation has no derivative.

    Asking for the gradient is an error; having the operand is not.
    """
    if not hasattr(value, "record"):
        return None
    message = f"`{name}` has no derivative with respect to {operand}"
    return Untold(NotSupportedError(message))


@lru_cache(maxsize=512)
def _parameters(function: Any) -> tuple[inspect.Parameter, ...] | None:
    try:
        signature = inspect.signature(function)
    except ValueError:  # written in C: NumPy 2.1 tells nothing of some of these
        return None
    return tuple(signature.parameters.values())


def as_numpy_reads(
    function: Any, args: tuple[Any, ...], options: dict[str, Any]
) -> Call:
    """Sort the arguments of a call of a NumPy function as NumPy itself reads them.

    So ``np.sum(x, 0, None, None, True)`` keeps its axis, and an option that says what
    NumPy does anyway (``order="C"``) need not be known to the spelling.

    Returns
    -------
    args, options
        What has no default by position, what differs from its default by name.
    """
    parameters = _parameters(function)
    if parameters is None:
        return args, options
    given = list(args)
    positional: list[Any] = []
    named = dict(options)
    for p in parameters:
        if p.kind is p.VAR_POSITIONAL:
            positional += given
            given = []
        elif p.kind is p.VAR_KEYWORD:
            continue
        elif given and p.kind is not p.KEYWORD_ONLY:
            named[p.name] = given.pop(0)
        if p.name not in named:
            continue
        value = named[p.name]
        if p.default is p.empty:
            positional.append(named.pop(p.name))
        elif _is_default(value, p.default) or _keeps_floats(p.name, value):
            del named[p.name]
    return (*positional, *given), named


def _is_default(value: Any, default: Any) -> bool:
    plain = isinstance(value, str | int | float | bool | tuple)
    return value is default or bool(
        plain and type(value) is type(default) and value == default
    )


def _keeps_floats(name: str, value: Any) -> bool:
    """Tell whether an option asks for a floating type: the one in use stays."""
    return name == "dtype" and (value is None or kind_of(np.dtype(value)) == "float")
