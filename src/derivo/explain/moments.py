"""What is told at each step, forward and backward: one operation, as formulas."""

from __future__ import annotations

from dataclasses import dataclass

from derivo.explain.document import Badge, Row, Runs
from derivo.explain.drawing.of_subject import is_transparent
from derivo.explain.formula.of_node import formula_of
from derivo.explain.formula.tree import (
    Formula,
    Plus,
)  # fmt: skip
from derivo.explain.levels.loops import backward_rows, recurrence
from derivo.explain.levels.tell import Telling
from derivo.explain.levels.ways import term, why
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
    title, reason
        What happens, in words; the part of it that says why.
    rows
        The formula, and what it comes to.
    name, value
        The value, or the gradient, and the node that holds its numbers; None for a
        whole loop.
    """

    phase: str
    place: str
    title: Runs
    reason: Runs
    rows: tuple[Row, ...]
    name: Formula | None
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

    def _moment(
        self, phase: str, node: Node, reason: Runs, rows: list[Row],
        held: Node | None = None,
    ) -> Moment:  # fmt: skip
        """Put a step together; `held` has its numbers."""
        t, name = self.t, None
        if held is not None:
            name = t.shown(node) if phase == "forward" else t.adjoint(node)
        first, *others = reason or ("",)
        if isinstance(first, str):  # it begins a sentence of the title
            first = first[:1].upper() + first[1:] if name is not None else first
        badges = [r for f in t.readers.get(node, ()) for r in (" ", Badge(f.id))]
        key = f"brief.{phase}" if name is not None else f"brief.{phase}_loop"
        title = self.say(key, name=name or (), reason=(first, *others))
        if phase == "backward":
            title = (*title, *badges)
        place = t.subject.ids[node]
        return Moment(phase, place, title, reason, tuple(rows), name, held)

    # --- forward ----------------------------------------------------------------------

    def forward(self, node: Node) -> Moment:
        """Compute a value, run a loop, or take one of its results."""
        if node in self.steps:
            steps = self.steps[node]
            rows = recurrence(steps, Telling(steps.body, self.t.words))
            return self._moment("forward", node, self.say("loops.forward_frame"), rows)
        name = self.t.shown(node)
        right = self.t.written(node)
        # A value without a name is told by the title.
        rows = [Row(name, right)] if name != right else []
        return self._moment("forward", node, (), rows, node)

    # --- backward ---------------------------------------------------------------------

    def backward(self, node: Node) -> Moment:
        """Compute the gradient of a value, or run a loop backward."""
        t = self.t
        if node in self.steps:
            steps = self.steps[node]
            rows = backward_rows(steps, Telling(steps.body, t.words))
            reason = self.say("loops.backward_frame")
            return self._moment("backward", node, reason, rows)
        if node in self.looped:
            return self._gathered(node)
        name, factors = t.adjoint(node), t.readers.get(node, [])
        adjoints = t.subject.raw.adjoints
        adjoint = adjoints[node]
        full = formula_of(adjoint, t.names)
        terms = [term(f, t) for f in factors]
        chain = Plus(tuple(terms)) if terms[1:] else terms[0] if terms else full
        rows = [Row(name, chain)] if adjoint.op is not argument else []
        passed = any(adjoints[f.reader] is adjoint for f in factors)
        if not passed and full != chain and adjoint.inputs:
            rows.append(Row(None, full))
        return self._moment("backward", node, why(node, t), rows, adjoint)

    def _gathered(self, node: Node) -> Moment:
        """Gather what the steps of a loop hand back to one of their operands."""
        steps, a = self.looped[node]
        fields = {"adjoint": self.t.adjoint(node), "value": self.t.shown(node)}
        reason = self.say(f"loops.{FRAMES[steps.kind(a)]}", **fields)
        rows = [Row(self.t.came_from(steps, a), self.t.handed(steps, a))]
        held = self.t.subject.raw.adjoints[node]
        return self._moment("backward", node, reason, rows, held)
