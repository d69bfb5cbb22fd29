"""What `grad` and its kind give: a function that can be sent to another process."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import update_wrapper
from types import MethodType
from typing import Any


class Derivative:
    """A derivative of a function, called like it.

    Parameters
    ----------
    make
        What made it: `grad`, say.
    function
        The user's function.
    options
        The others with which `make` was called.
    call
        Computes it.
    """

    def __init__(
        self, make: Callable[..., Any], function: Callable[..., Any],
        options: Mapping[str, Any], call: Callable[..., Any],
    ) -> None:  # fmt: skip
        self._made = make, function, dict(options)
        self._call = call
        update_wrapper(self, function, updated=())

    def __call__(self, /, *args: Any, **options: Any) -> Any:
        """Compute it."""
        return self._call(*args, **options)

    def __get__(self, owner: Any, kind: type | None = None) -> Any:
        """Be a method, where a method was decorated."""
        return self if owner is None else MethodType(self, owner)

    def __reduce__(self) -> Any:
        """Store what it was made of: it is derived anew elsewhere."""
        return _again, self._made

    def __repr__(self) -> str:
        """Say which derivative of what it is."""
        make, function, _ = self._made
        return f"<{make.__name__} of {getattr(function, '__name__', function)}>"


def _again(
    make: Callable[..., Any], function: Callable[..., Any], options: dict[str, Any]
) -> Any:
    return make(function, **options)
