"""Functions that NumPy and Python cannot hand over to traced values by themselves.

``np.exp(x)`` asks `x` what to do; ``np.zeros((n, 3))``, ``np.asarray(x)`` and
``math.sqrt(n)`` do not. While a function is traced, and only then, these few learn to.
"""

from __future__ import annotations

import inspect
import math
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from derivo.errors import TraceError
from derivo.ops.catalogue import CATALOGUE
from derivo.ops.leaf import arange, eye, fill
from derivo.ops.shape import as_dim, as_shape

_LOCK = threading.RLock()
_MATH = {
    "exp": "exp", "log": "log", "sqrt": "sqrt", "tanh": "tanh", "sin": "sin",
    "cos": "cos", "tan": "tan", "sinh": "sinh", "cosh": "cosh", "fabs": "abs",
    "log1p": "log1p", "expm1": "expm1", "atan": "arctan", "asin": "arcsin",
    "acos": "arccos", "atan2": "arctan2", "hypot": "hypot", "pow": "power",
    "floor": "floor", "ceil": "ceil", "log2": "log2", "log10": "log10",
    "erf": "erf", "lgamma": "lgamma",
}  # fmt: skip


def is_traced(value: Any) -> bool:
    """Tell whether a value, or a part of a shape or list, is traced."""
    if isinstance(value, list | tuple):
        return any(is_traced(v) for v in value)
    return hasattr(value, "record")


@contextmanager
def understanding_variables(recorder: Any, function: Callable[..., Any]) -> Iterator[None]:
    """Let the functions of this module work on traced values, until the end."""
    replaced: dict[int, tuple[Any, Any]] = {}
    places: list[tuple[Any, str, Any]] = []
    for module, name, new in _replacements(recorder):
        old = getattr(module, name)
        replaced[id(old)] = (old, new)
        places.append((module, name, old))
    scope = getattr(inspect.unwrap(function), "__globals__", {})
    with _LOCK:
        imported = {k: v for k, v in scope.items() if id(v) in replaced}
        try:
            for module, name, old in places:
                setattr(module, name, replaced[id(old)][1])
            scope.update({k: replaced[id(v)][1] for k, v in imported.items()})
            yield
        finally:
            for module, name, old in places:
                setattr(module, name, old)
            scope.update(imported)


def _replacements(recorder: Any) -> Iterator[tuple[Any, str, Any]]:
    def choose(old: Any, traced: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **options: Any) -> Any:
            if any(is_traced(a) for a in (*args, *options.values())):
                options.pop("dtype", None)
                return recorder.call(traced, args, options)
            return old(*args, **options)

        return call

    for name, op in _MATH.items():
        if op in CATALOGUE:
            yield math, name, choose(getattr(math, name), CATALOGUE[op])
    make = _creators(recorder)
    for name, function in make.items():
        yield np, name, choose(getattr(np, name), function)


def _creators(recorder: Any) -> dict[str, Callable[..., Any]]:
    def new(op: Any, **attrs: Any) -> Any:
        return recorder.wrap(recorder.builder.make(op, (), attrs, *recorder.place()))

    def full(shape: Any, fill_value: Any) -> Any:
        if is_traced(fill_value):
            return fill_value + new(fill, value=0, shape=as_shape(shape))
        return new(fill, value=fill_value, shape=as_shape(shape))

    def array(value: Any, *_args: Any, **_options: Any) -> Any:
        return np.stack(value) if isinstance(value, list | tuple) else value

    def count(*args: Any) -> Any:
        if len(args) > 1 and not (len(args) == 2 and args[0] == 0):  # noqa: PLR2004
            recorder.refuse(TraceError, "np.arange over a named size takes the size alone",
                            "write start + step * np.arange(n)")
        return new(arange, stop=as_dim(args[-1]))

    def identity(n: Any, m: Any = None, k: int = 0) -> Any:
        return new(eye, n=as_dim(n), m=as_dim(n if m is None else m), k=k)

    return {
        "zeros": lambda shape: full(shape, 0), "ones": lambda shape: full(shape, 1),
        "empty": lambda shape: full(shape, 0), "full": full, "arange": count,
        "eye": identity, "identity": identity, "array": array, "asarray": array,
        "asanyarray": array, "ascontiguousarray": array, "zeros_like": lambda x: full(x.shape, 0),
        "ones_like": lambda x: full(x.shape, 1), "full_like": lambda x, v: full(x.shape, v),
    }  # fmt: skip
