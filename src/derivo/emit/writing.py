"""What a loop over time asks of the function body that it stands in."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from typing import Protocol, Self

from derivo.emit.scope import Scope
from derivo.emit.statement import Statement
from derivo.graph.names import Names
from derivo.graph.node import Node


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

    def wish(self, node: Node) -> str:
        """Give the name that a value should have."""

    def inner(self) -> Self:
        """Give the body of a loop in this one: what is at hand here is so there."""
