"""Finding out whether a computation is at a kink, or at a jump, of an operation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from derivo.graph.loop import is_analytic
from derivo.graph.node import Node
from derivo.run.reference import compute
from derivo.verify.evaluation import Evaluation
from derivo.verify.tolerance import CLEARANCE

# Random corners of the box around the values: each element moves by the full distance.
# Two equal elements of a maximum move alike in half of them, and show no kink.
PATTERNS = 8


# As far as is looked for a kink at the very values, where the slopes on both sides may
# be nearly the same: a smooth function bends less and less, a kink does not.
CLOSE, CLOSE_BEND = CLEARANCE / 64, 1e-3


def kinks(
    evaluation: Evaluation, moved: tuple[Node, ...], rng: np.random.Generator,
    *, distance: float = CLEARANCE, bend: float = 0.1,
) -> tuple[Node, ...]:  # fmt: skip
    """Give the operations that have a kink or a jump near the actual values.

    No operation is asked by name: one that is not analytic is smooth here if its slope
    ahead is its slope behind, but for a part `bend` of it.
    """
    suspects = [n for n in evaluation.readers(moved) if not is_analytic(n)]
    found: dict[Node, None] = {}
    for _ in range(PATTERNS if suspects else 0):
        steps = {n: distance * signs(rng, np.shape(evaluation[n])) for n in moved}
        ahead = evaluation.again({n: evaluation[n] + s for n, s in steps.items()})
        behind = evaluation.again({n: evaluation[n] - s for n, s in steps.items()})
        for n in suspects:
            if is_bent(behind[n], evaluation[n], ahead[n], distance, bend):
                found[n] = None
    return tuple(found)


def has_kink(
    node: Node, operands: list[Any], moved: list[int], sizes: Mapping[str, int],
    rng: np.random.Generator,
) -> bool:  # fmt: skip
    """Tell whether one operation has a kink near these operands, each moving freely."""
    if "analytic" in node.op.traits:
        return False
    here = compute(node, operands, sizes, np.float64)
    for _ in range(PATTERNS):
        for i in moved:
            step = CLEARANCE * signs(rng, np.shape(operands[i]))
            ends = [
                [*operands[:i], operands[i] + s, *operands[i + 1 :]]
                for s in (-step, step)
            ]
            before, after = (compute(node, e, sizes, np.float64) for e in ends)
            if is_bent(before, here, after):
                return True
    return False


def is_bent(
    behind: Any, here: Any, ahead: Any, distance: float = CLEARANCE, bend: float = 0.1
) -> bool:
    """Tell whether three values on a line are not those of a smooth function."""
    here = np.asarray(here)
    if here.dtype.kind != "f":
        return bool(np.any(ahead != here) or np.any(behind != here))
    with np.errstate(invalid="ignore"):
        first, second = ahead - here, here - behind
        slope = np.maximum(np.abs(first), np.abs(second))
        # The curvature of a smooth function bends a step of this length less than that.
        allowed = bend * slope + 10 * distance**2 * (1 + np.abs(here))
        return bool(np.any(np.abs(first - second) > allowed))


def signs(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    """Draw +1 or -1 for each element."""
    return rng.choice([-1.0, 1.0], size=shape)
