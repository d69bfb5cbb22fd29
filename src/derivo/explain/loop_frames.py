"""Stepping through a loop over time: one frame forward, one frame back."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from derivo.explain.document import Frame, Row, Runs
from derivo.explain.formula.tree import Formula, Matrix, Number, Size, Symbol, Words
from derivo.explain.levels.in_loops import left_of, summed
from derivo.explain.levels.loops import backward_rows, end, recurrence
from derivo.explain.levels.tell import Telling, numbers
from derivo.explain.step_lines import lines_of
from derivo.explain.steps import Steps
from derivo.explain.subject import Subject
from derivo.explain.words import Words as Sentences
from derivo.explain.writers.numbers import is_small
from derivo.graph.node import Node

if TYPE_CHECKING:
    from derivo.explain.frames import Frames

MOST_STEPS, MOST_ENTRIES = 8, 4


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
            rows = (*recurrence(steps, t), *self.values(steps, backward=False))
            name: Formula = steps.base(0, steps.time)
            title = self.words.runs("loops.forward_frame")
            return Frame("forward", place, edges, title, rows, name, None, (),
                         tuple(lines))  # fmt: skip
        steps = self.steps[node.inputs[0]]
        name = frames.shown(node)
        title = self.words.runs("loops.item_frame", value=name)
        value = frames.value(node)
        rows = (Row(name, self.given(node, steps)),)
        if value is not None and is_small(value):
            rows += (Row(None, numbers(value)),)
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
            rows = (*backward_rows(steps, t), *self.values(steps, backward=True))
            edges = frames.edges_into(node)
            title = self.words.runs("loops.backward_frame")
            name: Formula = steps.base(0, steps.time, adjoint=True)
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
        if value is not None and is_small(value):
            rows += (Row(None, numbers(value)),)
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

    # --- numbers ----------------------------------------------------------------------

    def values(self, steps: Steps, *, backward: bool) -> list[Row]:
        """Give the carries, or their adjoints, at every step, as the loop runs."""
        if not steps.has_numbers:
            return []
        raw, rows = steps.body.raw, []
        running = reversed(steps.running) if backward else steps.running
        for place, s in enumerate(running):
            if place >= MOST_STEPS:
                break
            for k, f in enumerate(steps.following):
                held = raw.adjoints.get(f) if backward else f
                if held is None:
                    continue
                value = steps.at[s].values[held]
                if is_small(value, MOST_ENTRIES):
                    at = Number(s + 1)
                    symbol = steps.base(k, at, adjoint=backward)
                    rows.append(Row(symbol, numbers(value)))
        return rows
