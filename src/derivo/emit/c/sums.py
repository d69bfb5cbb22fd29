"""Accumulators of reductions: what they begin with, a step, the end."""

from __future__ import annotations

import numpy as np

from derivo.emit.c.element import Text, literal
from derivo.emit.c.layout import block
from derivo.emit.c.place import CAST, Body, Module
from derivo.graph.dim import Dim, Size
from derivo.graph.element import Fold
from derivo.graph.node import Node
from derivo.graph.op import compiled

# Sums of more terms than this are added in blocks, so that rounding does not grow.
BLOCK = 64


def neutral(fold: Fold) -> float:
    """Give an element that leaves the accumulator of a reduction as it is.

    That is what the accumulator begins with for sums, products and extremes, and not
    for a count of zeros.
    """
    step = compiled(fold.step, 1, ("acc",), ())
    start = compiled(fold.start, 0, (), ())(dtype=float)
    return next(
        x for x in (start, 1.0)
        if np.array_equal(step(x, acc=start, dtype=float), start, equal_nan=True)
    )  # fmt: skip


class Accumulator:
    """The text of one reduction.

    Parameters
    ----------
    module
        What all functions share.
    node
        The reduction.
    suffix
        Follows its name in that of the variable.

    Attributes
    ----------
    name
        Of the variable.
    is_sum
        Whether terms are added, which rounds; an extreme does not.
    start
        What it begins with.
    neutral
        An element that changes nothing: it fills up the last panel.
    """

    def __init__(self, module: Module, node: Node, suffix: str = "") -> None:
        fold = node.op.element
        assert isinstance(fold, Fold)  # noqa: S101
        self.fold = fold
        self.printer = module.printer
        self.is_sum = fold.start == "0"
        self.name = module.names.fresh(f"{module.wish(node)}{suffix}")
        self.start = self.printer.real(self.printer.print(fold.start, {})).code
        self.neutral = self.printer.real(literal(neutral(fold))).code

    def step(self, acc: str, value: Text, kind: str = "vec") -> str:
        """Write the statement that takes a value in."""
        given = {"_acc": Text(acc, kind), "_0": self.printer.as_kind(value, kind)}
        return f"{acc} = {self.printer.print(self.fold.step, given).code};"

    def join(self, acc: str, value: Text) -> str:
        """Write the statement that takes in what was gathered of other elements.

        Of zeros that were counted, the numbers are added.
        """
        return f"{acc} += {value.code};" if self.is_sum else self.step(acc, value)

    def lanes(self, acc: str) -> list[str]:
        """Write statements that bring the lanes of a register together in ``name``."""
        if self.is_sum:
            return [f"const real {self.name} = sum_lanes({acc});"]
        given = {"_acc": Text("a", "vec"), "_0": Text("b", "vec")}
        step = self.printer.print(self.fold.step, given).code
        fold = [
            f"const vec a = {self.name}_all, b = rotated(a, l);",
            f"{self.name}_all = {step};",
        ]
        return [
            f"vec {self.name}_all = {acc};",
            block("for (int l = LANES / 2; l; l /= 2)", fold),
            f"const real {self.name} = {self.name}_all[0];",
        ]

    def finished(self, text: Text, count: Dim, body: Body) -> Text:
        """Write the result, from what was gathered of so many elements."""
        if self.fold.finish == "{acc}":
            return text
        if isinstance(count, Size):
            size = Text(f"(double){body.size(count)}", "number", CAST)
        else:
            size = literal(count)
        return self.printer.print(self.fold.finish, {"_acc": text, "_count": size})
