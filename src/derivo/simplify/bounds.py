"""Between which numbers a value lies, and whether it may be infinite or not a number.

Arguments are taken to be finite. What an operation makes of its operands is tried at
the ends of their ranges, by the operation's own text, and not known from a list.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from derivo.graph.builder import Constant
from derivo.graph.node import Node
from derivo.ops.leaf import constant, fill
from derivo.ops.reduce import max_, mean, min_, sum_
from derivo.ops.tidy import less_its_own

# As large as a value gets that nobody would call special.
LARGE = 1e3


@dataclass(frozen=True)
class Range:
    """The smallest and the largest number that a value may be.

    Attributes
    ----------
    low, high
        Perhaps infinite.
    may_be_nan
        Whether it may be no number.
    """

    low: float
    high: float
    may_be_nan: bool = False

    @property
    def is_finite(self) -> bool:
        """Whether the value is a finite number, whatever the arguments are."""
        return not self.may_be_nan and bool(np.isfinite([self.low, self.high]).all())

    @property
    def has_zero(self) -> bool:
        """Whether the value may be 0."""
        return self.low <= 0 <= self.high

    def samples(self) -> tuple[float, ...]:
        """Give numbers that stand for all of the range."""
        inside = [v for v in (-1.0, 0.0, 1.0) if self.low < v < self.high]
        return tuple(dict.fromkeys((self.low, *inside, self.high)))


ANY = Range(-LARGE, LARGE)


class Bounds:
    """Knows the ranges of values."""

    def __init__(self) -> None:
        self.known: dict[Node, Range] = {}

    def __call__(self, node: Node) -> Range:
        """Give the range of a value."""
        stack = [node]
        while stack:
            n = stack[-1]
            waiting = [i for i in n.inputs if i not in self.known]
            if n in self.known or not waiting:
                self.known.setdefault(n, self._of(n))
                stack.pop()
            else:
                stack += waiting
        return self.known[node]

    def _of(self, node: Node) -> Range:
        if not node.inputs:
            return _of_leaf(node)
        inputs = [self.known[i] for i in node.inputs]
        nan = any(r.may_be_nan for r in inputs)
        if less_its_own(node, "max"):
            return Range(-2 * LARGE, 0.0, nan)
        if "elementwise" in node.op.traits and node.op.lower is None:
            return self._tried(node)
        if "view" in node.op.traits or node.op in (max_, min_, mean, sum_):
            return inputs[0]  # a sum is no more than some such numbers
        if node.op.lower is None and not all(r.is_finite for r in inputs):
            return Range(-np.inf, np.inf, nan)
        # What has a name is spelled so that it does not overflow.
        return Range(0.0, LARGE) if "positive" in node.op.traits else ANY

    def _tried(self, node: Node) -> Range:
        """Try an operation on each element at the ends of its operands' ranges."""
        operands = list(dict.fromkeys(node.inputs))
        columns = [self.known[n].samples() for n in operands]
        rows = np.array(list(itertools.product(*columns)), dtype=float)
        of = {n: rows[:, k] for k, n in enumerate(operands)}
        for n in operands:
            if n.spec.kind == "bool":
                of[n] = of[n] != 0
        args = [
            n.attrs["value"] if n.op is constant and not n.spec.rank else of[n]
            for n in node.inputs
        ]
        try:
            with np.errstate(all="ignore"):
                made = np.asarray(node.op.compute(*args, **node.attrs), dtype=float)
        except (TypeError, ValueError, LookupError, AttributeError):
            return Range(-np.inf, np.inf, may_be_nan=True)
        is_nan = np.isnan(made)
        nan = bool(is_nan.any()) or any(self.known[n].may_be_nan for n in operands)
        left = made[~is_nan]
        if not left.size:
            return Range(-np.inf, np.inf, may_be_nan=True)
        return Range(float(left.min()), float(left.max()), nan)


def _of_leaf(node: Node) -> Range:
    value = node.attrs.get("value")
    if node.op in (constant, fill) and isinstance(value, bool | int | float):
        return Range(float(value), float(value))
    if isinstance(value, Constant) and value.array.size:
        array = np.asarray(value.array, dtype=float)
        return Range(float(np.min(array)), float(np.max(array)))
    if "dim" in node.attrs:
        return Range(1.0, LARGE)
    return Range(0.0, 1.0) if node.spec.kind == "bool" else ANY
