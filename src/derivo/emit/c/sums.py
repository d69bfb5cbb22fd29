"""Accumulators of reductions: what they begin with, a step, the end."""

from __future__ import annotations

from derivo.emit.c.element import Text, literal
from derivo.emit.c.layout import block
from derivo.emit.c.place import CAST, Body, Module
from derivo.graph.dim import Dim, Size
from derivo.graph.element import Fold
from derivo.graph.node import Node

# Sums of more terms than this are added in blocks, so that rounding does not grow.
BLOCK = 64


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
    """

    def __init__(self, module: Module, node: Node, suffix: str = "") -> None:
        fold = node.op.element
        assert isinstance(fold, Fold)  # noqa: S101
        self.fold = fold
        self.printer = module.printer
        self.is_sum = fold.start == "0"
        self.name = module.names.fresh(f"{module.wish(node)}{suffix}")
        self.start = self.printer.real(self.printer.print(fold.start, {})).code

    def step(self, acc: str, value: Text, kind: str = "vec") -> str:
        """Write the statement that takes a value in."""
        given = {"_acc": Text(acc, kind), "_0": self.printer.as_kind(value, kind)}
        return f"{acc} = {self.printer.print(self.fold.step, given).code};"

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
