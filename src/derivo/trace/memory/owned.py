"""What the user owns stays as it was: traced values are taken out again."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from operator import setitem
from types import CellType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from derivo.trace.values.known import is_known
from derivo.trace.values.variable import Variable

# How far containers inside containers are followed, and how many are looked at.
DEPTH = 24
MOST = 20_000
# What these hold is not the user's.
_LIBRARIES = sys.stdlib_module_names | {"numpy", "scipy"}


@contextmanager
def left_as_it_was(function: Callable[..., Any]) -> Iterator[list[Any]]:
    """Take traced values out of what a function can write to, once it has run.

    A forward pass may keep its intermediate values, in ``self`` or in a dict. While it
    is traced these are no arrays, and nobody could use them later: what stood there
    before comes back. Whatever else the function writes (a counter) stays.

    Yields
    ------
    list
        Everything that the function can reach.
    """
    found: dict[int, tuple[Any, Any]] = {}
    collect(function, found, DEPTH)
    try:
        yield [thing for thing, _ in found.values()]
    finally:
        for thing, before in found.values():
            _restore(thing, before)


@contextmanager
def entirely_as_it_was(function: Callable[..., Any]) -> Iterator[int]:
    """Undo everything that a function writes to what is the user's, once it has run.

    Containers and attributes are put back, and arrays that can be reached are filled
    again with what they held.

    Yields
    ------
    int
        The number of elements of these arrays.
    """
    found: dict[int, tuple[Any, Any]] = {}
    collect(function, found, DEPTH)
    arrays = [t for t, _ in found.values() if isinstance(t, np.ndarray)]
    copies = [(a, a.copy()) for a in arrays if a.flags.writeable]
    try:
        yield sum(a.size for a in arrays)
    finally:
        for array, copy in copies:
            np.copyto(array, copy)
        for thing, before in found.values():
            _put_back(thing, before)


def _put_back(thing: Any, before: Any) -> None:
    if isinstance(thing, CellType):
        if before is not None and _inside(thing) is not before:
            thing.cell_contents = before
    elif isinstance(thing, list):
        if list(map(id, thing)) != list(map(id, before)):
            thing[:] = before
    elif isinstance(thing, dict):
        for key in [k for k in thing if k not in before]:
            del thing[key]
        for key in [k for k, v in before.items() if thing.get(k) is not v]:
            thing[key] = before[key]


class Instead:
    """What stands in for what while a function is traced.

    Parameters
    ----------
    functions
        From the identity of a function to what stands in for it; methods are found by
        the function they are made of.
    of_array
        Gives what stands in for an array of NumPy's; None if they stay.
    """

    def __init__(
        self, functions: dict[int, Any], of_array: Callable[[Any], Any] | None = None
    ) -> None:
        self.functions, self.of_array = functions, of_array
        self._arrays: dict[int, tuple[Any, Any]] = {}

    def __call__(self, thing: Any) -> Any:
        """Give what stands in for a value: itself, for most."""
        if isinstance(thing, MethodType) and id(thing.__func__) in self.functions:
            return getattr(thing.__self__, thing.__func__.__name__)  # of its class now
        if self.of_array is None:
            return self.functions.get(id(thing), thing)
        if type(thing) is np.ndarray:
            if id(thing) not in self._arrays:
                self._arrays[id(thing)] = thing, self.of_array(thing)
            return self._arrays[id(thing)][1]
        if isinstance(thing, tuple) and thing:
            parts = [self(part) for part in thing]
            if any(new is not old for new, old in zip(parts, thing, strict=True)):
                return getattr(type(thing), "_make", type(thing))(parts)
        return self.functions.get(id(thing), thing)


@contextmanager
def standing_in(
    function: Callable[..., Any], instead: Callable[[Any], Any]
) -> Iterator[None]:
    """Put others in the place of functions, say, that a function was handed before.

    ``self.act = scipy.special.softmax``, a closure and a default keep the function
    itself: it is not looked up in its module again.

    Parameters
    ----------
    function
        What it can reach is looked through.
    instead
        Gives what is to stand in the place of a value.
    """
    found: dict[int, tuple[Any, Any]] = {}
    collect(function, found, DEPTH)
    undo: list[Callable[[], None]] = []
    try:
        for thing, before in found.values():
            undo += _put(thing, before, instead)
        yield
    finally:
        for back in reversed(undo):
            back()


def _put(
    thing: Any, before: Any, instead: Callable[[Any], Any]
) -> Iterator[Callable[[], None]]:
    """Put what stands in for others into one container; give what undoes it."""
    if isinstance(thing, CellType):
        new = instead(before)
        if new is not before:
            thing.cell_contents = new
            yield partial(setattr, thing, "cell_contents", before)
    elif isinstance(thing, FunctionType) and thing.__defaults__:
        old = thing.__defaults__
        thing.__defaults__ = tuple(map(instead, old))
        yield partial(setattr, thing, "__defaults__", old)
    elif isinstance(thing, list) or (
        isinstance(thing, dict) and "__builtins__" not in thing
    ):
        items: Any = thing
        for key in list(thing if isinstance(thing, dict) else range(len(thing))):
            old, new = items[key], instead(items[key])
            if new is not old:
                items[key] = new
                yield partial(setitem, items, key, old)

    elif isinstance(thing, type):
        for name, old in list(vars(thing).items()):
            new = instead(old) if type(old) is np.ndarray else old
            if new is not old:
                setattr(thing, name, new)
                yield partial(setattr, thing, name, old)


def collect(thing: Any, found: dict[int, tuple[Any, Any]], depth: int) -> None:
    """Note what is in everything that can be reached, container by container."""
    if depth < 0 or id(thing) in found or len(found) > MOST or _is_ours(thing):
        return
    if isinstance(thing, FunctionType) and _is_librarys(thing):
        return
    before: Any = None
    if isinstance(thing, CellType):
        before = _inside(thing)
    elif isinstance(thing, dict | list):
        before = thing.copy()
    if not isinstance(thing, tuple | MethodType):
        found[id(thing)] = (thing, before)
    for part in _parts(thing, before):
        collect(part, found, depth - 1)
    if isinstance(thing, FunctionType):
        space = thing.__globals__
        found.setdefault(id(space), (space, dict(space)))


def _is_librarys(function: FunctionType) -> bool:
    package = (function.__module__ or "").partition(".")[0]
    return package in _LIBRARIES


def _is_ours(thing: Any) -> bool:
    """Tell what traces, which functions of the user's hold while they are traced."""
    kind = thing if isinstance(thing, FunctionType) else type(thing)
    return str(kind.__module__).startswith("derivo.trace.")


def _parts(thing: Any, before: Any) -> list[Any]:
    """Give what can be reached from here."""
    if isinstance(thing, MethodType):
        return [thing.__self__, thing.__func__]
    if isinstance(thing, FunctionType):
        space = thing.__globals__
        read = [space[n] for n in _names_in(thing.__code__) if n in space]
        inner = [*(thing.__closure__ or ()), *(thing.__defaults__ or ())]
        return [*inner, *read, inspect.unwrap(thing)]
    if isinstance(thing, CellType):
        return [before]
    if isinstance(thing, dict | list | tuple):
        return list(thing.values() if isinstance(thing, dict) else thing)
    if _is_instance(thing):
        own = [c for c in type(thing).__mro__ if c.__module__ != "builtins"]
        return [vars(thing), vars(type(thing)).get("__call__"), *own]
    return []


def _names_in(code: CodeType) -> Iterator[str]:
    """Give the names that a function, and those written inside it, may look up."""
    yield from code.co_names
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield from _names_in(inner)


def _inside(cell: CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # a name that is bound later
        return None


def _is_instance(thing: Any) -> bool:
    """Tell whether this is an object with attributes of its own that may be set."""
    if isinstance(thing, type | ModuleType | np.ndarray | Variable):
        return False
    return isinstance(getattr(thing, "__dict__", None), dict)


def _restore(thing: Any, before: Any) -> None:
    if isinstance(thing, CellType):
        if _is_traced(_inside(thing)):
            thing.cell_contents = before
    elif isinstance(thing, list):
        if any(map(_is_traced, thing)):
            thing[:] = before
    elif isinstance(thing, dict):
        for key in [k for k, v in thing.items() if _is_traced(v)]:
            if key in before:
                thing[key] = before[key]
            else:
                del thing[key]


def _is_traced(value: Any, depth: int = DEPTH) -> bool:
    """Tell whether a value is traced, or a new container that holds traced ones."""
    if hasattr(type(value), "record") or is_known(value):
        return True
    if depth < 0 or not isinstance(value, dict | list | tuple | set):
        return False
    parts = value.values() if isinstance(value, dict) else value
    return any(_is_traced(v, depth - 1) for v in parts)
