"""The parameters of a function of the user's, and how arguments are given to it."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from types import MethodType
from typing import Any

import numpy as np

from derivo.errors import UsageError

# Methods that stand for the object itself.
_OF_THE_OBJECT = ("__call__", "forward")
# Between the words of a name: Layer|Norm2D, LSTM|Cell.
_WORDS = re.compile(r"(?<=[a-z\d])(?=[A-Z][a-z])|(?<=[A-Z])(?=[A-Z][a-z])")


def function_name(function: Callable[..., Any]) -> str:
    """Give a name that can stand in source: a lambda is called ``function``."""
    while isinstance(function, partial):
        function = function.func
    if not hasattr(function, "__name__"):
        return short_of(f"{type(function).__name__}.__call__")
    name = function.__name__
    if isinstance(function, MethodType) and not isinstance(function.__self__, type):
        name = short_of(f"{type(function.__self__).__name__}.{name}")
    return name if name.isidentifier() else "function"


def short_of(qualified: str) -> str:
    """Give a name in source for ``Class.method``: the method, or what it stands for."""
    *around, name = qualified.split(".")
    if name in _OF_THE_OBJECT and around:
        return _WORDS.sub("_", around[-1]).lower()
    return name


def parameters_of(function: Any) -> Mapping[str, inspect.Parameter]:
    """Give the parameters of a function; before NumPy 2.4 its own have no signature.

    Raises
    ------
    TypeError, ValueError
        Python cannot tell.
    """
    try:
        return inspect.signature(function).parameters
    except ValueError:
        if not isinstance(function, np.ufunc):
            raise
    names = ["x"] if function.nin == 1 else [f"x{k + 1}" for k in range(function.nin)]
    kind = inspect.Parameter.POSITIONAL_ONLY
    return {name: inspect.Parameter(name, kind) for name in names}


def signature_of(
    function: Any, names: Iterable[str]
) -> Mapping[str, inspect.Parameter]:
    """Give the parameters of a function, and see that `names` are among them.

    Raises
    ------
    UsageError
        No function written in Python, or a name that it has no parameter for.
    """
    try:
        parameters = parameters_of(function)
    except (TypeError, ValueError):
        message = f"derive needs a function written in Python, not {function!r}"
        raise UsageError(message) from None
    kinds = {p.kind for p in parameters.values()}
    for name in names:
        if name not in parameters and inspect.Parameter.VAR_KEYWORD not in kinds:
            listed = ", ".join(parameters)
            message = (
                f"{name!r} is not an argument of {function_name(function)}({listed})."
                f"{definition(function)}\n  Instead: give a shape for each argument "
                "that stands there"
            )
            raise UsageError(message)
    return parameters


def placed(
    function: Any, parameters: Mapping[str, inspect.Parameter],
    arguments: Mapping[str, Any],
) -> tuple[list[Any], dict[str, Any]]:  # fmt: skip
    """Give arguments by name as a function takes them: by position, and by name.

    Raises
    ------
    UsageError
        An argument without a default is missing.
    """
    listed = ", ".join(parameters)
    several = [
        name for name, p in parameters.items()
        if p.kind is p.VAR_POSITIONAL and name in arguments
    ]  # fmt: skip
    positional: list[Any] = []
    keyword = {name: v for name, v in arguments.items() if name not in parameters}
    for name, p in parameters.items():
        # What stands before *args can only be given by position, if there are any.
        is_placed = p.kind is p.POSITIONAL_ONLY or (
            bool(several) and p.kind is p.POSITIONAL_OR_KEYWORD
        )
        if name in several:
            positional.extend(arguments[name])
        elif name in arguments and not is_placed:
            keyword[name] = arguments[name]
        elif name in arguments:
            positional.append(arguments[name])
        elif is_placed and p.default is not p.empty:
            positional.append(p.default)
        elif p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD):
            message = (
                f"no shape is given for the argument {name!r} of "
                f"{function_name(function)}({listed}).{definition(function)}\n  "
                f"Instead: write derive(..., {name}='N M'), or pass an example array"
            )
            raise UsageError(message)
    return positional, keyword


def definition(function: Any) -> str:
    """Write where a function begins, as Python's tracebacks do."""
    while isinstance(function, partial):
        function = function.func
    code = getattr(inspect.unwrap(function), "__code__", None)
    if code is None:
        return ""
    return (
        f'\n  File "{code.co_filename}", line {code.co_firstlineno}, in {code.co_name}'
    )
