"""What a function reads beside its arguments: a derivation holds for that alone.

A derivation keeps the numbers that the function found in its closure, in its module and
in its object. When they are others at a later call, it is another function.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Hashable, Iterable, Iterator
from functools import lru_cache, partial
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from derivo.graph.nest import holds_values
from derivo.trace.running.users import is_users

# How many values are looked at. What lies beyond them is taken to stay as it is.
MOST = 10_000
_PLAIN = (int, float, complex, str, bytes, type(None), type(Ellipsis), slice)
# Where a value stands: in what, and under which name there.
Slot = tuple[int, Hashable]


class Held:
    """What a function reads beside its arguments, at one time.

    Followed are closures, defaults, names of the module, attributes of the object of a
    method, and all of these for functions of the user's that are called. Of an object
    only the attributes count that some of this code names.

    Attributes
    ----------
    slots
        What stands where. Arrays count by what is in them; what cannot be looked into
        counts as itself.
    objects
        By identity: what counts as itself means these for as long as they live.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self.slots: dict[Slot, Hashable] = {}
        self.objects: dict[int, Any] = {}
        self._new: list[Any] = []
        self._names: set[str] = set()
        self._owners: list[tuple[Any, set[str]]] = []
        self.slots[0, "function"] = self._told(function)
        while self._new:
            while self._new:
                self._look_into(self._new.pop())
            for thing, known in self._owners:
                for name in sorted(self._names - known):
                    known.add(name)
                    for place, value in _attributes(thing, name):
                        self._put(thing, place, value)

    def without(self, slots: set[Slot]) -> Hashable:
        """Give what can be compared and looked up, apart from some places."""
        return tuple(item for item in self.slots.items() if item[0] not in slots)

    def changed(self, before: Held) -> set[Slot]:
        """Give the places where something else stands than before."""
        return {s for s, told in self.slots.items() if before.slots.get(s) != told}

    def _put(self, thing: Any, name: Hashable, value: Any) -> None:
        self.slots[id(thing), name] = self._told(value)

    def _told(self, value: Any) -> Hashable:
        """Describe a value; what may change inside is looked into later."""
        if isinstance(value, _PLAIN):
            return type(value), repr(value)
        if isinstance(value, np.ndarray | np.generic) and value.dtype.kind != "O":
            return value.shape, value.dtype.str, hash(value.tobytes())
        parts = _fixed_parts(value)
        if parts is not None:
            return type(value), tuple(map(self._told, parts))
        if id(value) not in self.objects and len(self.objects) < MOST:
            self.objects[id(value)] = value
            self._new.append(value)
        return id(value)

    def _look_into(self, value: Any) -> None:
        if isinstance(value, list):
            self.slots[id(value), None] = tuple(map(self._told, value))
        elif isinstance(value, dict):
            for key, part in value.items():
                self._put(value, self._told(key), part)
        elif isinstance(value, FunctionType):
            self._look_into_function(value)
        elif _may_change(value):
            self._owners.append((value, set()))
        elif "__wrapped__" in _own(value):
            self._put(value, "__wrapped__", value.__wrapped__)

    def _look_into_function(self, function: FunctionType) -> None:
        self.slots[id(function), "code"] = id(function.__code__)
        if hasattr(function, "__wrapped__"):
            self._put(function, "__wrapped__", function.__wrapped__)
        file = function.__code__.co_filename
        if not (is_users(file) or file == "<string>"):
            return
        names = _names_in(function.__code__)
        self._names |= names
        self._put(function, "defaults", function.__defaults__)
        self._put(function, "by name", function.__kwdefaults__)
        for cell in function.__closure__ or ():
            self._put(cell, None, _inside(cell))
        space = function.__globals__
        for name in sorted(names & space.keys()):
            self._put(space, name, space[name])


def _fixed_parts(value: Any) -> Iterable[Any] | None:
    """Give the parts of what holds the same ones for as long as it lives."""
    if isinstance(value, tuple):
        return value
    if isinstance(value, set | frozenset):
        return sorted(value, key=repr)
    if isinstance(value, partial):
        return value.func, value.args, value.keywords
    if isinstance(value, MethodType):
        return value.__func__, value.__self__
    return None


def _may_change(thing: Any) -> bool:
    """Tell whether a module, a class or an object is the user's."""
    if isinstance(thing, ModuleType):
        return is_users(getattr(thing, "__file__", None) or "<frozen>")
    kind = thing if isinstance(thing, type) else type(thing)
    if kind.__module__ == "builtins":
        return False
    package = kind.__module__.partition(".")[0]
    return package not in ("numpy", "scipy", "derivo") or holds_values(kind)


def _attributes(thing: Any, name: str) -> Iterator[tuple[Hashable, Any]]:
    """Give what an object, and its class, holds under a name, with the place."""
    if not isinstance(thing, type) and name in _own(thing):
        yield name, _own(thing)[name]
    if isinstance(thing, ModuleType):
        return
    for kind in (thing if isinstance(thing, type) else type(thing)).__mro__:
        if name in vars(kind) and kind.__module__ != "builtins":
            found = vars(kind)[name]
            if isinstance(found, property):
                found = found.fget
            elif isinstance(found, classmethod | staticmethod):
                found = found.__func__
            elif inspect.ismemberdescriptor(found):
                found = getattr(thing, name, None)
            yield (kind.__qualname__, name), found
            return


def _own(thing: Any) -> Any:
    return getattr(thing, "__dict__", {})


@lru_cache(maxsize=4096)
def _names_in(code: CodeType) -> frozenset[str]:
    """Give the names that a function, and those written inside it, may look up."""
    inner = [c for c in code.co_consts if isinstance(c, CodeType)]
    return frozenset(code.co_names).union(*map(_names_in, inner))


def _inside(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # a name that is bound later
        return None
