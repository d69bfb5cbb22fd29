"""What is told at each step, forward and backward: one operation, as formulas."""

from __future__ import annotations

from dataclasses import dataclass

from derivo.explain.document import Badge, Row, Runs
from derivo.explain.drawing.of_subject import is_transparent
from derivo.explain.factors import Factor
from derivo.explain.formula.local import short_local
from derivo.explain.formula.of_node import formula_of
from derivo.explain.formula.tree import (
    Formula,
    Mark,
    Plus,
    Times,
    Words,
)  # fmt: skip
from derivo.explain.levels.loops import backward_rows, recurrence
from derivo.explain.levels.tell import Telling
from derivo.explain.subject import Steps, Subject
from derivo.explain.words import Words as Sentences
from derivo.graph.node import Node
from derivo.ops.leaf import argument


@dataclass(frozen=True, slots=True)
class Moment:
    """What a step tells.

    Attributes
    ----------
    phase, place
        "forward" or "backward"; id of the value that is worked on.
    title
        What happens, in words.
    rows
        The formula, and what it comes to.
    name, value
        The value, or the gradient, and the node that holds its numbers; None for a
        whole loop, which has none.
    """

    phase: str
    place: str
    title: Runs
    rows: tuple[Row, ...]
    name: Formula
    value: Node | None


# What is said of a gradient that is gathered from the steps of a loop.
FRAMES = {"total": "sum_frame", "last": "first_frame", "stack": "row_frame"}
MOST = 300  # steps of a pass; of more, those of values with names are told


def moments_of(subject: Subject, words: Sentences) -> tuple[Moment, ...]:
    """Give the steps: every operation forward, then every gradient backward."""
    t = Telling(subject, words)
    moments = Moments(t)
    nodes = [n for n in subject.graph.nodes() if not is_transparent(n)]
    back = [n for n in reversed(nodes) if n in t.handed_back or moments.is_back(n)]
    forward, backward = (
        [n for n in found if n in subject.names] if len(found) > MOST else found
        for found in ([n for n in nodes if n.inputs], back)
    )
    return (*map(moments.forward, forward), *map(moments.backward, backward))


class Moments:
    """Tells the steps of a subject, one operation after the other."""

    def __init__(self, t: Telling) -> None:
        self.t = t
        self.say = t.words.runs
        self.steps = {s.node: s for s in t.subject.loops}
        # What loops alone read: their gradients are gathered from the steps.
        self.looped: dict[Node, tuple[Steps, Node]] = {}
        for steps in t.subject.loops:
            for a in steps.arguments:
                operand = steps.operand(a)
                if steps.gradient(a) is not None and operand not in t.readers:
                    self.looped[operand] = (steps, a)

    def is_back(self, node: Node) -> bool:
        """Tell whether a node is a loop that gradients come back through."""
        return node in self.steps and bool(self.steps[node].body.raw.gradients)

    # --- forward ----------------------------------------------------------------------

    def forward(self, node: Node) -> Moment:
        """Compute a value, run a loop, or take one of its results."""
        place = self.t.subject.ids[node]
        if node in self.steps:
            steps = self.steps[node]
            inner = Telling(steps.body, self.t.words)
            rows = tuple(recurrence(steps, inner))
            title = self.say("loops.forward_frame")
            name = _handed_on(steps, inner)
            return Moment("forward", place, title, rows, name, None)
        name = self.t.shown(node)
        if "item" in node.op.traits:
            row = Row(name, self.t.written(node))
            title = self.say("loops.item_frame", value=name)
            return Moment("forward", place, title, (row,), name, node)
        # A value without a name is told by the title.
        right = formula_of(node, self.t.names)
        rows = (Row(name, right),) if node in self.t.names else ()
        title = self.say("frames.forward", value=name)
        return Moment("forward", place, title, rows, name, node)

    # --- backward ---------------------------------------------------------------------

    def backward(self, node: Node) -> Moment:
        """Compute the gradient of a value, or run a loop backward."""
        place = self.t.subject.ids[node]
        if node in self.steps:
            steps = self.steps[node]
            inner = Telling(steps.body, self.t.words)
            told = tuple(backward_rows(steps, inner))
            title = self.say("loops.backward_frame")
            name = _handed_on(steps, inner, adjoint=True)
            return Moment("backward", place, title, told, name, None)
        if node in self.looped:
            return self._gathered(node)
        name, factors = self.t.adjoint(node), self.t.readers.get(node, [])
        adjoints = self.t.subject.raw.adjoints
        adjoint = adjoints[node]
        rows = [Row(name, self._chain(factors))] if factors else []
        passed = any(adjoints[f.reader] is adjoint for f in factors)
        full = formula_of(adjoint, self.t.names)
        if factors and not passed and full != rows[0].right and adjoint.inputs:
            rows.append(Row(None, full))
        if not factors and not adjoint.inputs and adjoint.op is not argument:
            rows.append(Row(name, full))
        title = self._title(node, factors)
        return Moment("backward", place, title, tuple(rows), name, adjoint)

    def _gathered(self, node: Node) -> Moment:
        """Gather what the steps of a loop hand back to one of their operands."""
        steps, a = self.looped[node]
        name, left = self.t.adjoint(node), self.t.came_from(steps, a)
        key = FRAMES[steps.kind(a)]
        title = self.say(f"loops.{key}", adjoint=name, value=self.t.shown(node))
        place, held = self.t.subject.ids[node], self.t.subject.raw.adjoints[node]
        rows = (Row(left, self.t.handed(steps, a)),)
        return Moment("backward", place, title, rows, name, held)

    def _chain(self, factors: list[Factor]) -> Formula:
        """Write upstream times local derivative, for every reader, added up."""
        terms: list[Formula] = []
        for factor in factors:
            local = short_local(factor, self.t.names, builder=self.t.builder)
            copied = factor.reader.spec.shape != factor.operand.spec.shape
            if local is None or copied:
                part = self.t.part(factor)
                shown = Words("…") if part is None else formula_of(part, self.t.names)
                terms.append(Mark(shown, factor.id))
                continue
            sign = "⊙" if factor.operand.spec.rank or factor.reader.spec.rank else "·"
            upstream = self.t.adjoint(factor.reader)
            terms.append(Times((upstream, Mark(local, factor.id)), sign))
        return terms[0] if len(terms) == 1 else Plus(tuple(terms))

    def _title(self, node: Node, factors: list[Factor]) -> Runs:
        """Say what happens in a step backward."""
        raw = self.t.subject.raw
        why = raw.why.get(raw.adjoints[node])
        key = "seed" if not factors else "chain" if len(factors) == 1 else "added"
        if key == "chain" and why is not None and why.kind == "broadcast":
            key = "copied"
        badges: list[str | Badge] = []
        for factor in factors:
            badges += [" ", Badge(factor.id)]
        fields = {"adjoint": self.t.adjoint(node), "value": self.t.shown(node)}
        return (*self.say(f"frames.{key}", **fields), *badges)


def _handed_on(steps: Steps, t: Telling, *, adjoint: bool = False) -> Formula:
    """Write what a loop hands on; if that is nothing, what its steps give."""
    if steps.carries:
        return steps.base(0, steps.time, adjoint=adjoint)
    result = steps.body.graph.outputs[0]
    return t.adjoint(result) if adjoint else t.shown(result)
