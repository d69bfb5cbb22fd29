"""Which branches a computation takes: sides of kinks, and of ``np.where``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from derivo.graph.loop import is_analytic
from derivo.graph.node import Node
from derivo.run.reference import concrete
from derivo.verify.evaluation import Evaluation

Sides = Mapping[Node, frozenset[float]]

# The slopes of a function made of straight pieces: relu, abs, maximum, clip.
STRAIGHT = (-1.0, 0.0, 1.0)


def sides(evaluation: Evaluation) -> Sides:
    """Give the sides that each choice of a computation takes here.

    A choice is a mask that chooses between operands, and an operation made of straight
    pieces that meet in a kink; its sides are told apart by their slopes.
    """
    found = {}
    for node in evaluation.nodes:
        taken = _of_mask(evaluation, node) or _of_kink(evaluation, node)
        if taken:
            found[node] = taken
    return found


def _of_mask(evaluation: Evaluation, node: Node) -> frozenset[float]:
    if "chooses" not in node.op.traits:
        return frozenset()
    masks = [evaluation[i] for i in node.inputs if i.spec.kind == "bool"]
    return frozenset(float(v) for m in masks for v in np.unique(m))


def _of_kink(evaluation: Evaluation, node: Node) -> frozenset[float]:
    if is_analytic(node):
        return frozenset()
    taken: set[float] = set()
    for part, operand in zip(_slopes(evaluation, node), node.inputs, strict=False):
        if part is not None and operand.inputs:
            taken |= {float(v) for v in np.unique(part)}
    straight = taken and taken <= set(STRAIGHT) and taken != {0.0}
    return frozenset(taken) if straight else frozenset()


def _slopes(evaluation: Evaluation, node: Node) -> tuple[Any, ...]:
    """Give the local derivatives of an elementwise operation; none of another."""
    if "elementwise" not in node.op.traits or node.op.vjp is None:
        return ()
    y = np.asarray(evaluation[node])
    attrs = {k: concrete(v, evaluation.sizes) for k, v in node.attrs.items()}
    operands = [evaluation[i] for i in node.inputs]
    with np.errstate(all="ignore"):
        return node.op.vjp(np.ones(y.shape), y, *operands, **attrs)


def has_infinite_slope(evaluation: Evaluation, node: Node) -> bool:
    """Tell whether a finite value has no finite derivative: arccos at 1."""
    finite = np.isfinite(evaluation[node]) if "elementwise" in node.op.traits else False
    return any(
        part is not None
        and not np.all(np.isfinite(part) | ~np.broadcast_to(finite, np.shape(part)))
        for part in _slopes(evaluation, node)
    )


def together(several: Iterable[Sides]) -> dict[Node, frozenset[float]]:
    """Give the sides that are taken in any of several draws."""
    found: dict[Node, frozenset[float]] = {}
    for one in several:
        for node, taken in one.items():
            found[node] = found.get(node, frozenset()) | taken
    return found


def unreached(several: Iterable[Sides]) -> tuple[Node, ...]:
    """Give the choices of which all draws take one side only."""
    return tuple(n for n, taken in together(several).items() if len(taken) < 2)


def coverage(several: Iterable[Sides]) -> tuple[int, tuple[str, ...]]:
    """Give the number of choices, and in words those with a side not reached."""
    several = tuple(several)
    told = []
    for node in unreached(several):
        line = f" in `{node.line.text}`" if node.line is not None else ""
        told.append(f"{node.op.name}{line}")
    return len(together(several)), tuple(dict.fromkeys(told))
