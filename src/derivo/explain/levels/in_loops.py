"""Values that a loop over time reads: where their gradients are told."""

from __future__ import annotations

from derivo.explain.document import Block, Display, Link, Paragraph, Row
from derivo.explain.formula.of_node import formula_of
from derivo.explain.formula.tree import Formula, Size, Sum
from derivo.explain.levels.tell import Telling
from derivo.explain.subject import Steps
from derivo.graph.node import Node


def in_loops(value: Node, t: Telling) -> list[Block]:
    """Tell what comes back to a value from the loops that read it."""
    found: list[Block] = []
    for steps, argument in t.looped(value):
        place = "back" if argument in steps.carries else "sums"
        link = Link(t.words.text("loops.see"), f"#{steps.body.prefix}{place}")
        text = t.words.runs("loops.through", value=t.shown(value))
        found.append(Paragraph((*text, " ", link)))
        if argument in steps.fixed:
            row = Row(left_of(argument, steps, t), summed(argument, steps, t))
            numbers = t.in_numbers_only(part_of(argument, steps))
            found.append(Display((row, *numbers)))
    return found


def part_of(argument: Node, steps: Steps) -> Node | None:
    """Give the node outside that holds what a loop hands back to an operand."""
    groups = {"last": steps.carries, "stack": steps.slices, "total": steps.fixed}
    kind, group = next((k, g) for k, g in groups.items() if argument in g)
    operand = steps.operand(argument)
    # One operand may be read in several ways: they come in the order of the operands.
    alike = [
        a for a in group
        if steps.operand(a) is operand and steps.gradient(a) is not None
    ]  # fmt: skip
    parts = [
        node
        for node, why in steps.outer.raw.why.items()
        if why.reader is steps.node and why.node is operand and kind in node.op.traits
    ]
    place = alike.index(argument)
    return parts[place] if place < len(parts) else None


def left_of(argument: Node, steps: Steps, t: Telling) -> Formula:
    """Write what comes back from a loop: all of an adjoint, or a part of it."""
    part = part_of(argument, steps)
    known = None if part is None else t.names.get(part)
    return known or t.adjoint(steps.operand(argument))


def summed(argument: Node, steps: Steps, t: Telling) -> Formula:
    """Write the sum over the steps."""
    inner = Telling(steps.body, t.words)
    gradient = steps.gradient(argument)
    assert gradient is not None  # noqa: S101
    count = Size(steps.node.attrs["length"])
    names = {n: f for n, f in inner.names.items() if n is not gradient}
    return Sum(steps.time, count, formula_of(gradient, names))
