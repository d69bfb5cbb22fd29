"""A plan as the statements of one C99 function: its leaves, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from derivo.emit.c.forms import has_form
from derivo.emit.c.functions import Function
from derivo.emit.c.layout import block, comment
from derivo.emit.plan.computation import Computation
from derivo.emit.plan.items import reduced_letters
from derivo.emit.plan.layout import origin
from derivo.emit.plan.leaf import (
    Columns,
    Gather,
    Leaf,
    Move,
    Numbers,
    Plain,
    Plan,
    Pointwise,
    Rows,
    Scan,
    Tile,
    Total,
    Turned,
)  # fmt: skip
from derivo.emit.plan.passes import Passes
from derivo.emit.plan.schedule import schedule
from derivo.emit.portable.elements import PlainPrinter
from derivo.emit.portable.leaves import (
    write_columns,
    write_numbers,
    write_pointwise,
    write_rows,
    write_tile,
    write_total,
    write_turned,
)  # fmt: skip
from derivo.emit.portable.places import PlaceWriter
from derivo.emit.portable.scope import Arrays, Scope, size, true_shape
from derivo.graph.names import Names
from derivo.graph.node import Node

# Calls that note what must not be: see `derivo.emit.portable.files`.
NOTED = ("index_within(", "whole(")
_WRITERS: dict[type[Leaf], Callable[[Any, Scope], Any]] = {
    Gather: lambda _leaf, _scope: None,  # the rows of a step are given as they are
    Pointwise: write_pointwise, Tile: write_tile, Rows: write_rows,
    Columns: write_columns, Total: write_total, Turned: write_turned,
    Plain: lambda leaf, scope: PlaceWriter(scope).write(leaf.nodes[0]),
    Move: lambda leaf, scope: PlaceWriter(scope).move(leaf),
}  # fmt: skip


class FunctionWriter:
    """Writes the statements of a computation.

    Parameters
    ----------
    computation
        What is computed: `Computation.for_small_machines`.
    single
        float32 rather than float64.
    arrays
        Hands out arrays.
    known
        What arguments, and results that lie outside, are called.
    most_rows
        Stands for the size `computation.rows` where memory is laid out.
    """

    def __init__(
        self, computation: Computation, *, single: bool, arrays: Arrays,
        known: Mapping[Node, str], most_rows: str,
    ) -> None:  # fmt: skip
        self.computation = computation
        self.plan = schedule(computation, has_form)
        self.scope = Scope(
            PlainPrinter(single, {}), arrays, arrays.names, computation.names,
            computation.rows, most_rows, dict(known),
            kinds=dict.fromkeys(computation.numbers, "number"),
        )  # fmt: skip
        for leaf in self.plan.leaves:
            self._give_arrays(leaf)
        # Variables are of this function alone.
        self.scope.names = Names({*arrays.names.taken})

    @property
    def used(self) -> Iterable[Function]:
        """The functions of elements that are called."""
        return self.scope.printer.used

    # --- arrays -----------------------------------------------------------------------

    def _give_arrays(self, leaf: Leaf) -> None:
        """Give arrays to what lies in memory."""
        scope, called = self.scope, self.scope.called
        for node in leaf.nodes:
            if scope.is_number(node) or isinstance(leaf, Gather):
                continue
            if node in leaf.kept or isinstance(leaf, Turned | Plain):
                scope.array(node)
        if isinstance(leaf, Rows):
            self._give_rows(leaf)
        if isinstance(leaf, Move) and not scope.is_number(leaf.to):
            scope.target(leaf.to, leaf.value, is_part=bool(leaf.counter))
        if isinstance(leaf, Scan):
            for move in leaf.begin:
                self._give_arrays(move)
            same = {r: origin(c) for r, c in leaf.same.items()}
            for inside, value in {**leaf.outside, **same}.items():
                if origin(value) in called:
                    called[inside] = called[origin(value)]

    def _give_rows(self, leaf: Rows) -> None:
        """Give arrays to what a row keeps for later, and to what it gives to a sum."""
        scope, passes = self.scope, Passes(leaf)
        for node in leaf.nodes:
            if passes.is_fold(node) and reduced_letters(node) == "ij":
                name = f"{scope.wish(node)}_rows"
                scope.row_of[node] = scope.further(name, (leaf.rows,))
        for node in passes.crossing():
            if node not in leaf.kept:
                name = f"{scope.wish(node)}_row"
                scope.row_of[node] = scope.further(name, (leaf.cols,))

    # --- statements -------------------------------------------------------------------

    def write(self, failed: str) -> list[str]:
        """Write all statements.

        Parameters
        ----------
        failed
            What is done where the loss is not finite, or an index lay beyond its axis,
            before anything is updated; "" if nothing is.
        """
        lines: list[str] = []
        is_checked = not failed
        for leaves in self._phases(self.plan):
            last: list[str] = []
            for leaf in leaves:
                if leaf.stores and not is_checked:
                    lines += self._check(lines, failed)
                    is_checked = True
                written, after = self._leaf(leaf)
                lines += written
                last += after
            lines += last
        if not is_checked:
            lines += self._check(lines, failed)
        return lines

    def put(self, node: Node, name: str) -> list[str]:
        """Write how a result gets to an array that is called so, unless it is there."""
        self.scope.lines = []
        PlaceWriter(self.scope).hand_out(node, name)
        return self.scope.lines

    def _phases(self, plan: Plan) -> Iterable[list[Leaf]]:
        """Give the leaves of each phase: what numbers are made of, first; loops, last.

        An array is shared out among threads where there are some; here one does all.
        """
        for phase in plan.phases:
            leaves = phase.leaves
            scans = [n for n in leaves if isinstance(n, Scan)]
            others = [n for n in leaves if not isinstance(n, Scan)]
            first = [n for n in others if n.length is None]
            yield [*first, *(n for n in others if n.length is not None), *scans]

    def _leaf(self, leaf: Leaf) -> tuple[list[str], list[str]]:
        """Write a leaf; give as well what is done when its phase is over."""
        if isinstance(leaf, Scan):
            return self._scan(leaf), []
        self.scope.lines = []
        if isinstance(leaf, Numbers):
            after = write_numbers(leaf, self.scope)
            return self.scope.lines, after
        if type(leaf) not in _WRITERS:
            self.scope.refuse(leaf.nodes[0])
        _WRITERS[type(leaf)](leaf, self.scope)
        return [*self._note(leaf), *self.scope.lines], []

    def _scan(self, scan: Scan) -> list[str]:
        """Write a loop over time."""
        called, kinds = self.scope.called, self.scope.kinds
        for inside, value in scan.outside.items():
            source = origin(value)
            if source in called:
                called[inside] = called[source]
                kinds[inside] = kinds.get(source, "real")
            else:
                self.scope.stands_for[inside] = source
        lines: list[str] = []
        for move in scan.begin:
            lines += self._leaf(move)[0]
        now, count = scan.counter, size(scan.count)
        head = f"for (long {now} = 0; {now} < {count}; ++{now})"
        if scan.is_reverse:
            head = f"for (long {now} = {count} - 1; {now} >= 0; --{now})"
        body: list[str] = []
        for leaves in self._phases(scan.body):
            last: list[str] = []
            for leaf in leaves:
                written, after = self._leaf(leaf)
                body += written
                last += after
            body += last
        for result, carry in scan.same.items():
            called[result] = called[origin(carry)]
        return [*lines, block(head, body)]

    def _note(self, leaf: Leaf) -> list[str]:
        """Say what is computed, with shapes as in NumPy."""
        called = self.scope.called
        if isinstance(leaf, Gather | Move | Total):
            return []
        arrays = [n for n in leaf.nodes if n in leaf.kept or isinstance(leaf, Plain)]
        told: dict[str, list[str]] = {}
        for node in arrays:
            if not self.scope.is_number(node):
                told.setdefault(_shape(node), []).append(called[node])
        new: dict[str, list[str]] = {}
        for node in leaf.stores:
            new.setdefault(_shape(node), []).append(called[node])
        texts = [f"{', '.join(names)}: ({shape})" for shape, names in told.items()]
        texts += [f"new {', '.join(names)}: ({shape})" for shape, names in new.items()]
        return comment("; ".join(texts)) if texts else []

    def loss(self) -> str:
        """Write the loss."""
        assert self.computation.loss is not None  # noqa: S101
        return self.scope.real(self.scope.number(self.computation.loss))

    def _check(self, lines: Iterable[str], failed: str) -> list[str]:
        asked = []
        if any(w in line for line in lines for w in NOTED):
            asked.append("index_was_beyond")
        if self.computation.loss is not None:
            asked.append(f"!isfinite({self.loss()})")
        return [f"if ({' || '.join(asked)}) {failed}"] if asked else []


def _shape(node: Node) -> str:
    return ", ".join(map(str, true_shape(node.spec.shape)))
