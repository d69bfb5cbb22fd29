"""Formulas as trees: what is meant. How it looks is decided in `layout`, once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from derivo.graph.dim import Dim
from derivo.graph.op import Op
from derivo.graph.spec import Spec


@dataclass(frozen=True, slots=True)
class Symbol:
    """A value under the name that the user gave it.

    Attributes
    ----------
    name
        As in the code: ``w``, ``alpha_hat``, ``h_prev``.
    rank
        Number of axes: arrays are printed bold.
    adjoint
        The adjoint of the value instead of the value: code calls it ``d_name``.
    plain
        Write the name out as it is: it would look like another one otherwise.
    step
        In a loop over time, the step that the value belongs to: ``t``, ``t - 1``.
    high
        A sign above the line that tells parts of a value apart: ``+``.
    """

    name: str
    rank: int = 0
    adjoint: bool = False
    plain: bool = False
    step: Formula | None = None
    high: str = ""


@dataclass(frozen=True, slots=True)
class Number:
    """A number; `digits` significant digits are printed, all if None."""

    value: float | int
    digits: int | None = None


@dataclass(frozen=True, slots=True)
class Size:
    """A size known by name or number: ``N``, ``N*M``, ``3``."""

    dim: Dim


@dataclass(frozen=True, slots=True)
class Index:
    """A running index: ``i``."""

    name: str


@dataclass(frozen=True, slots=True)
class Entry:
    """An element of an array: ``w`` with the indices ``k, j`` (counted from 1)."""

    base: Formula
    indices: tuple[Formula, ...]


@dataclass(frozen=True, slots=True)
class Call:
    """An operation of the catalogue on operands, printed by its own template."""

    op: Op
    args: tuple[Formula, ...]
    attrs: Mapping[str, Any] = field(default_factory=dict)
    specs: tuple[Spec, ...] = ()


@dataclass(frozen=True, slots=True)
class Plus:
    """A sum of several terms; a term may be a `Minus`."""

    terms: tuple[Formula, ...]


@dataclass(frozen=True, slots=True)
class Minus:
    """The negative of a formula."""

    body: Formula


@dataclass(frozen=True, slots=True)
class Times:
    """A product of numbers (entries), or of arrays element by element.

    Attributes
    ----------
    sign
        What stands between the factors: ``""``, ``"×"``, ``"·"`` or ``"⊙"``.
    """

    factors: tuple[Formula, ...]
    sign: str = "·"


@dataclass(frozen=True, slots=True)
class MatrixProduct:
    """A product of matrices, in this order."""

    factors: tuple[Formula, ...]


@dataclass(frozen=True, slots=True)
class Transposed:
    """A matrix turned over."""

    body: Formula


@dataclass(frozen=True, slots=True)
class Quotient:
    """A fraction."""

    over: Formula
    under: Formula


@dataclass(frozen=True, slots=True)
class Power:
    """A power."""

    base: Formula
    exponent: Formula


@dataclass(frozen=True, slots=True)
class Sum:
    """A sum over an index from 1 to `size`."""

    index: Index
    size: Formula
    body: Formula


@dataclass(frozen=True, slots=True)
class Partial:
    """A partial derivative: of one value by another.

    Attributes
    ----------
    direct
        Of one operation by its operand, where other paths lead from one to the other,
        too: ``∂⁺y/∂x``.
    part
        Of what comes back along one path alone, its number: ``"(1)"``.
    """

    of: Formula
    by: Formula
    direct: bool = False
    part: str = ""


@dataclass(frozen=True, slots=True)
class Prime:
    """The derivative of an element-wise function of one value, at `arg`."""

    op: Op
    arg: Formula


@dataclass(frozen=True, slots=True)
class Delta:
    """Kronecker's delta: 1 where the indices agree, else 0."""

    left: Formula
    right: Formula


@dataclass(frozen=True, slots=True)
class Matrix:
    """A matrix written out, row by row."""

    rows: tuple[tuple[Formula, ...], ...]


@dataclass(frozen=True, slots=True)
class Under:
    """A formula with a brace below it, and under the brace its shape or a word."""

    body: Formula
    label: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A factor of the chain rule: printed in its colour, its number below it.

    Attributes
    ----------
    factor
        Id of the factor, ``"f3"``: the same in graph, code and step-through.
    """

    body: Formula
    factor: str


@dataclass(frozen=True, slots=True)
class Blank:
    """A place to write in; the answer is printed in the key only."""

    answer: Formula
    number: int


@dataclass(frozen=True, slots=True)
class Words:
    """Words within a formula."""

    text: str


Formula = (
    Symbol | Number | Size | Index | Entry | Call | Plus | Minus | Times | MatrixProduct
    | Transposed | Quotient | Power | Sum | Partial | Prime | Delta | Matrix | Under
    | Mark | Blank | Words
)  # fmt: skip


def children(formula: Formula) -> tuple[Formula, ...]:
    """Give the parts that a formula is made of, from left to right."""
    if isinstance(formula, Symbol):  # a name has no parts
        return ()
    return tuple(_formulas(getattr(formula, name) for name in formula.__slots__))


def _formulas(values: Iterable[Any]) -> Iterator[Formula]:
    for value in values:
        if isinstance(value, tuple):
            yield from _formulas(value)
        elif isinstance(value, Formula):
            yield value


def walk(formula: Formula) -> Iterator[Formula]:
    """Give a formula and all its parts."""
    yield formula
    for part in children(formula):
        yield from walk(part)
