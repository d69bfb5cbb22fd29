"""SciPy's functions, most of which turn what they are given into an array.

While a function is traced, and only then, those that the catalogue knows record traced
values instead. SciPy is never imported here: what the user imports while the function
runs is found as soon as it is there.
"""

from __future__ import annotations

import builtins
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from derivo.ops.catalogue import SCIPY

_ABSENT = object()


@contextmanager
def understanding_scipy(choose: Callable[..., Any]) -> Iterator[dict[int, Any]]:
    """Let SciPy's functions work on traced values, until the end.

    Parameters
    ----------
    choose
        ``choose(old, handler, name)`` gives the function that stands in for `old`.

    Yields
    ------
    dict
        From the identity of a function that is replaced to what replaces it.
    """
    kept: dict[tuple[int, str], tuple[Any, str, Any]] = {}
    replaced: dict[int, Any] = {}
    importing = builtins.__import__

    def replace() -> None:
        for holder, name, handler in _places():
            if (id(holder), name) in kept:
                continue
            old = getattr(holder, name)
            new = choose(old, handler, name)
            kept[id(holder), name] = holder, name, vars(holder).get(name, _ABSENT)
            replaced[id(old)] = new
            setattr(holder, name, new)

    def load(name: str, *args: Any, **options: Any) -> Any:
        loaded = len(sys.modules)
        module = importing(name, *args, **options)
        if name.startswith("scipy") and len(sys.modules) != loaded:
            replace()
        return module

    try:
        replace()
        builtins.__import__ = load
        yield replaced
    finally:
        builtins.__import__ = importing
        for holder, name, old in kept.values():
            if old is _ABSENT:
                delattr(holder, name)
            else:
                setattr(holder, name, old)


def _places() -> Iterator[tuple[Any, str, Callable[..., Any]]]:
    """Give what holds each known function, its name there, and what records it."""
    for place, handler in SCIPY.items():
        package, *path, name = place.split(".")
        module = sys.modules.get(f"scipy.{package}")
        if module is None:
            continue
        holder: Any = getattr(module, path[0], None) if path else module
        if package == "sparse" and isinstance(holder, type):
            holder = next(c for c in holder.__mro__ if name in vars(c))
        elif not isinstance(holder, ModuleType | type):
            holder = type(holder)  # of a distribution, so that frozen ones know too
        if hasattr(holder, name):
            yield holder, name, handler
