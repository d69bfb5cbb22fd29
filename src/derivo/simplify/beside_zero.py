"""Roots of sums of squares: they have no derivative at 0, and 0 is the subgradient.

By the chain rule it comes to ``x / norm``, which is 0/0 there. Dividing by
``np.where(norm == 0, 1, norm)`` gives 0, for what is divided comes from squares of
zeros. Where the forward pass divides by the root itself, nothing is to be saved.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from derivo.graph.builder import Builder
from derivo.graph.node import Node
from derivo.ops.arithmetic import add, div, log, mul, neg, power, reciprocal, square
from derivo.ops.catalogue import CATALOGUE
from derivo.ops.elementwise import abs_, sqrt, where
from derivo.ops.leaf import constant
from derivo.ops.linalg import matmul
from derivo.ops.reduce import mean, sum_

LOGARITHMS = (log, CATALOGUE["log2"], CATALOGUE["log10"])


class BesideZero:
    """Divides by 1 where a root is 0.

    Attributes
    ----------
    divided
        What the forward pass divides by or takes the logarithm of, with all factors of
        it: where that is 0, the function is infinite itself.
    """

    def __init__(self, builder: Builder, known: Iterable[Node]) -> None:
        self.builder = builder
        self.divided = {
            base
            for n in known
            for below in (*divisors(n), *(n.inputs if n.op in LOGARITHMS else ()))
            for base in bases(below)
        }

    def __call__(self, node: Node) -> Node:
        """Give a quotient with a divisor that is not 0; other nodes as they are."""
        for below in divisors(node):
            safe = self._away_from_zero(below)
            if safe is not below:
                inputs = tuple(safe if i is below else i for i in node.inputs)
                return self.builder.make(node.op, inputs, dict(node.attrs), node.line)
        return node

    def _away_from_zero(self, node: Node) -> Node:
        if bases(node) & self.divided:
            return node
        parts = () if is_norm(node) else _factors(node)
        inputs = tuple(
            self._away_from_zero(i) if i in parts else i for i in node.inputs
        )
        if inputs != node.inputs:
            return self.builder.remake(node, inputs)
        if not is_norm(node) and not is_sum_of_squares(node):
            return node
        zero, one = (self.builder.make(constant, (), {"value": v}) for v in (0, 1))
        vanishes = self.builder.make(CATALOGUE["equal"], (node, zero))
        return self.builder.make(where, (vanishes, one, node))


def root_beside_zero(node: Node) -> Node | None:
    """Give y for ``np.where(y == 0, 1, y)``."""
    if node.op is not where:
        return None
    vanishes, one, y = node.inputs
    is_one = one.attrs.get("value") == 1 and not one.inputs
    return y if is_one and vanishes.inputs[:1] == (y,) else None


def divisors(node: Node) -> tuple[Node, ...]:
    """Give what a value is divided by in a node."""
    if node.op is div:
        return node.inputs[1:]
    negative = node.op is power and (_exponent(node) or 0) < 0
    return node.inputs[:1] if negative or node.op is reciprocal else ()


def _factors(node: Node) -> tuple[Node, ...]:
    if node.op in (mul, neg, sqrt, square) or "view" in node.op.traits:
        return node.inputs
    return node.inputs[:1] if node.op is power else ()


def bases(node: Node) -> set[Node]:
    """Give a value and all factors that it is made of."""
    found, stack = {node}, [node]
    while stack:
        factors = set(_factors(stack.pop())) - found
        found |= factors
        stack += factors
    return found


def is_norm(node: Node) -> bool:
    """Tell whether a value is a root of a sum of squares, or of higher powers."""
    exponent = _exponent(node)
    is_root = exponent is not None and 0 < exponent < 1
    return is_root and is_sum_of_squares(node.inputs[0])


def is_sum_of_squares(node: Node) -> bool:
    """Tell whether a value is 0 only where all that it is made of is 0, and flat there.

    Such as a variance, or a sum of cubes of absolute values.
    """
    if node.op in (sum_, mean, add) or "view" in node.op.traits:
        return all(map(is_sum_of_squares, node.inputs))
    if node.op is div:
        return is_sum_of_squares(node.inputs[0]) and _is_scale(node.inputs[1])
    if node.op is mul:
        a, b = node.inputs
        scaled = (_is_scale(x) and is_sum_of_squares(y) for x, y in ((a, b), (b, a)))
        return a is b or any(scaled)
    if node.op is matmul:
        a, b = node.inputs
        return a is b and a.spec.rank == 1
    exponent = _exponent(node) or 0
    return exponent > 1 and (exponent % 2 == 0 or node.inputs[0].op is abs_)


def _is_scale(node: Node) -> bool:
    value = node.attrs.get("value")
    return "dim" in node.attrs or (isinstance(value, int | float) and value > 0)


def _exponent(node: Node) -> float | None:
    """Give the number to which a power is raised; that of a root is one half."""
    if node.op is power:
        return _number(node.inputs[1])
    return {sqrt: 0.5, square: 2.0}.get(node.op)


def _number(node: Node) -> float | None:
    """Give the number that a value is, such as ``1/3 - 1``."""
    if node.op is constant and not node.spec.rank:
        return float(node.attrs["value"])
    values = [_number(i) for i in node.inputs]
    if not values or None in values or "elementwise" not in node.op.traits:
        return None
    return float(node.op.compute(*np.array(values, float), **node.attrs))
