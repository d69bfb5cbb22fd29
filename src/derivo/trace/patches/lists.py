"""Lists of traced values, given to NumPy's functions: ``np.sum([a, b])``.

NumPy asks the arguments of a function what to do, and a list says nothing. While a
function is traced, its code finds another module under the name of NumPy, in which
lists of traced values become arrays before NumPy sees them.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import lru_cache, wraps
from math import prod
from operator import attrgetter
from types import ModuleType
from typing import Any

import numpy as np

from derivo.ops.catalogue import SPELLINGS
from derivo.ops.join import assembled
from derivo.trace.recording import is_traced

# Parameters that take several arrays in a list, of which NumPy asks each.
_SEVERAL = frozenset({"arrays", "tup"})
# Parameters in which a list is no array; and what NumPy takes no list for an array of.
_OTHERS = frozenset({
    "arys", "condlist", "choicelist", "operands", "xi", "args", "xs", "funclist",
    "shape", "axis", "axes", "newshape", "reps", "source", "destination", "pad_width",
    "indices_or_sections", "s", "n", "ary", "shift",
})  # fmt: skip
# What gives a size of the sizes in a shape.
_OF_SIZES: dict[Any, Callable[[Any], Any]] = {np.prod: prod, np.sum: sum}
# Written in C, without a signature that Python could read.
_IN_C = {
    "dot": ("a", "b"), "inner": ("a", "b"), "vdot": ("a", "b"),
    "where": ("condition", "x", "y"), "concatenate": ("arrays",),
}  # fmt: skip


@lru_cache(maxsize=1)
def _takers() -> tuple[tuple[ModuleType, str, Any, Callable[..., Any]], ...]:
    """Give the functions that take arrays: where they stand, and what stands in."""
    found = []
    for function in SPELLINGS:
        module = getattr(function, "__module__", None) or ""
        if isinstance(function, str | np.ufunc) or module.split(".")[0] != "numpy":
            continue
        path, name = module.partition(".")[2], function.__name__
        holder = attrgetter(path)(np) if path else np
        if getattr(holder, name, None) is not function:
            continue
        parameters = _parameters(function, name)
        nests = name == "block"  # lists in lists are its own
        if parameters and parameters[0] not in _OTHERS and not nests:
            found.append((holder, name, function, _taking_lists(function, parameters)))
    return tuple(found)


def _parameters(function: Any, name: str) -> tuple[str, ...]:
    try:
        return tuple(inspect.signature(function).parameters)
    except ValueError:
        return _IN_C.get(name, ())


class _Module(ModuleType):
    """Stands in for a module of NumPy's in the eyes of the user's code."""

    def __init__(self, real: ModuleType, own: dict[str, Any]) -> None:
        super().__init__(real.__name__, real.__doc__)
        self.__dict__["_real"] = real
        self.__dict__["_own"] = own

    def __getattr__(self, name: str) -> Any:
        real = getattr(self._real, name)
        function, instead = self._own.get(name, (None, None))
        return instead if function is real else real

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._real, name, value)

    def __dir__(self) -> list[str]:
        return dir(self._real)


@lru_cache(maxsize=1)
def _instead() -> dict[int, Any]:
    own: dict[ModuleType, dict[str, Any]] = {np: {}, np.linalg: {}, np.fft: {}}
    instead: dict[int, Any] = {}
    for holder, name, function, new in _takers():
        if holder not in own:  # such as np.lib.stride_tricks, whose own take no lists
            continue
        own[holder][name] = function, new
        instead[id(function)] = new
    for name in ("linalg", "fft"):
        real = getattr(np, name)
        instead[id(real)] = _Module(real, own[real])
        own[np][name] = real, instead[id(real)]
    instead[id(np)] = _Module(np, own[np])
    return instead


def numpy_as_seen() -> Any:
    """Give what the user's code finds under the name of NumPy while it is traced."""
    return _instead()[id(np)]


def taking_lists() -> dict[int, Any]:
    """Give what stands in for functions and modules, by their identity."""
    return dict(_instead())


def _taking_lists(old: Any, parameters: tuple[str, ...]) -> Callable[..., Any]:
    @wraps(old)
    def call(*args: Any, **options: Any) -> Any:
        if not any(type(a) in (list, tuple) for a in args):
            return old(*args, **options)
        of_sizes = _OF_SIZES.get(old) if len(args) == 1 and not options else None
        if of_sizes is not None and _holds_sizes(args[0]):
            return of_sizes(args[0])
        given = list(args)
        for k, (name, value) in enumerate(zip(parameters, args, strict=False)):
            if name in _SEVERAL and type(value) in (list, tuple):
                given[k] = [assembled(v) if _holds_values(v) else v for v in value]
            elif name not in _OTHERS and _holds_values(value):
                given[k] = assembled(value)
        return old(*given, **options)

    return call


def _holds_sizes(value: Any) -> bool:
    """Tell a shape, or a part of one, in which a size is only a name."""
    return any(hasattr(v, "as_dim") for v in value) and all(
        isinstance(v, int) or hasattr(v, "as_dim") for v in value
    )


def _holds_values(value: Any) -> bool:
    """Tell a list of traced values from one of sizes."""
    if type(value) not in (list, tuple) or not is_traced(value):
        return False
    return any(
        _holds_values(v) or (hasattr(v, "record") and not hasattr(v, "as_dim"))
        for v in value
    )
