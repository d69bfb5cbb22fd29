"""A backward pass that the user wrote: what it is called with, and what comes back."""

from __future__ import annotations

import ast
import copy
import functools
import inspect
import linecache
import re
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import numpy as np

from derivo.errors import UsageError
from derivo.graph.nest import gradient_nests
from derivo.graph.node import Graph, Line
from derivo.run.calling import spread
from derivo.trace.running.users import is_users

# What people call the values that a forward pass keeps for its backward pass.
SAVED = ("saved", "cache", "ctx", "context", "tape", "state", "memo", "residuals")
# ... and the adjoint of the result.
_UPSTREAM = re.compile(
    r"(d|g|dout|dy|grad|upstream|up|delta|ct|cotangent|v|adj)$|"
    r"(d_|d[A-Zyoz]|g_|grad|gy|gout|upstream|delta|adj|bar)|.*_bar$"
)
# What stands before and after the name of an argument in the key of its gradient.
_AROUND = (
    ("d_", ""), ("grad_", ""), ("g_", ""), ("dL_d", ""), ("dL", ""), ("", "_grad"),
    ("", "_bar"), ("d", ""), ("g", ""),
)  # fmt: skip


class UsersError(Exception):
    """Tells what is wrong with the user's own code, with the line."""

    def __init__(self, text: str, line: Line | None = None) -> None:
        super().__init__(text)
        self.line = line


@dataclass(frozen=True)
class Handwritten:
    """A hand-written backward pass with what each of its arguments stands for.

    Attributes
    ----------
    forward, backward
        The user's functions.
    roles
        For each argument of `backward` that is given: "upstream", "cache", "argument"
        or "value" (a value of the forward pass, by its name there).
    returns_cache
        `forward` gives its result and what it keeps.
    """

    forward: Callable[..., Any]
    backward: Callable[..., Any]
    roles: Mapping[str, str]
    returns_cache: bool

    @property
    def takes_upstream(self) -> bool:
        """Whether the adjoint of the result is given; a loss may do without."""
        return "upstream" in self.roles.values()

    def arguments(
        self, arrays: Mapping[str, Any], values: Mapping[str, Any],
        upstream: tuple[Any, ...],
    ) -> dict[str, Any]:  # fmt: skip
        """Give copies of what the backward pass takes, by name."""
        given = upstream if len(upstream) > 1 else np.array(upstream[0])[()]
        found: dict[str, Any] = {}
        for name, role in self.roles.items():
            if role == "argument":
                found[name] = copied(arrays[name])
            elif role == "value":
                found[name] = np.copy(values[name])[()]
            elif role == "upstream":
                found[name] = given
            else:
                found[name] = self._cache(arrays)
        return found

    def _cache(self, arrays: Mapping[str, Any]) -> Any:
        copies = {k: copied(v) for k, v in arrays.items()}
        result = guarded(self.forward, copies)
        kept = result[1:] if isinstance(result, tuple) else result
        return kept[0] if len(kept) == 1 else kept


def copied(nest: Any) -> Any:
    """Copy an array, or the arrays in a nest: the user's code may write to them."""
    try:
        return copy.deepcopy(nest)
    except Exception:  # noqa: BLE001  a setting may be anything
        return nest


def guarded(function: Callable[..., Any], arguments: Mapping[str, Any]) -> Any:
    """Call the user's function by name; its errors are told with their line.

    Raises
    ------
    UsersError
        Whatever it raised.
    """
    positional = [
        arguments[k] for k, p in inspect.signature(function).parameters.items()
        if k in arguments and p.kind is p.POSITIONAL_ONLY
    ]  # fmt: skip
    named = dict(list(arguments.items())[len(positional) :])
    try:
        return function(*positional, **named)
    except UsageError:
        raise  # derivo's own: it says what to do
    except SystemExit:
        message = "the code ends the program (sys.exit) instead of giving gradients"
        raise UsersError(message) from None
    except Exception as error:  # noqa: BLE001  it is the user's code
        line, shapes = _place(error.__traceback__)
        text = f"the code raises {type(error).__name__}: {error}{shapes}"
        raise UsersError(text, line) from None


def _place(traceback: TracebackType | None) -> tuple[Line | None, str]:
    """Give the innermost line of the user's, and the shapes of the arrays in it."""
    found = None
    while traceback is not None:
        if is_users(traceback.tb_frame.f_code.co_filename):
            found = traceback
        traceback = traceback.tb_next
    if found is None:
        return None, ""
    frame, number = found.tb_frame, found.tb_lineno
    file = frame.f_code.co_filename
    text = linecache.getline(file, number).strip()
    words = dict.fromkeys(re.findall(r"[A-Za-z_]\w*", text))
    arrays = {w: np.shape(frame.f_locals[w]) for w in words
              if isinstance(frame.f_locals.get(w), np.ndarray)}  # fmt: skip
    listed = ", ".join(f"{k} is {s}" for k, s in arrays.items())
    line = Line(file, number, frame.f_code.co_name, text)
    return line, f" ({listed})" if listed else ""


def result_only(forward: Callable[..., Any], *, has_cache: bool) -> Callable[..., Any]:
    """Give the forward pass without what it keeps.

    Two things are returned and the second is a tuple, list, dict or object: it is kept.
    """

    @functools.wraps(forward)
    def result(*args: Any, **options: Any) -> Any:
        found = forward(*args, **options)
        return found[0] if has_cache or looks_kept(found) else found

    return result


def looks_kept(result: Any) -> bool:
    """Tell whether a result is a pair of a value and what is kept beside it."""
    if not isinstance(result, tuple) or len(result) != 2:
        return False
    first, second = result
    if isinstance(first, tuple | list | dict) or first is None:
        return False
    return not (hasattr(second, "dtype") or isinstance(second, float | int))


def takes_cache(
    forward: Callable[..., Any], backward: Callable[..., Any], arguments: list[str]
) -> str:
    """Give the argument of `backward` that is what `forward` kept; "" if none is."""
    unknown = [p for p in required(backward) if p not in arguments]
    returned = _returned_second(forward)
    for name in unknown:
        if name in SAVED or (name == returned and len(unknown) > 1):
            return name
    own = getattr(inspect.unwrap(forward), "__code__", None)
    values = own.co_varnames if own is not None else ()
    if returned and len(unknown) == 2:  # an adjoint and something kept, or a value
        likely = [p for p in unknown if not _UPSTREAM.match(p)]
        kept = likely[0] if len(likely) == 1 else unknown[1]
        return kept if kept not in values or kept == returned else ""
    return ""


def required(function: Callable[..., Any]) -> list[str]:
    """Give the names of the arguments that have no default."""
    try:
        parameters = inspect.signature(function).parameters
    except (TypeError, ValueError):
        message = f"check_backward needs a function written in Python, not {function!r}"
        raise UsageError(message) from None
    several = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return [
        k for k, p in parameters.items()
        if p.default is p.empty and p.kind not in several
    ]  # fmt: skip


def _returned_second(forward: Callable[..., Any]) -> str:
    """Read what the forward pass calls the second thing it returns."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(forward)))
    except (OSError, TypeError, SyntaxError):
        return ""
    for node in ast.walk(tree):
        if isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple):
            second = node.value.elts[1] if len(node.value.elts) == 2 else None
            return second.id if isinstance(second, ast.Name) else "(several)"
    return ""


def read_roles(
    backward: Callable[..., Any], arguments: list[str], values: Mapping[str, Any],
    cache: str, *, needs_upstream: bool,
) -> dict[str, str]:  # fmt: skip
    """Say what each argument of a backward pass stands for.

    Raises
    ------
    UsageError
        More arguments than can be understood.
    """
    taken = list(inspect.signature(backward).parameters)
    roles = {p: "argument" for p in taken if p in arguments}
    roles |= {cache: "cache"} if cache else {}
    unknown = [p for p in required(backward) if p not in roles]
    known = [p for p in unknown if p in values]
    if needs_upstream and len(known) == len(unknown) > 0:
        # One of them must be the adjoint, though a value has its name.
        likely = [p for p in known if _UPSTREAM.match(p)] or known
        known.remove(likely[0])
    roles |= dict.fromkeys(known, "value")
    rest = [p for p in unknown if p not in roles]
    if len(rest) > 1:
        message = (
            f"the arguments of the backward pass ({', '.join(taken)}) are not "
            "understood: one is the adjoint of the result, the others are arguments of "
            f"the forward pass by name ({', '.join(arguments)}), values of it by name, "
            f"or what it keeps ({', '.join(SAVED)}); check {', '.join(rest)}"
        )
        raise UsageError(message)
    roles |= dict.fromkeys(rest, "upstream")
    return {p: roles[p] for p in taken if p in roles}


def named(result: Any, graph: Graph, wrt: tuple[str, ...]) -> dict[str, Any]:
    """Give the gradients by name (in a nest, by path), as float64 arrays.

    Parameters
    ----------
    result
        What the backward pass returned.
    graph
        The forward pass.
    wrt
        Whose gradients are wanted.

    Raises
    ------
    UsageError
        Another number of gradients than of arguments.
    UsersError
        A gradient that is no array of numbers.
    """
    if result is None:
        message = "the backward pass returns nothing; end it with `return d_x, d_w`"
        raise UsageError(message)
    wanted = gradient_nests(graph, wrt)
    names = tuple(wanted)
    arguments = [name for name, _ in graph.signature]
    if isinstance(result, Mapping):
        found = _by_key(result, names)
    else:
        parts = result if isinstance(result, tuple | list) else (result,)
        if len(parts) == len(arguments) != len(names):  # one for each argument
            parts = [p for a, p in zip(arguments, parts, strict=True) if a in names]
        if len(parts) != len(names):
            message = (
                f"the backward pass returns {len(parts)} gradients, but there are "
                f"{len(names)} floating arguments: {', '.join(names)}; say which with "
                "wrt="
            )
            raise UsageError(message)
        found = dict(zip(names, parts, strict=True))
    flat = {
        path: value
        for name in names
        for path, value in spread(graph.name, name, wanted[name], found[name])
    }
    missing = [path for path in wrt if path not in flat]
    if missing:
        message = f"the backward pass gives no gradient of {', '.join(missing)}"
        raise UsageError(message)
    return {path: _as_numbers(flat[path], path) for path in wrt}


def _as_numbers(value: Any, name: str) -> Any:
    try:
        return np.asarray(value, dtype=float)
    except (TypeError, ValueError):
        message = (
            f"the gradient of {name} is a {type(value).__name__}, no array of numbers"
        )
        raise UsersError(message) from None


def _by_key(result: Mapping[Any, Any], wrt: tuple[str, ...]) -> dict[str, Any]:
    known: dict[str, Any] = {}
    for key, value in result.items():
        text = str(key)
        for name in wrt:
            if text == name or any(text == f"{a}{name}{b}" for a, b in _AROUND):
                known[name] = value
    missing = [name for name in wrt if name not in known]
    if missing:
        message = (
            f"the backward pass gives no gradient of {', '.join(missing)}; it gives "
            f"{', '.join(map(str, result))}"
        )
        raise UsageError(message)
    return {name: known[name] for name in wrt}
