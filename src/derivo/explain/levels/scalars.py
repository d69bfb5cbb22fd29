"""A subject of single numbers, and the ways to write about it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from derivo.explain.document import Row
from derivo.explain.factors import Factor
from derivo.explain.formula.local import short_local
from derivo.explain.formula.of_node import formula_of
from derivo.explain.formula.tree import (
    Entry,
    Formula,
    Number,
    Partial,
    Times,
    children,
)  # fmt: skip
from derivo.explain.levels.paths import Path, paths_between
from derivo.explain.levels.scalarise import products, scalarise, total
from derivo.explain.levels.sums import added, coloured, multiplied
from derivo.explain.levels.tell import Telling
from derivo.graph.node import Node

Line = list[Row]  # an equation, and what it comes to
MOST_ALIKE = 3


class Scalars(Telling):
    """Numbers with their names, local derivatives, gradients and paths.

    Parameters
    ----------
    whole
        What is written out.

    Raises
    ------
    NotExpandedError
        It cannot be, or nobody would read it.
    """

    def __init__(self, whole: Telling) -> None:
        numbers = scalarise(whole)
        super().__init__(numbers, whole.words)
        self.whole, self.names, self.numbers = whole, dict(numbers.symbols), numbers
        self.readers = {n: factors[::-1] for n, factors in self.readers.items()}
        self.outputs, self.seeds = numbers.graph.outputs, numbers.raw.seeds
        wanted = numbers.derivation.wanted
        read = set(whole.subject.graph.nodes())
        inputs = [n for n in whole.subject.graph.inputs if n in read]
        self.wanted = [n for n in inputs if n.attrs["name"] in wanted]
        self._short: dict[Factor, Formula] = {}
        # The numbers that are computed, those of one array together.
        left = {n for n in numbers.graph.nodes() if n.inputs and n in self.names}
        self.groups: list[list[Node]] = []
        for array in numbers.entries.values():
            self.groups.append([e for e in dict.fromkeys(array.flat) if e in left])
            left.difference_update(array.flat)

    def paths(self, start: Node, end: Node, most: int) -> tuple[list[Path], int]:
        """Give the paths between two numbers, and how many more there are."""
        return paths_between(start, end, self.numbers.factors, most)

    def computed(self, node: Node) -> Formula:
        """Write how a number is computed."""
        if node.op is not total:
            return formula_of(node, self.names)
        parts = products(node.attrs["groups"], [self.shown(i) for i in node.inputs])
        return added([multiplied(part) for part in parts])

    # --- local derivatives ------------------------------------------------------------

    def sign(self, f: Factor) -> Partial:
        """Write a local derivative as such: ∂n/∂m."""
        return Partial(self.shown(f.reader), self.shown(f.operand))

    def short(self, f: Factor) -> Formula:
        """Write a local derivative out: w, 1, σ'(n)."""
        if f not in self._short:
            found = short_local(f, self.names, builder=self.builder)
            self._short[f] = found or self.sign(f)
        return self._short[f]

    def is_one(self, f: Factor) -> bool:
        """Tell whether a local derivative is 1: the gradient is passed on."""
        return self.short(f) == Number(1)

    def factor(self, f: Factor) -> Formula:
        """Write a local derivative in its colour; a 1 has none."""
        return Number(1) if self.is_one(f) else coloured(self.short(f), f.id)

    def sent_back(self, f: Factor) -> Formula:
        """Write what a reader hands back: its gradient times the local derivative."""
        own = self.adjoint(f.reader)
        return coloured(own, f.id) if self.is_one(f) else Times((own, self.factor(f)))

    # --- numbers ----------------------------------------------------------------------

    def slope(self, f: Factor) -> float:
        """Compute a local derivative from the rule of its operation."""
        values, op = self.numbers.values, f.reader.op
        if op.vjp is None:
            return np.nan
        operands = [np.float64(values[i]) for i in (f.reader, *f.reader.inputs)]
        with np.errstate(all="ignore"):
            parts = op.vjp(np.float64(1), *operands, **f.reader.attrs)
        return float(parts[f.position])

    def gradient(self, node: Node) -> float:
        """Give the gradient of a number, if there are any."""
        held = self.numbers.raw.adjoints.get(node)
        return 0.0 if held is None else float(self.numbers.values[held])

    # --- lines ------------------------------------------------------------------------

    def in_short(self, lines: Iterable[Line]) -> list[Row]:
        """Show of lines that differ in their indices alone the first two."""
        alike: dict[Any, list[Line]] = {}
        for line in lines:
            first = line[0]
            look = (_look(f) for f in (first.left, first.right) if f is not None)
            alike.setdefault(tuple(look), []).append(line)
        rows: list[Row] = []
        for found in alike.values():
            shown = found if len(found) <= MOST_ALIKE else found[: MOST_ALIKE - 1]
            rows += [row for line in shown for row in line]
            end = found[-1][0].left
            if len(shown) < len(found) and end is not None:
                reason = self.words.runs("scalar.so_on", last=end)
                rows[-1] = replace(rows[-1], reason=reason)
        return rows


def _look(formula: Formula) -> Any:
    """Give what a formula looks like without its indices."""
    if isinstance(formula, Entry):
        return _look(formula.base)
    parts = children(formula)
    kind = type(formula), getattr(formula, "op", ""), getattr(formula, "factor", "")
    return (*kind, *map(_look, parts)) if parts else formula
