"""Pickles: operations go by name, nodes in order, functions by reference."""

from __future__ import annotations

import copyreg
import pickle
import sys
from dataclasses import fields
from importlib import import_module
from typing import Any

from derivo.errors import UsageError
from derivo.graph.nest import Setting
from derivo.graph.op import Op
from derivo.ops import CATALOGUE
from derivo.ops.custom import Own
from derivo.trace.arguments.given import Given


def _operation(name: str) -> Op:
    return CATALOGUE[name]


def _of_own(own: Own) -> Op:
    return own.record


def _constant(module: str, name: str) -> Any:
    return getattr(import_module(module), name)


def _reduce(op: Op) -> Any:
    """Store an operation by name, as its rule is code and there is one of each.

    Those of loops and of formulas are not in the catalogue; a module has them.
    """
    if CATALOGUE.get(op.name) is op:
        return _operation, (op.name,)
    own = getattr(op.vjp, "__self__", None)
    if isinstance(own, Own):
        return _of_own, (own,)
    for module in [m for k, m in sys.modules.items() if k.startswith("derivo.")]:
        for name, value in vars(module).items():
            if value is op:
                return _constant, (module.__name__, name)
    return object.__reduce_ex__(op, 2)


copyreg.pickle(Op, _reduce)


def _reduce_setting(setting: Setting) -> Any:
    """Store a part of a nest that is fixed; a function perhaps by its name alone."""
    return Setting, (storable(setting.value),)


def _reduce_given(given: Given) -> Any:
    """Store what is known of arguments, with settings that cannot be stored by name."""
    held = {f.name: getattr(given, f.name) for f in fields(given)}
    for name in ("settings", "defaults"):
        held[name] = {k: storable(value) for k, value in held[name].items()}
    return _given, (held,)


def _given(held: dict[str, Any]) -> Given:
    return Given(**held)


copyreg.pickle(Setting, _reduce_setting)
copyreg.pickle(Given, _reduce_given)


class Missing:
    """Stands for a function that could not go into a pickle.

    Lambdas, and functions defined inside others, have no name by which another process
    could find them. Everything that was derived from them is there all the same.
    """

    def __init__(self, function: Any) -> None:
        self.__name__: str = getattr(function, "__name__", type(function).__name__)
        self.__qualname__ = self.__name__

    def __call__(self, *_args: Any, **_arrays: Any) -> Any:
        """Say that the function is not here."""
        message = (
            f"{self.__name__} itself is not in the pickle, as it is a lambda or stands "
            "inside another function; define it at the top of a module"
        )
        raise UsageError(message)


def storable(function: Any) -> Any:
    """Give the function, or what stands for it if it cannot be pickled."""
    try:
        pickle.dumps(function)
    except Exception:  # noqa: BLE001  pickle raises what it likes
        return Missing(function)
    return function
