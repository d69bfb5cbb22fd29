"""What an operation means inside a compiled loop, where NumPy's text does not serve.

An elementwise operation needs none of these as long as its NumPy text also computes one
element: ``np.exp({0})`` and ``{0} + {1}`` do.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

# One entry per axis: the name of a loop variable, or "0" on an axis of size 1.
Index = tuple[str, ...]


@dataclass(frozen=True)
class Element:
    """Text for one element.

    Attributes
    ----------
    text
        With ``{0}``, ``{1}`` for the operands' elements and ``{dtype}`` for the
        floating type. It may repeat an operand.
    """

    text: str


@dataclass(frozen=True)
class Fold:
    """A reduction: elements are taken in one by one.

    Attributes
    ----------
    start
        What the accumulator begins with.
    step
        The accumulator after an element: text of ``{acc}`` and ``{0}``.
    axes
        ``axes(attrs, shape) -> axes`` that are reduced.
    finish
        The result: text of ``{acc}`` and ``{count}``, the number of elements.
    """

    start: str
    step: str
    axes: Callable[[Any, Any], tuple[int, ...]]
    finish: str = "{acc}"


@dataclass(frozen=True)
class Rearranged:
    """The elements of the operand in other places.

    Attributes
    ----------
    source
        ``source(index, attrs, shape, result_shape) -> index``: the place in the operand
        of an element of the result.
    """

    source: Callable[[Index, Any, Any, Any], Index]


@dataclass(frozen=True)
class Placed:
    """Elements of the operands, each at a place that is computed; or numbers.

    Attributes
    ----------
    text
        ``text(index, attrs, specs, result) -> str``: the element at `index` (one entry
        per axis, "0" on axes of size 1) as a Python expression. An operand is read as
        ``{0}[i, j + 1]``, whatever its number of axes; a size is written by `sized`.
        ``index_within(place, size)`` is an index of the user's: negative ones count
        from behind, and one beyond the axis is an error.
    """

    text: Callable[..., str]


@dataclass(frozen=True)
class Scattered:
    """Zeros, to which each element of the first operand is added at a place.

    Attributes
    ----------
    text
        ``text(index, attrs, specs, result) -> tuple``: the place in the result, an
        expression as in `Placed` for each axis, of the operand's element at `index`.
    """

    text: Callable[..., tuple[str, ...]]


@dataclass(frozen=True)
class Extreme:
    """The place of an element that is further than all others: the first of them.

    Attributes
    ----------
    sign
        ">" for the largest, "<" for the smallest.
    axes
        ``axes(attrs, shape) -> axes`` that are looked along: one of them, or all.
    """

    sign: str
    axes: Callable[[Any, Any], tuple[int, ...]]


@dataclass(frozen=True)
class Running:
    """All the values that a reduction along the axis ``attrs["axis"]`` goes through.

    Attributes
    ----------
    start
        What the accumulator begins with.
    step
        The accumulator after an element: text of ``{acc}`` and ``{0}``.
    """

    start: str
    step: str


@dataclass(frozen=True)
class Contracted:
    """A sum of products, by the subscripts that the record's `contraction` gives."""


def sized(dim: object) -> str:
    """Write a size in the text of `Placed`: its names are marked as sizes."""
    words = re.sub(r"\b(?!(?:max|min)\()(?=[^\W\d])", "size_", str(dim))
    return f"({words})"


@dataclass(frozen=True)
class Product:
    """A product of two matrices: left to the linear algebra library."""


@dataclass(frozen=True)
class Same:
    """The same number everywhere: text with the fields of the attributes."""

    text: str


@dataclass(frozen=True)
class Unscripted:
    """Why a page cannot compute an operation, as the end of a sentence."""

    reason: str


Meaning = (
    Element
    | Fold
    | Rearranged
    | Placed
    | Scattered
    | Extreme
    | Running
    | Contracted
    | Product
    | Same
)
