"""Stepping: forward and backward, one operation at a time, as formulas."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from derivo.explain.document import Badge, Code, Frame, Row, Runs
from derivo.explain.drawing.of_subject import is_transparent
from derivo.explain.formula.local import short_local
from derivo.explain.formula.of_node import (
    adjoint_symbol,
    formula_of,
    gradient_of,
    names_of,
)
from derivo.explain.formula.tree import (
    Formula,
    Mark,
    Matrix,
    Number,
    Plus,
    Size,
    Symbol,
    Times,
    Words,
)  # fmt: skip
from derivo.explain.levels.in_loops import is_reached, left_of, summed
from derivo.explain.levels.loops import backward_rows, end, recurrence
from derivo.explain.levels.tell import Telling
from derivo.explain.step_lines import lines_of
from derivo.explain.subject import Steps, Subject
from derivo.explain.words import Words as Sentences
from derivo.graph.node import Node
from derivo.ops.leaf import argument

MOST = 300


def frames_of(subject: Subject, words: Sentences, code: Code) -> tuple[Frame, ...]:
    """Give the steps: every operation forward, then every adjoint backward."""
    return Frames(subject, words, code).all()


class Frames:
    """Makes the frames, one operation after the other."""

    def __init__(self, subject: Subject, words: Sentences, code: Code) -> None:
        self.subject = subject
        self.words = words
        self.names = names_of(subject)
        self.loops = LoopFrames(subject, words)
        self.forward_lines: dict[str, list[int]] = {}
        self.backward_lines: dict[str, list[int]] = {}
        self.lines_of_factor: dict[str, list[int]] = {}
        self.edges_out: dict[Node, list[str]] = {}
        self.next_reader: dict[Node, Node] = {}
        for node in subject.graph.nodes():
            for operand in node.inputs:
                self.next_reader.setdefault(operand, node)
            if not is_transparent(node) or node in subject.graph.outputs:
                for edge, source, is_active in drawn_edges(node, subject):
                    out = self.edges_out.setdefault(source, [])
                    out += [edge] if is_active else []
        for number, line in enumerate(code.lines, start=1):
            if line.place:
                where = self.backward_lines if line.backward else self.forward_lines
                where.setdefault(line.place, []).append(number)
            for factor in line.factors:
                self.lines_of_factor.setdefault(factor, []).append(number)

    def all(self) -> tuple[Frame, ...]:
        """Give every frame, in order."""
        nodes = [n for n in self.subject.graph.nodes() if not is_transparent(n)]
        shown = [n for n in nodes if n.inputs]
        if len(shown) > MOST:
            shown = [n for n in shown if n in self.subject.names]
        forward = [self.forward(n) for n in shown]
        adjoints = self.subject.raw.adjoints
        values = [
            n for n in reversed(nodes)
            if (n in adjoints and is_reached(n, self.subject)) or self.loops.is_back(n)
        ]  # fmt: skip
        values = [n for n in values if not self.is_passed_on(n)]
        if len(values) > MOST:
            values = [n for n in values if n in self.subject.names]
        return (*forward, *(self.backward(n) for n in values))

    def is_passed_on(self, node: Node) -> bool:
        """Tell whether a value without a name has the very gradient of its reader."""
        adjoints = self.subject.raw.adjoints
        return node not in self.subject.names and any(
            f.operand is node and adjoints[f.reader] is adjoints[node]
            for f in self.subject.factors
        )

    def edges_into(self, node: Node) -> tuple[str, ...]:
        """Give the ids of the edges that lead to a node."""
        return tuple(edge for edge, _, _ in drawn_edges(node, self.subject))

    def forward(self, node: Node) -> Frame:
        """Compute a value."""
        if node.op.traits & {"loop", "item"}:
            return self.loops.forward(node, self)
        name = self.names.get(node) or formula_of(node, self.names)
        right = formula_of(node, self.names)
        rows = [Row(name, right)] if node in self.names else []
        # A value without a name is told by the title.
        place = self.subject.ids[node]
        edges = self.edges_into(node)
        return Frame(
            "forward", place, edges, self.words.runs("frames.forward", value=name),
            tuple(rows), name, self.value(node), (), self.line_of(node),
        )  # fmt: skip

    def line_of(self, node: Node) -> tuple[int, ...]:
        """Give the line that computes a value, if need be within that of its reader."""
        at: Node | None = node
        while at is not None:
            found = self.forward_lines.get(self.subject.ids[at])
            if found:
                return tuple(found)
            at = self.next_reader.get(at)
        return ()

    def backward(self, node: Node) -> Frame:
        """Compute the adjoint of a value from those of its readers."""
        subject = self.subject
        found = self.loops.backward(node, self)
        if found is not None:
            return found
        name = self.adjoint(node)
        factors = [f for f in subject.factors if f.operand is node]
        adjoint = subject.raw.adjoints[node]
        rows = [Row(name, self.chain(node, factors))] if factors else []
        passed = any(subject.raw.adjoints[f.reader] is adjoint for f in factors)
        full = formula_of(adjoint, self.names)
        if factors and not passed and full != rows[0].right and adjoint.inputs:
            rows.append(Row(None, full))
        if not factors and not adjoint.inputs and adjoint.op is not argument:
            rows.append(Row(name, full))
        value = self.value(adjoint)
        edges = tuple(self.edges_out.get(node, ()))
        lines = self.backward_lines.get(subject.ids[node], [])
        lines = lines or sorted(
            {n for f in factors for n in self.lines_of_factor.get(f.id, ())}
        )
        return Frame(
            "backward", subject.ids[node], edges, self.title(node, factors),
            tuple(rows), name, value, tuple(f.id for f in factors), tuple(lines),
        )  # fmt: skip

    def chain(self, node: Node, factors: list[Any]) -> Formula:
        """Write upstream times local derivative, for every reader, added up."""
        if not factors:
            return formula_of(self.subject.raw.adjoints[node], self.names)
        builder = self.subject.derivation.forward.builder
        terms: list[Formula] = []
        for factor in factors:
            upstream = self.adjoint(factor.reader)
            local = short_local(factor, self.names, builder=builder)
            copied = factor.reader.spec.shape != factor.operand.spec.shape
            if local is None or copied:
                part = self.part(factor)
                terms.append(Mark(part, factor.id))
                continue
            sign = "⊙" if node.spec.rank or factor.reader.spec.rank else "·"
            terms.append(Times((upstream, Mark(local, factor.id)), sign))
        return terms[0] if len(terms) == 1 else Plus(tuple(terms))

    def part(self, factor: Any) -> Formula:
        """Write what comes back through an operation that mixes or copies entries."""
        found = None
        for adjoint, why in self.subject.raw.why.items():
            same = why.reader is factor.reader and why.position == factor.position
            if same and why.kind in {"chain", "broadcast"}:
                found = adjoint  # what undoes a copy comes after the product itself
        return Words("…") if found is None else formula_of(found, self.names)

    def title(self, node: Node, factors: list[Any]) -> Runs:
        """Say what happens in a step backward."""
        name = self.adjoint(node)
        key = "seed" if not factors else "chain" if len(factors) == 1 else "added"
        badges: list[Any] = []
        for factor in factors:
            badges += [" ", Badge(factor.id)]
        why = self.subject.raw.why.get(self.subject.raw.adjoints[node])
        if key == "chain" and why is not None and why.kind == "broadcast":
            key = "copied"
        runs = self.words.runs(f"frames.{key}", adjoint=name, value=self.shown(node))
        return (*runs, *badges)

    def shown(self, node: Node) -> Formula:
        """Give the name of a value, or its formula."""
        return self.names.get(node) or formula_of(node, self.names)

    def adjoint(self, node: Node) -> Formula:
        """Give the symbol for the adjoint of a value."""
        symbol = self.names.get(node)
        if isinstance(symbol, Symbol):
            return adjoint_symbol(symbol)
        known = self.names.get(self.subject.raw.adjoints.get(node, node))
        if isinstance(known, Symbol) and known.adjoint and not node.inputs:
            return known
        return gradient_of(formula_of(node, self.names))

    def value(self, node: Node) -> Any:
        """Give the numbers of a value; None without arrays."""
        found = self.subject.values.get(node)
        return None if found is None else np.asarray(found)


def drawn_edges(node: Node, subject: Subject) -> Iterator[tuple[str, Node, bool]]:
    """Give the edges into a node as they are drawn: past changes of shape alone.

    Yields
    ------
    tuple
        Id of the edge, the node it comes from, and whether a gradient comes back.
    """
    for position, operand in enumerate(node.inputs):
        source = operand
        while is_transparent(source):
            (source,) = source.inputs
        if not source.inputs and "name" not in source.attrs:
            continue  # a constant: it stands in the circle
        name = f"e-{subject.ids.get(source, '')}-{subject.ids[node]}-{position}"
        yield name, source, (node, position) in subject.factor_of


class LoopFrames:
    """The frames of loops, of what they give, and of what they read."""

    def __init__(self, subject: Subject, words: Sentences) -> None:
        self.words = words
        self.steps = {s.node: s for s in subject.loops}
        self.telling = Telling(subject, words)
        self.readers: dict[Node, tuple[Steps, Node]] = {}
        read = {f.operand for f in subject.factors}
        for steps in subject.loops:
            for a in steps.arguments:
                operand = steps.operand(a)
                if steps.gradient(a) is not None and operand not in read:
                    self.readers[operand] = (steps, a)

    def is_back(self, node: Node) -> bool:
        """Tell whether a node is a loop that gradients come back through."""
        return node in self.steps and bool(self.steps[node].body.raw.gradients)

    # --- forward ----------------------------------------------------------------------

    def forward(self, node: Node, frames: Frames) -> Frame:
        """Run a loop, or take one of its results."""
        place = frames.subject.ids[node]
        edges, lines = frames.edges_into(node), frames.forward_lines.get(place, ())
        if node in self.steps:
            steps = self.steps[node]
            t = Telling(steps.body, self.words)
            rows = tuple(recurrence(steps, t))
            name = _handed_on(steps, t)
            title = self.words.runs("loops.forward_frame")
            return Frame("forward", place, edges, title, rows, name, None, (),
                         tuple(lines))  # fmt: skip
        steps = self.steps[node.inputs[0]]
        name = frames.shown(node)
        title = self.words.runs("loops.item_frame", value=name)
        value = frames.value(node)
        rows = (Row(name, self.given(node, steps)),)
        return Frame("forward", place, edges, title, rows, name, value, (),
                     tuple(lines))  # fmt: skip

    def given(self, item: Node, steps: Steps) -> Formula:
        """Write what a loop gives: its last carry, or the values of all steps."""
        if "last" in item.op.traits:
            k = steps.loop.carries.index(item.attrs["of"])
            return steps.base(k, end(steps, -1))
        t = Telling(steps.body, self.words)
        place = steps.items.index(item) + len(steps.carries)
        node = steps.body.graph.outputs[place]
        first, last = Number(1), Size(steps.node.attrs["length"])
        row = t.shown(node)
        if not isinstance(row, Symbol) or row.step is None:
            return row
        ends = (replace(row, step=first), Words("…"), replace(row, step=last))
        return Matrix((ends,))

    # --- backward ---------------------------------------------------------------------

    def backward(self, node: Node, frames: Frames) -> Frame | None:
        """Run a loop backward, or gather what it hands back; None for other values."""
        place = frames.subject.ids[node]
        edges = tuple(frames.edges_out.get(node, ()))
        lines = frames.backward_lines.get(place, [])
        if node in self.steps:
            steps = self.steps[node]
            t = Telling(steps.body, self.words)
            rows = tuple(backward_rows(steps, t))
            edges = frames.edges_into(node)
            title = self.words.runs("loops.backward_frame")
            name = _handed_on(steps, t, adjoint=True)
            return Frame("backward", place, edges, title, rows, name, None, (),
                         tuple(lines))  # fmt: skip
        if node not in self.readers:
            return None
        steps, argument = self.readers[node]
        lines = lines or [
            x.number for x in lines_of(steps) if x.backward and x.value is argument
        ]
        fields: dict[str, Formula | Runs] = {
            "adjoint": frames.adjoint(node), "value": frames.shown(node),
        }  # fmt: skip
        rows = tuple(self.gathered(argument, steps))
        key = "first_frame" if argument in steps.carries else "row_frame"
        key = "sum_frame" if argument in steps.fixed else key
        title = self.words.runs(f"loops.{key}", **fields)
        value = frames.value(frames.subject.raw.adjoints[node])
        return Frame("backward", place, edges, title, rows, frames.adjoint(node), value,
                     (), tuple(lines))  # fmt: skip

    def gathered(self, argument: Node, steps: Steps) -> list[Row]:
        """Write what becomes of what the steps hand back to one of their operands."""
        left = left_of(argument, steps, self.telling)
        if argument in steps.fixed:
            return [Row(left, summed(argument, steps, self.telling))]
        t = Telling(steps.body, self.words)
        shown = t.adjoint(argument)
        if argument in steps.carries:
            assert isinstance(shown, Symbol)  # noqa: S101
            return [Row(left, replace(shown, step=end(steps, 0)))]
        if not isinstance(shown, Symbol):
            return [Row(left, shown)]
        last = Size(steps.node.attrs["length"])
        ends = (
            replace(shown, step=Number(1)), Words("…"), replace(shown, step=last)
        )  # fmt: skip
        return [Row(left, Matrix((ends,)))]


def _handed_on(steps: Steps, t: Telling, *, adjoint: bool = False) -> Formula:
    """Write what a loop hands on; if that is nothing, what its steps give."""
    if steps.carries:
        return steps.base(0, steps.time, adjoint=adjoint)
    result = steps.body.graph.outputs[0]
    return t.adjoint(result) if adjoint else t.shown(result)
