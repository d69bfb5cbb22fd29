"""Stepping: the moments in order, each with the places that light up."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from derivo.explain.document import Code, Frame
from derivo.explain.drawing.of_subject import is_transparent
from derivo.explain.levels.in_loops import is_reached
from derivo.explain.levels.tell import Telling
from derivo.explain.moments import Moment, Moments
from derivo.explain.step_lines import lines_of
from derivo.explain.subject import Subject
from derivo.explain.words import Words
from derivo.graph.node import Node

MOST = 300


def frames_of(subject: Subject, words: Words, code: Code) -> tuple[Frame, ...]:
    """Give the steps: every operation forward, then every gradient backward."""
    moments, places = Moments(Telling(subject, words)), _Places(subject, code)
    adjoints, names = subject.raw.adjoints, subject.names
    nodes = [n for n in subject.graph.nodes() if not is_transparent(n)]
    computed = [n for n in nodes if n.inputs]
    handed_back = [
        n for n in reversed(nodes)
        if ((n in adjoints and is_reached(n, subject)) or moments.is_back(n))
        and not _is_passed_on(n, subject)
    ]  # fmt: skip
    forward, backward = (
        [n for n in found if n in names] if len(found) > MOST else found
        for found in (computed, handed_back)
    )
    return (
        *(places.forward(n, moments.forward(n)) for n in forward),
        *(places.backward(n, moments.backward(n), moments) for n in backward),
    )


def _is_passed_on(node: Node, subject: Subject) -> bool:
    """Tell whether a value without a name has the very gradient of its reader."""
    adjoints = subject.raw.adjoints
    return node not in subject.names and any(
        f.operand is node and adjoints[f.reader] is adjoints[node]
        for f in subject.factors
    )


class _Places:
    """Where a step is seen: a node and edges of the picture, lines of the code."""

    def __init__(self, subject: Subject, code: Code) -> None:
        self.subject = subject
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

    def forward(self, node: Node, moment: Moment) -> Frame:
        """Give a step forward: it follows the edges that lead to the node."""
        return self._frame("forward", node, moment, self._into(node), self._line(node))

    def backward(self, node: Node, moment: Moment, moments: Moments) -> Frame:
        """Give a step backward: it follows the edges that lead from the node."""
        edges = tuple(self.edges_out.get(node, ()))
        lines = self.backward_lines.get(self.subject.ids[node], [])
        if node in moments.steps:
            edges = self._into(node)
        elif node in moments.looped:
            steps, a = moments.looped[node]
            lines = lines or [
                x.number for x in lines_of(steps) if x.backward and x.value is a
            ]
        lines = lines or sorted(
            {n for f in moment.factors for n in self.lines_of_factor.get(f.id, ())}
        )
        return self._frame("backward", node, moment, edges, lines)

    def _frame(
        self, phase: str, node: Node, moment: Moment, edges: tuple[str, ...],
        lines: list[int],
    ) -> Frame:  # fmt: skip
        value = self.subject.values.get(moment.value) if moment.value else None
        return Frame(
            phase, self.subject.ids[node], edges, moment.title, moment.rows,
            moment.name, None if value is None else np.asarray(value),
            tuple(f.id for f in moment.factors), tuple(lines),
        )  # fmt: skip

    def _into(self, node: Node) -> tuple[str, ...]:
        return tuple(edge for edge, _, _ in drawn_edges(node, self.subject))

    def _line(self, node: Node) -> list[int]:
        """Give the line that computes a value, if need be within that of its reader."""
        at: Node | None = node
        while at is not None:
            found = self.forward_lines.get(self.subject.ids[at])
            if found or at.op.traits & {"loop", "item"}:
                return found or []
            at = self.next_reader.get(at)
        return []


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
