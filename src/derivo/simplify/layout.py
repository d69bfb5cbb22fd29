"""Bringing the axes of a value to where a frame has them."""

from __future__ import annotations

from typing import Any

from derivo.ops.shape import expand_dims, squeeze, transpose
from derivo.simplify.factor import Label


def aligned(value: Any, axes: tuple[Label, ...]) -> Any:
    """Bring the axes of a value to the places that their labels name.

    Parameters
    ----------
    value
        A traced value.
    axes
        The label of each of its axes: a place counted from the last axis of the frame,
        or None for an axis of size 1.
    """
    rank = len(axes)
    if all(a is None or a == i - rank for i, a in enumerate(axes)):
        return value
    for i in reversed([i for i, a in enumerate(axes) if a is None]):
        value = squeeze(value, axis=i)
    labels = [a for a in axes if a is not None]
    order = sorted(range(len(labels)), key=lambda i: labels[i])
    if order != list(range(len(labels))):
        value = transpose(value, axes=tuple(order))
    ordered = sorted(labels)
    for a in range(-1, ordered[0], -1):
        if a not in ordered:
            value = expand_dims(value, axis=value.ndim + 1 + a)
    return value
