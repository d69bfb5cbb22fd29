"""What an operation means inside a compiled loop, where NumPy's text does not serve.

An elementwise operation needs none of these as long as its NumPy text also computes one
element: ``np.exp({0})`` and ``{0} + {1}`` do.
"""

from __future__ import annotations

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
    single
        Text for float32, where that differs: it may call a function of
        `derivo.emit.loops_kernels`.
    as_is
        Operands that are not converted to the floating type of the result.
    """

    text: str = ""
    single: str = ""
    as_is: tuple[int, ...] = ()


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


Meaning = Element | Fold | Rearranged | Product | Same
