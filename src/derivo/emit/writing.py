"""What a loop over time asks of the function body that it stands in."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, Self

from derivo.emit.places import Wholes
from derivo.emit.program import Program
from derivo.emit.saving import Saved
from derivo.emit.scope import Scope
from derivo.emit.statement import Statement
from derivo.graph.block import Block, Roll
from derivo.graph.names import Names
from derivo.graph.node import Node


@dataclass
class StepPrograms:
    """A step of a loop that is written inside the loop.

    Attributes
    ----------
    forward
        Its forward pass.
    backward
        Its backward passes.
    saved
        What a step keeps for the step back.
    names
        What its values are called in the forward pass, once that is written.
    rolls
        The loops that it is a step of, by number.
    """

    forward: Program
    backward: Mapping[Any, Program]
    saved: Saved
    names: dict[Node, str] = field(default_factory=dict)
    rolls: dict[int, Roll] = field(default_factory=dict)

    def kept_by(self, roll: Roll) -> list[Node]:
        """Give what each step of a loop keeps: not what is the same at every step."""
        fixed = {self.forward.inputs[place] for place in roll.fixed}
        return [n for n in self.saved.values if n not in fixed]


@dataclass
class FunctionNames:
    """What functions are called in the source.

    Attributes
    ----------
    names
        Block to the name of its forward function; derived block to that of the backward
        function.
    saving
        Blocks whose forward function keeps something for a backward function.
    steps
        Blocks that are steps of loops.
    written_for
        For each backward pass that calls want, the one that is written for it.
    readers
        What each keeps, and which gradients need it: as `Source.readers`, by its name.
    values
        What the values of both passes of each are called.
    """

    names: dict[Any, str] = field(default_factory=dict)
    saving: set[Block] = field(default_factory=set)
    steps: dict[Block, StepPrograms] = field(default_factory=dict)
    written_for: dict[Any, Any] = field(default_factory=dict)
    readers: dict[str, dict[str, tuple[str, ...]]] = field(default_factory=dict)
    values: dict[Node, str] = field(default_factory=dict)


class Writing(Protocol):
    """A function body being written; `derivo.emit.body.Body` is one.

    A body writes the loops in it, and a loop the body of its step: so a loop must not
    need the body's module.
    """

    names: Names
    scope: Scope
    bound: dict[Node, str]
    given: dict[Node, ast.expr]
    wishes: Mapping[Node, str]
    hints: Mapping[Node, str]
    statements: list[Statement]
    functions: FunctionNames
    wholes: Wholes
    kept: set[Node]
    arguments: tuple[Node, ...]
    signature: tuple[tuple[str, Any], ...]
    readers: Counter[Node]
    notes: dict[Node, str]
    lists: dict[Node, tuple[str, int]]
    left_to_loops: set[Node]
    counter: str

    def compute(self, roots: Iterable[Node], *, keep: Iterable[Node] = ()) -> None:
        """Write what is needed for `roots`."""

    def write(self, node: Node, *, named: bool) -> None:
        """Write one value whose operands are at hand."""

    def made(self, node: Node) -> ast.expr:
        """Give the expression that computes a value from its operands."""

    def is_at_hand(self, node: Node) -> bool:
        """Tell whether there is an expression for a value."""

    def expression(self, node: Node) -> ast.expr:
        """Give the expression that stands for a value."""

    def bind(self, node: Node, name: str) -> None:
        """Note that a value is at hand under a name."""

    def named(self, node: Node) -> ast.expr:
        """Give a name, or a part of a nest, for a value that is read in a loop."""

    def give(self, node: Node, place: ast.expr) -> None:
        """Note that a value is at hand as a part of something."""

    def wish(self, node: Node) -> str:
        """Give the name that a value should have."""

    def inner(self) -> Self:
        """Give the body of a loop in this one: what is at hand here is so there."""
