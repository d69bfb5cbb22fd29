"""Planting faults in the rules of operations, and in the engine that uses them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

from derivo.differentiate import reverse
from derivo.graph.node import Node
from derivo.graph.op import Op
from derivo.ops import CATALOGUE
from derivo.trace.recorder import Recorder
from tests.meta.replay import at, replayed, rule_nodes

SUMS = ("sum", "sum_to", "mean")


@dataclass(frozen=True)
class Mutant:
    """An operation with a fault, and where to look at it.

    Attributes
    ----------
    kind
        What is wrong.
    op
        The operation; its rule is changed unless the fault is in the engine.
    operands, attrs
        Where it is applied.
    engine
        The fault of the engine, if it is one.
    """

    kind: str
    op: Op
    operands: tuple[Any, ...]
    attrs: Mapping[str, Any]
    engine: str = ""

    def __str__(self) -> str:
        return f"{self.op.name}: {self.kind}"


def with_rules() -> list[Op]:
    """Give the operations that have a rule and something to differentiate for."""
    return [op for op in CATALOGUE.values() if op.vjp is not None and op.inputs]


def sample(op: Op, rng: np.random.Generator) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Draw operands for an operation."""
    if op.samples is not None:
        operands, attrs = op.samples(rng)
    else:
        operands, attrs = tuple(rng.normal(size=(3, 4)) for _ in op.inputs), {}
    return tuple(np.asarray(a) for a in operands), {**op.attrs, **attrs}


def floating(operands: Sequence[Any]) -> list[int]:
    return [i for i, a in enumerate(operands) if a.dtype.kind == "f"]


def function_of(op: Op, attrs: Mapping[str, Any], count: int) -> Callable[..., Any]:
    """Give a function that applies an operation, as a user would."""

    def apply(*operands: Any) -> Any:
        return op(*operands, **attrs)

    return _named(apply, count)


def shared(
    op: Op, attrs: Mapping[str, Any], count: int, which: int
) -> Callable[..., Any]:
    """Give a function in which another operation reads one of the operands too."""

    def apply(*operands: Any) -> Any:
        other = operands[which] * 1.5
        return other, op(*operands, **attrs)

    return _named(apply, count)


def _named(function: Callable[..., Any], count: int) -> Callable[..., Any]:
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    parameters = [inspect.Parameter(f"x{i}", kind) for i in range(count)]

    def apply(*args: Any, **named: Any) -> Any:
        return function(*args, *named.values())

    apply.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return apply


# --- the mutants ----------------------------------------------------------------------


def mutants(op: Op, rng: np.random.Generator) -> Iterator[Mutant]:
    """Give every fault that can be planted in one rule."""
    operands, attrs = sample(op, rng)
    places = floating(operands)
    if not places:
        return
    yield from _scaled(op, operands, attrs, places)
    yield from _swapped(op, operands, attrs, places)
    yield from _lost_transposes(op, operands, attrs)
    yield from _lost_sums(op, operands, attrs)
    yield from _wrong_masks(op, operands, attrs)
    yield Mutant("overwritten fan-out", op, operands, attrs, "overwritten fan-out")
    if "elementwise" in op.traits and len(places) > 1 and operands[places[-1]].ndim:
        narrow = [a[0] if i == places[-1] else a for i, a in enumerate(operands)]
        yield Mutant("lost sum over copies", op, tuple(narrow), attrs, "lost sum")


def _scaled(op: Op, operands: Any, attrs: Any, places: list[int]) -> Iterator[Mutant]:
    for name, factor in (("sign", -1), ("factor 2", 2)):
        for i in places:

            def vjp(*args: Any, _i: int = i, _f: int = factor, **options: Any) -> Any:
                parts = list(op.vjp(*args, **options))  # type: ignore[misc]
                if parts[_i] is not None:
                    parts[_i] = _f * parts[_i]
                return tuple(parts)

            yield Mutant(f"{name}, operand {i}", replace(op, vjp=vjp), operands, attrs)


def _swapped(op: Op, operands: Any, attrs: Any, places: list[int]) -> Iterator[Mutant]:
    if len(places) < 2:
        return
    i, j = places[:2]
    both = operands
    if operands[i].shape != operands[j].shape:
        both = squared(operands)
    if both[i].shape != both[j].shape:
        return

    def vjp(*args: Any, **options: Any) -> Any:
        parts = list(op.vjp(*args, **options))  # type: ignore[misc]
        parts[i], parts[j] = parts[j], parts[i]
        return tuple(parts)

    yield Mutant("swapped operands", replace(op, vjp=vjp), both, attrs)


def squared(operands: Sequence[Any]) -> tuple[Any, ...]:
    """Cut matrices to squares, so that a transpose too few or too many still fits."""
    n = (
        min(min(a.shape[-2:]) for a in operands if a.ndim >= 2)
        if any(a.ndim >= 2 for a in operands)
        else 1
    )
    return tuple(a[..., :n, :n] if a.ndim >= 2 else a for a in operands)


def _lost_transposes(op: Op, operands: Any, attrs: Any) -> Iterator[Mutant]:
    try:
        square = squared(operands)
        nodes = rule_nodes(op, square, attrs)
    except (ValueError, IndexError, TypeError, NotImplementedError):
        return  # the attributes fit no other shape: there is no such place for it
    lost = [
        n
        for n in nodes
        if n.op.name == "transpose" and n.spec.shape == n.inputs[0].spec.shape
    ]
    for k, _ in enumerate(lost):
        change = at(lost[k], lambda values, _given: values[0])
        yield Mutant(
            f"lost transpose {k}", replayed(op, square, attrs, change), square, attrs
        )


def _lost_sums(op: Op, operands: Any, attrs: Any) -> Iterator[Mutant]:
    sums = [n for n in rule_nodes(op, operands, attrs) if n.op.name in SUMS]
    for k, node in enumerate(sums):
        shape: Any = node.inputs[0].spec.shape
        first = np.zeros(shape)
        kept = _first_terms(node)
        first[kept] = 1.0
        change = at(
            node, lambda values, _g, n=node, f=first: n.op(values[0] * f, **n.attrs)
        )
        yield Mutant(
            f"lost sum {k}", replayed(op, operands, attrs, change), operands, attrs
        )


def _first_terms(node: Node) -> tuple[Any, ...]:
    """Index the first of the terms that are added up."""
    shape, result = node.inputs[0].spec.shape, node.spec.shape
    axis = node.attrs.get("axis", ())
    if "shape" in node.attrs:
        extra = len(shape) - len(result)
        return (
            *(0,) * extra,
            *(slice(0, 1) if r == 1 else slice(None) for r in result),
        )
    axes = (
        range(len(shape)) if axis is None else np.atleast_1d(axis) % max(len(shape), 1)
    )
    return tuple(0 if i in axes else slice(None) for i in range(len(shape)))


def _wrong_masks(op: Op, operands: Any, attrs: Any) -> Iterator[Mutant]:
    """Take a mask, or what a mask is made from, from the incoming adjoint."""
    number = 0
    for node in rule_nodes(op, operands, attrs):
        for i, source in enumerate(node.inputs):
            is_mask = source.spec.kind == "bool"
            is_maker = "analytic" not in node.op.traits and source.spec.kind == "float"
            if not is_mask and not is_maker:
                continue

            def wrong(
                values: list[Any],
                given: Mapping[str, Any],
                node: Node = node,
                i: int = i,
                is_mask: bool = is_mask,
            ) -> Any:
                other = given["g"]
                if tuple(values[i].shape) != tuple(other.shape):
                    other = values[i][::-1] if values[i].ndim else -values[i]
                    other = other if not is_mask else ~values[i]
                elif is_mask:
                    other = other > 0
                return node.op(*values[:i], other, *values[i + 1 :], **node.attrs)

            changed = replayed(op, operands, attrs, at(node, wrong))
            yield Mutant(
                f"mask from the wrong array {number}", changed, operands, attrs
            )
            number += 1


# --- faults of the engine -------------------------------------------------------------


@contextmanager
def engine_fault(kind: str) -> Iterator[None]:
    """Break how the engine gathers adjoints, for a moment."""

    def overwrite(node: Node, adjoint: Node, adjoints: Any, *_rest: Any) -> None:
        adjoints[node] = adjoint

    def first_copy(adjoint: Node, operand: Node, recorder: Recorder) -> Node:
        value = recorder.wrap(adjoint)
        while value.ndim > operand.spec.rank:
            value = value[0]
        for axis, d in enumerate(operand.spec.shape):
            if d == 1 and value.node.spec.shape[axis] != 1:
                value = value[(slice(None),) * axis + (slice(0, 1),)]
        return recorder.lift(value)

    with pytest.MonkeyPatch.context() as patch:
        if kind == "overwritten fan-out":
            patch.setattr(reverse, "_accumulate", overwrite)
        elif kind == "lost sum":
            patch.setattr(reverse, "_undo_broadcast", first_copy)
        yield
