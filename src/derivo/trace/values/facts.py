"""What a function may ask of a value while it runs: its class, its type, its limits.

The answers are those for the array that will come. A question that float32 and float64
answer differently is refused, unless the answer can stay in the source: the limits of
``np.finfo(x.dtype)`` can.
"""

from __future__ import annotations

import builtins
import dis
import sys
from types import UnionType
from typing import Any, NoReturn

import numpy as np

from derivo.errors import TraceError
from derivo.graph.node import Node, order
from derivo.ops.leaf import argument, as_float
from derivo.ops.limits import LIMITS, limit
from derivo.trace.recording import Recording

FLOATS = (np.float64, np.float32)
_WHOLE = {"int": np.int64, "pyint": np.int64, "bool": np.bool_}
_NUMBERS = {"int": int, "pyint": int, "bool": bool}


class FloatingType:
    """The ``dtype`` of a floating traced value: whichever type comes in.

    NumPy takes it wherever it takes a dtype.
    """

    kind = "f"
    type = np.float64
    isnative = True
    hasobject = False
    fields = names = None

    def __init__(self, variable: Any) -> None:
        self._variable = variable

    @property
    def dtype(self) -> np.dtype[Any]:
        """What NumPy takes it for; ``np.dtype(float) == x.dtype`` asks for it, too."""
        asking = sys._getframe(1)  # noqa: SLF001
        operation = asking.f_code.co_code[asking.f_lasti]
        if dis.opname[operation] in ("COMPARE_OP", "CONTAINS_OP", "IS_OP"):
            self._refuse("is compared with a type")
        return np.dtype(np.float64)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, FloatingType):
            return True
        try:
            known = np.dtype(other)  # type: ignore[call-overload]
        except TypeError:
            return False
        if known.type in FLOATS:
            self._refuse("is compared with a floating type")
        return False

    def __hash__(self) -> int:  # noqa: PLE0309  it never returns
        self._refuse("is looked up in a dict or a set")

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or not hasattr(np.dtype, name):
            message = f"a dtype has no attribute {name!r}"
            raise AttributeError(message)
        self._refuse(f"is asked for its `.{name}`")

    def __str__(self) -> NoReturn:  # noqa: PLE0307  it never returns
        self._refuse("is written as text")

    def _refuse(self, what: str) -> NoReturn:
        recorder: Recording = self._variable.recorder
        recorder.refuse(
            TraceError,
            f"the floating type of an array {what}, and one source is right for "
            "float32 and float64",
            "write what holds for both, with np.finfo(x.dtype) for the limits of the "
            "type, or leave the question to the caller",
        )

    def of(self, array: Any) -> Any:
        """Give an array of numbers in this type; a number takes it by itself."""
        if not array.ndim:
            return float(array)
        recorder: Recording = self._variable.recorder
        return recorder.call(as_float, (array,), {})

    def limits(self) -> Limits:
        """Give what ``np.finfo`` of this type gives."""
        return Limits(self._variable)


class Limits:
    """``np.finfo(x.dtype)``: its numbers are traced values, which stay in the source.

    Parameters
    ----------
    variable
        The value whose type it is.
    """

    def __init__(self, variable: Any) -> None:
        self._variable = variable

    @property
    def dtype(self) -> FloatingType:
        """The type itself."""
        return FloatingType(self._variable)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or not hasattr(np.finfo(np.float64), name):
            message = f"np.finfo has no attribute {name!r}"
            raise AttributeError(message)
        recorder = self._variable.recorder
        if name not in LIMITS:
            recorder.refuse(
                TraceError,
                f"`np.finfo(...).{name}` is another number for float32 than for "
                "float64, and is needed while the function is traced",
                f"use one of {', '.join(LIMITS)}, which stay in the source",
            )
        of = recorder.wrap(_to_read(self._variable.node))
        return recorder.call(limit, (of,), {"name": name})


def _to_read(node: Node) -> Node:
    """Give the value whose type is asked for, or an argument of the same type.

    All floating values have the type of the floating arguments, which are at hand
    everywhere but inside a loop.
    """
    below = order([node])
    if any("bound" in n.op.traits for n in below):
        return node
    floats = [n for n in below if n.op is argument and n.spec.kind == "float"]
    return max(floats, key=lambda n: bool(n.spec.rank), default=node)


def finfo(dtype: Any) -> Any:
    """Give the limits of a floating type, of a traced value's or of a known one."""
    if isinstance(dtype, FloatingType):
        return dtype.limits()
    return FloatingType(dtype).limits() if is_floating(dtype) else np.finfo(dtype)


def is_floating(value: Any) -> bool:
    """Tell whether a value is traced and takes the floating type that comes in."""
    return hasattr(value, "record") and value.node.spec.kind == "float"


def result_type(*values: Any) -> Any:
    """Give the dtype of arithmetic with these arrays and types."""
    floating = [v for v in values if is_floating(v) or isinstance(v, FloatingType)]
    known = [
        v.dtype if hasattr(v, "record") and not is_floating(v) else v
        for v in values
        if not any(v is f for f in floating)
    ]
    if not floating:
        return np.result_type(*known)
    wide = [v for v in known if np.result_type(v, np.float32) != np.float32]
    if any(np.result_type(v).kind in "fc" and np.ndim(v) for v in wide):
        return np.result_type(*wide, np.float64)
    first = floating[0]
    return first if isinstance(first, FloatingType) else FloatingType(first)


# --- Python's own questions --------------------------------------------------------


def stand_in(value: Any) -> Any:
    """Give an array, or a number, of the class that a traced value will have."""
    if hasattr(value, "as_dim"):
        return 1
    kind = value.node.spec.kind
    if value.ndim:
        return np.empty((1,) * value.ndim, _WHOLE.get(kind, np.float64))
    return _WHOLE.get(kind, np.float64)(0)


def is_instance(value: Any, classes: Any) -> bool:
    """Answer ``isinstance(x, np.ndarray)`` as for the array that will come."""
    if isinstance(classes, tuple | UnionType):
        parts = classes if isinstance(classes, tuple) else classes.__args__
        return any(is_instance(value, c) for c in parts)
    if value.ndim or hasattr(value, "as_dim"):
        return isinstance(stand_in(value), classes)
    kind = value.node.spec.kind
    # A number may be one of Python's own, which are what most callers pass.
    if issubclass(_NUMBERS.get(kind, float), classes):
        return True
    if kind in _WHOLE:
        return issubclass(_WHOLE[kind], classes)
    single, double = (issubclass(f, classes) for f in FLOATS)
    if single is not double:
        FloatingType(value) == classes  # noqa: B015  refused, with the reason
    return double


def class_of(value: Any) -> Any:
    """Answer ``type(x)`` as for the array that will come."""
    if value.ndim or hasattr(value, "as_dim"):
        return type(stand_in(value))
    return _NUMBERS.get(value.node.spec.kind, float)


class _Type(type):
    """Lets a class stand for `type` itself, but for what it says of traced values."""

    def __call__(cls, *args: Any, **options: Any) -> Any:
        if len(args) == 1 and is_variable(args[0]):
            return class_of(args[0])
        return builtins.type(*args, **options)

    def __instancecheck__(cls, value: Any) -> bool:
        return builtins.isinstance(value, builtins.type)

    def __subclasscheck__(cls, other: Any) -> bool:
        return issubclass(other, builtins.type)


class TypeOfTraced(metaclass=_Type):
    """Stands for `type` in the user's code while it is traced."""


def is_variable(value: Any) -> bool:
    """Tell a traced value from an object of the user's that has a `record`, too."""
    return hasattr(value, "record") and hasattr(value, "node")


def isinstance_of_traced(value: Any, classes: Any, /) -> bool:
    """Stand for `isinstance` in the user's code while it is traced."""
    if is_variable(value):
        return is_instance(value, classes)
    return builtins.isinstance(value, classes)


def hasattr_of_traced(value: Any, name: str, /) -> bool:
    """Stand for `hasattr` in the user's code while it is traced."""
    own = is_variable(value)
    return builtins.hasattr(stand_in(value) if own else value, name)
