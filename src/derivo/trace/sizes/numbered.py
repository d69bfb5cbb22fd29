"""Numbers of steps: while a step is traced they are sizes, afterwards plain values.

In ``xs[t]`` and ``h[t - 1] = ...`` the number of the step is part of an index, and what
two indices have in common must be known. So a number is a dimension, of which that can
be told. When the step is done, ``xs[t]`` has become the row of the step, and what else
is left of the number is a value that the step finds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from derivo.graph.dim import (
    Dim,
    Excess,
    Factor,
    Name,
    Size,
    names,
    substituted,
    symbol,
)
from derivo.graph.node import Node
from derivo.ops.catalogue import CATALOGUE

_MARK = "step#"


def new_number(serial: int) -> str:
    """Give a name for the number of the steps of a loop."""
    return f"{_MARK}{serial}"


def numbers_in(value: Any) -> frozenset[str]:
    """Give the numbers of steps that stand in a dimension, or anywhere in a tuple."""
    if isinstance(value, Size):
        return frozenset(n for n in names(value) if n.startswith(_MARK))
    if isinstance(value, tuple):
        return frozenset[str]().union(*map(numbers_in, value))
    return frozenset()


def numbers_of(node: Node) -> frozenset[str]:
    """Give the numbers of steps that an operation has among its attributes."""
    return frozenset[str]().union(
        *(numbers_in(v) for k, v in node.attrs.items() if k != "length")
    )


@dataclass(frozen=True, slots=True)
class Affine:
    """A dimension that is ``factor * number + offset``, `offset` without the number."""

    factor: int
    offset: Dim


def affine(dim: Dim, number: str) -> Affine | None:
    """Read a dimension as a multiple of a number, and something; None if it is none."""
    factor, offset = 0, 0 * dim
    for product, n in dim.terms if isinstance(dim, Size) else (((), dim),):
        if product == (Name(number, 0),):
            factor = n
        elif number in numbers_in(Size(((product, n),))):
            return None
        else:
            offset = offset + (Size(((product, n),)) if product else n)
    return Affine(factor, offset)


def as_value(recorder: Any, dim: Dim, found: Mapping[str, tuple[Any, int]]) -> Any:
    """Give a dimension as a value that is computed from the numbers in it.

    Parameters
    ----------
    recorder
        What records.
    dim
        The dimension.
    found
        What steps find as their numbers, traced, and how much greater that is: their
        author may begin to count at 1.
    """
    if not numbers_in(dim):
        return recorder.size(dim)
    dim = substituted(
        dim, {n: symbol(n, 0) - found[n][1] for n in numbers_in(dim) if n in found}
    )
    return _as_value(recorder, dim, {n: value for n, (value, _) in found.items()})


def _as_value(recorder: Any, dim: Dim, found: Mapping[str, Any]) -> Any:
    if not numbers_in(dim):
        return recorder.size(dim)
    assert isinstance(dim, Size)  # noqa: S101
    plain = tuple(t for t in dim.terms if not numbers_in(Size((t,))))
    varying = [t for t in dim.terms if t not in plain]
    varying.sort(key=lambda t: t[1] < 0)
    (first, factor), *others = varying
    total = _product(recorder, first, found, factor)
    for product, n in others:
        part = _product(recorder, product, found, abs(n))
        total = _call("sub" if n < 0 else "add", total, part)
    return _with_offset(recorder, total, plain)


def _with_offset(recorder: Any, total: Any, plain: tuple[Any, ...]) -> Any:
    if not plain:
        return total
    is_below = all(n < 0 for _, n in plain)
    offset: Dim = 0
    for product, n in plain:
        part = -n if is_below else n
        offset = offset + (Size(((product, part),)) if product else part)
    return _call("sub" if is_below else "add", total, recorder.size(offset))


def _product(recorder: Any, factors: Any, found: Mapping[str, Any], n: int) -> Any:
    parts = [_factor(recorder, f, found) for f in factors]
    result = parts[0]
    for part in parts[1:]:
        result = _call("mul", result, part)
    if n == -1:
        return _call("neg", result)
    return result if n == 1 else _call("mul", result, n)


def _factor(recorder: Any, factor: Factor, found: Mapping[str, Any]) -> Any:
    if isinstance(factor, Name):
        known = found.get(factor.text)
        return recorder.size(Size((((factor,), 1),))) if known is None else known
    if isinstance(factor, Excess):
        return _call("maximum", _as_value(recorder, factor.of, found), 0)
    parts = (_as_value(recorder, d, found) for d in (factor.num, factor.den))
    return _call("floor_divide", *parts)


def _call(name: str, *operands: Any) -> Any:
    return operands[0].record(CATALOGUE[name], operands, {})


def at_step(dim: Dim, number: str, place: Dim) -> Dim:
    """Give a dimension with the number of one step in the place of any."""
    return substituted(dim, {number: place})
