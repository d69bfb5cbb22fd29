"""Factors of the chain rule: one id, one number and one colour each, everywhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from derivo.graph.node import Node


@dataclass(frozen=True, slots=True)
class Factor:
    """A local derivative: of the result of an operation by one of its operands.

    Attributes
    ----------
    id
        ``"f3"``.
    number
        3: the second mark, for those who do not tell the colours apart.
    colour
        Index into the palette.
    reader, position
        The operation, and which of its operands.
    """

    id: str
    number: int
    colour: int
    reader: Node
    position: int

    @property
    def operand(self) -> Node:
        """The value by which it is the derivative."""
        return self.reader.inputs[self.position]


COLOURS = 6


def number_factors(
    nodes: tuple[Node, ...], adjoints: Mapping[Node, Node], before: int = 0
) -> tuple[Factor, ...]:
    """Give the local derivatives numbers from the result backwards, as they are met.

    Parameters
    ----------
    nodes
        A graph, operands before readers.
    adjoints
        Values that the chain rule passes through.
    before
        How many numbers are taken.
    """
    pairs = [
        (reader, position)
        for reader in reversed(nodes)
        if reader in adjoints
        for position, operand in enumerate(reader.inputs)
        if operand in adjoints
    ]
    return tuple(
        Factor(f"f{k}", k, (k - 1) % COLOURS, reader, position)
        for k, (reader, position) in enumerate(pairs, start=before + 1)
    )
