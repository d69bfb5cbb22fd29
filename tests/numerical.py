"""Derivatives by complex step and by central differences, to compare with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

Arrays = Mapping[str, Any]


def flat(result: Any) -> list[Any]:
    """Give the arrays of a result in order."""
    if isinstance(result, dict):
        return [leaf for part in result.values() for leaf in flat(part)]
    if isinstance(result, tuple | list):
        return [leaf for part in result for leaf in flat(part)]
    return [result]


def weighted(function: Callable[..., Any], arrays: Arrays, upstream: list[Any]) -> Any:
    """Add up all results, each element times its adjoint."""
    parts = zip(flat(function(**arrays)), upstream, strict=True)
    return sum(np.sum(u * y) for y, u in parts)


def complex_step(
    function: Callable[..., Any],
    arrays: Arrays,
    upstream: list[Any],
    name: str,
    direction: Any,
) -> float:
    """Give the derivative along `direction`, exact to rounding.

    Source: Squire and Trapp, Using complex variables to estimate derivatives of real
    functions, SIAM Review 40 (1998).
    """
    h = 1e-20
    moved = {**arrays, name: arrays[name] + 1j * h * direction}
    return float(weighted(function, moved, upstream).imag / h)


def central_difference(
    function: Callable[..., Any],
    arrays: Arrays,
    upstream: list[Any],
    name: str,
    direction: Any,
) -> float:
    """Give the derivative along `direction` from two points, good to about 1e-9."""
    h = 1e-5
    after = {**arrays, name: arrays[name] + h * direction}
    before = {**arrays, name: arrays[name] - h * direction}
    difference = weighted(function, after, upstream) - weighted(
        function, before, upstream
    )
    return float(difference / (2 * h))


def differences(
    function: Callable[..., Any], arrays: Arrays, upstream: Any, name: str
) -> Any:
    """Give the gradient for one argument from central differences, entry by entry.

    The function may write into what it is given: it gets copies.
    """
    h = 1e-5
    gradient = np.zeros(np.shape(arrays[name]))
    for at in np.ndindex(gradient.shape):
        ends = []
        for step in (h, -h):
            moved = {k: np.array(v) for k, v in arrays.items()}
            moved[name][at] += step
            ends.append(np.sum(upstream * function(**moved)))
        gradient[at] = (ends[0] - ends[1]) / (2 * h)
    return gradient
