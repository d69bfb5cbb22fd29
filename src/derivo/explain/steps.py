"""A step of a loop over time as a subject of its own, and its numbers at every step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from derivo.explain.formula.tree import Formula, Index, Number, Plus, Symbol
from derivo.explain.subject import Subject
from derivo.graph.dim import evaluate
from derivo.graph.loop import Loop
from derivo.graph.node import Node

MOST_STEPS = 500  # more are told without numbers


@dataclass(frozen=True, eq=False)
class Steps:
    """A loop, and what one step of it is.

    Attributes
    ----------
    node
        The scan.
    outer, body
        What the loop is a part of, and the step: its arguments are what it finds, its
        results the carries as it leaves them, then what is stacked.
    arguments
        What the step finds, in the order of `Loop.bound`.
    bases
        A name for each carry: the same before and after the step.
    items
        What the loop gives, stacked over the steps; the further results of the step.
    time
        The letter that counts the steps.
    inside
        What each node of the loop's body is in the step told.
    """

    node: Node
    outer: Subject
    body: Subject
    arguments: tuple[Node, ...]
    bases: tuple[str, ...]
    items: tuple[Node, ...]
    time: Index
    inside: Mapping[Node, Node]

    @property
    def loop(self) -> Loop:
        """The loop as data."""
        loop: Loop = self.node.attrs["loop"]
        return loop

    @property
    def carries(self) -> tuple[Node, ...]:
        """The arguments of the step that the step before hands on."""
        return self.arguments[: len(self.loop.carries)]

    @property
    def slices(self) -> tuple[Node, ...]:
        """The arguments of the step that are its part of an array."""
        first = len(self.loop.carries)
        return self.arguments[first : first + len(self.loop.slices)]

    @property
    def fixed(self) -> tuple[Node, ...]:
        """The arguments of the step that are the same at every step."""
        return self.arguments[len(self.loop.carries) + len(self.loop.slices) :]

    @property
    def following(self) -> tuple[Node, ...]:
        """The carries as the step leaves them."""
        return self.body.graph.outputs[: len(self.loop.carries)]

    def operand(self, of: Node) -> Node:
        """Give the value outside that an argument of the step is, or is a part of."""
        return self.node.inputs[self.arguments.index(of)]

    def last_of(self, k: int) -> Node | None:
        """Give what the loop gives of a carry after its last step, if it is read."""
        return next(
            (n for n in self.outer.graph.nodes()
             if "last" in n.op.traits and n.inputs[0] is self.node
             and n.attrs["of"] is self.loop.carries[k]), None,
        )  # fmt: skip

    def gradient(self, of: Node) -> Node | None:
        """Give what a step hands back to one of its arguments."""
        return self.body.raw.gradients.get(of.attrs["name"])

    # --- steps as formulas ------------------------------------------------------------

    def shifted(self, by: int) -> Formula:
        """Write the step so many steps later in the order in which the loop runs."""
        by = -by if self.loop.reverse else by
        return Plus((self.time, Number(by))) if by else self.time

    def base(self, k: int, step: Formula, *, adjoint: bool = False) -> Symbol:
        """Write a carry after a step."""
        rank = self.carries[k].spec.rank
        return Symbol(self.bases[k], rank, adjoint=adjoint, step=step)

    # --- numbers ----------------------------------------------------------------------

    @cached_property
    def running(self) -> tuple[int, ...]:
        """Numbers of the steps, from 0, in the order in which they run."""
        count = evaluate(self.node.attrs["length"], self.outer.sizes)
        steps = range(count)
        return tuple(reversed(steps) if self.loop.reverse else steps)

    @property
    def has_numbers(self) -> bool:
        """Whether there are numbers for every step."""
        known = bool(self.outer.values)
        return known and 0 < len(self.running) <= MOST_STEPS

    @cached_property
    def at(self) -> Mapping[int, Subject]:
        """The step with its numbers, by number of the step from 0.

        This is backpropagation through time as it is told: from the last step to the
        first, what a step hands back is given to the step before.
        """
        return self.with_adjoints(self.outer.values)

    @cached_property
    def from_the_end(self) -> Mapping[int, Subject]:
        """The same if the results mattered at the last step alone."""
        last = self.running[-1]
        adjoints = self.outer.raw.adjoints
        values = dict(self.outer.values)
        for item in self.items:
            if item in adjoints:
                array = np.array(values[adjoints[item]])
                array[[t for t in self.running if t != last]] = 0
                values[adjoints[item]] = array
        return self.with_adjoints(values)

    def with_adjoints(self, values: Mapping[Node, Any]) -> Mapping[int, Subject]:
        """Run the steps backward, given the adjoints of what the loop gives."""
        trajectory, sizes = self.outer.values[self.node], self.outer.sizes
        adjoints = self.outer.raw.adjoints

        def blank(node: Node) -> Any:
            return np.zeros(tuple(evaluate(d, sizes) for d in node.spec.shape))[()]

        carried = []
        for k, carry in enumerate(self.carries):
            end = self.last_of(k)
            held = None if end is None else adjoints.get(end)
            carried.append(blank(carry) if held is None else values[held])
        found: dict[int, Subject] = {}
        for t in reversed(self.running):
            parts = list(carried)
            for item, node in zip(self.items, self.stacked, strict=True):
                held = adjoints.get(item)
                parts.append(blank(node) if held is None else values[held][t])
            bound = [trajectory.steps[t][b] for b in self.loop.bound]
            arrays = {
                n.attrs["name"]: v for n, v in zip(self.arguments, bound, strict=True)
            }
            given = tuple(parts) if len(parts) > 1 else parts[0]
            step = replace(self.body, arrays=arrays, sizes=sizes, upstream=given)
            found[t] = step
            back = [self.gradient(c) for c in self.carries]
            carried = [
                blank(c) if g is None else step.values[g]
                for c, g in zip(self.carries, back, strict=True)
            ]
        return found

    @property
    def stacked(self) -> tuple[Node, ...]:
        """The values of the step that the loop gives, stacked over the steps."""
        return self.body.graph.outputs[len(self.loop.carries) :]
