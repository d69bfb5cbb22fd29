"""Python's ``int`` and ``float``, which give a number of Python's by all means.

``int((n + 2*p - f) / s)`` of sizes that are only names is a size. Where a function asks
for that, it is traced once more, with others in the place of these two words.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from derivo.trace.sizes.counts import ratio_of


class _Number(type):
    """The class of what stands in for ``int`` and ``float``."""

    real: type

    def __call__(cls, *args: Any, **options: Any) -> Any:
        if len(args) == 1 and hasattr(args[0], "record") and not options:
            known = ratio_of(args[0])
            if known is not None:
                return args[0] if cls.real is float else _as_whole(args[0])
        return cls.real(*args, **options)

    def __instancecheck__(cls, value: Any) -> bool:
        return isinstance(value, cls.real)

    def __subclasscheck__(cls, kind: type) -> bool:
        return issubclass(kind, cls.real)

    def __eq__(cls, other: object) -> bool:
        return other is cls or other is cls.real

    def __hash__(cls) -> int:
        return hash(cls.real)

    def __or__(cls, other: Any) -> Any:
        return cls.real | other

    def __getattr__(cls, name: str) -> Any:
        return getattr(cls.real, name)


def _as_whole(value: Any) -> Any:
    return value if hasattr(value, "as_dim") else value.__trunc__()


class _Int(metaclass=_Number):
    real = int
    dtype = np.dtype(int)


class _Float(metaclass=_Number):
    real = float
    dtype = np.dtype(float)


NUMBERS: dict[str, Any] = {"int": _Int, "float": _Float}
