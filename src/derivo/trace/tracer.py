"""From a function to a graph: run it once on variables and write down what it does."""

from __future__ import annotations

import inspect
import linecache
import numbers
import sys
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np

from derivo.errors import DerivoError, TraceError, UsageError
from derivo.graph.builder import Builder, check
from derivo.graph.node import Graph, Line, Node
from derivo.graph.spec import Spec
from derivo.ops.leaf import argument
from derivo.trace.patch import understanding_variables
from derivo.trace.recorder import Recorder
from derivo.trace.variable import Variable

_OURS = str(Path(__file__).parents[1])
# Layers are written as a user writes them: their names and lines are worth keeping.
_LIKE_USERS = tuple(str(Path(_OURS) / part) for part in ("layers", "article"))
_NUMPY = str(Path(np.__file__).parent)


def is_users(file: str) -> bool:
    """Tell code of the user from code of derivo, NumPy and the interpreter."""
    if file.startswith(_LIKE_USERS):
        return True
    return not file.startswith(
        (_OURS, _NUMPY, "<frozen", "<string>", "<__array_function__")
    )


class Tracer(Recorder):
    """A recorder that knows the line of the user's code it is at."""

    def __init__(self, builder: Builder, function: Callable[..., Any]) -> None:
        super().__init__(builder)
        self.function = function
        self.found: dict[Node, tuple[int, str]] = {}

    def place(self) -> tuple[Line | None, tuple[str, ...]]:
        """Find the innermost frame of the user's, and the helpers around it."""
        frame: FrameType | None = sys._getframe(1)  # noqa: SLF001
        line, group = None, []
        code = getattr(self.function, "__code__", None)
        while frame is not None:
            if is_users(frame.f_code.co_filename):
                if line is None:
                    line = _line(frame)
                if frame.f_code is code:
                    break
                group.append(frame.f_code.co_name)
            frame = frame.f_back
        return line, tuple(reversed(group)) if frame is not None else ()

    def lift(self, value: Any) -> Node:
        """Give the node of a value; an array closed over has the name it goes by."""
        node = super().lift(value)
        if isinstance(value, np.ndarray) and value.ndim and node not in self.found:
            frame: FrameType | None = sys._getframe(1)  # noqa: SLF001
            while frame is not None and not is_users(frame.f_code.co_filename):
                frame = frame.f_back
            for name in _names_of(value, frame):
                self.found[node] = (_depth(frame), name)
        return node

    def watch(self, frame: FrameType, _event: str, _arg: Any) -> Any:
        """Note the names of local variables as they are bound, line by line."""
        function = getattr(self.function, "func", self.function)  # inside a partial
        own = frame.f_code is getattr(function, "__code__", None)
        if not own and not is_users(frame.f_code.co_filename):
            return None
        depth = _depth(frame)

        def look(frame: FrameType, _event: str, _arg: Any) -> Any:
            for name, value in frame.f_locals.items():
                if isinstance(value, Variable):
                    known = self.found.get(value.node)
                    if known is None or known[0] > depth:
                        self.found[value.node] = (depth, name)
            return look

        return look


def trace(
    function: Callable[..., Any], specs: Mapping[str, Spec], builder: Builder
) -> tuple[Graph, Any]:
    """Run `function` once on variables of the given specs.

    Parameters
    ----------
    function
        Takes arrays, gives an array, or a tuple, list or dict of arrays.
    specs
        One per argument; an argument with a default may be left out.
    builder
        Where the nodes go.

    Returns
    -------
    graph
        What the function computes.
    structure
        The result with each array replaced by its number among the graph's outputs.

    Raises
    ------
    UsageError
        A spec without an argument, or an argument without a spec.
    TraceError
        The function does something that cannot be traced, or returns nothing.
    """
    tracer = Tracer(builder, inspect.unwrap(function))
    arguments = {
        name: tracer.wrap(builder.make(argument, (), {"name": name, "spec": spec}))
        for name, spec in specs.items()
    }
    parameters = _signature(function, specs)
    positional, keyword = _bind(function, parameters, arguments)
    with understanding_variables(tracer, function):
        before = sys.gettrace()
        sys.settrace(tracer.watch)
        try:
            result = function(*positional, **keyword)
        except Exception as error:  # noqa: BLE001  (raised again, at once)
            raise _reason(error) from None
        finally:
            sys.settrace(before)
    outputs: list[Node] = []
    structure = _flatten(result, outputs, tracer, function)
    names = {v.node: name for name, v in arguments.items()}
    top = min((depth for depth, _ in tracer.found.values()), default=0)
    taken = {(0, name): top for name in names.values()}
    for node, (depth, name) in sorted(tracer.found.items(), key=lambda t: t[1][0]):
        # What a helper function calls its own is no name where that means another
        # value; the step of a loop is no helper, its names are its own.
        step = max((r.start for r in tracer.steps if node.index in r), default=0)
        if taken.setdefault((step, name), depth) == depth:
            names.setdefault(node, name)
    inputs = tuple(arguments[name].node for name in _in_order(parameters, arguments))
    graph = Graph(function_name(function), inputs, tuple(outputs), names)
    check(graph)
    return graph, structure


def function_name(function: Callable[..., Any]) -> str:
    """Give a name that can stand in source: a lambda is called ``function``."""
    while isinstance(function, partial):
        function = function.func
    name = getattr(function, "__name__", type(function).__name__)
    return name if name.isidentifier() else "function"


def _signature(function: Any, names: Iterable[str]) -> Mapping[str, inspect.Parameter]:
    """Give the parameters of a function, and see that `names` are among them."""
    try:
        parameters = inspect.signature(function).parameters
    except (TypeError, ValueError):
        message = f"derive needs a function written in Python, not {function!r}"
        raise UsageError(message) from None
    kinds = {p.kind for p in parameters.values()}
    taken = {n for n, p in parameters.items() if p.kind is not p.VAR_POSITIONAL}
    for name in names:
        if name not in taken and inspect.Parameter.VAR_KEYWORD not in kinds:
            listed = ", ".join(parameters)
            message = (
                f"{name!r} is not an argument of {function_name(function)}({listed})."
                f"{_definition(function)}\n  Instead: give a shape for each argument "
                "that stands there"
            )
            raise UsageError(message)
    return parameters


def _in_order(parameters: Iterable[str], arguments: Iterable[str]) -> list[str]:
    """Sort argument names as the function has them, those of ``**options`` last."""
    given = list(arguments)
    own = [name for name in parameters if name in given]
    return own + [name for name in given if name not in own]


def _bind(
    function: Any,
    parameters: Mapping[str, inspect.Parameter],
    arguments: dict[str, Any],
) -> tuple[list[Any], dict[str, Any]]:
    listed = ", ".join(parameters)
    positional: list[Any] = []
    keyword = {name: v for name, v in arguments.items() if name not in parameters}
    for name, p in parameters.items():
        if name in arguments and p.kind is not p.POSITIONAL_ONLY:
            keyword[name] = arguments[name]
        elif p.kind is p.POSITIONAL_ONLY and name in arguments:
            positional.append(arguments[name])
        elif p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD):
            message = (
                f"no shape is given for the argument {name!r} of "
                f"{function_name(function)}({listed}).{_definition(function)}\n  "
                f"Instead: write derive(..., {name}='N M'), or pass an example array"
            )
            raise UsageError(message)
        elif p.kind is p.POSITIONAL_ONLY and p.default is not p.empty:
            positional.append(p.default)
    return positional, keyword


def _flatten(result: Any, outputs: list[Node], tracer: Tracer, function: Any) -> Any:
    if isinstance(result, dict):
        return {k: _flatten(v, outputs, tracer, function) for k, v in result.items()}
    if isinstance(result, tuple | list) and any(
        isinstance(r, Variable | tuple | list | dict) for r in result
    ):
        parts = [_flatten(r, outputs, tracer, function) for r in result]
        return parts if isinstance(result, list) else tuple(parts)
    is_empty = result is None or (isinstance(result, tuple | list) and not result)
    if is_empty or not isinstance(
        result, Variable | np.ndarray | numbers.Real | list | tuple
    ):
        what = "nothing" if is_empty else f"a {type(result).__name__}"
        message = (
            f"{function_name(function)} returns {what}.{_definition(function)}\n  "
            "Instead: end it with `return y`, where y is an array, or several in a "
            "tuple, list or dict"
        )
        raise TraceError(message)
    outputs.append(tracer.lift(result))
    return len(outputs) - 1


def _definition(function: Any) -> str:
    """Write where a function begins, as Python's tracebacks do."""
    while isinstance(function, partial):
        function = function.func
    code = getattr(inspect.unwrap(function), "__code__", None)
    if code is None:
        return ""
    return (
        f'\n  File "{code.co_filename}", line {code.co_firstlineno}, in {code.co_name}'
    )


def _reason(error: Exception) -> Exception:
    """Give our own error where NumPy hid it behind one of its own."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, DerivoError):
            return cause
        cause = cause.__cause__
    return error


def _names_of(value: Any, frame: FrameType | None) -> list[str]:
    """Give what an array is called in a function, or in its module."""
    spaces = (frame.f_locals, frame.f_globals) if frame is not None else ()
    names = (name for space in spaces for name, v in space.items() if v is value)
    return list(names)[:1]


def _line(frame: FrameType) -> Line:
    file, number = frame.f_code.co_filename, frame.f_lineno
    text = linecache.getline(file, number).strip()
    return Line(file, number, frame.f_code.co_name, text)


def _depth(frame: FrameType | None) -> int:
    depth = 0
    while frame is not None:
        depth, frame = depth + 1, frame.f_back
    return depth
