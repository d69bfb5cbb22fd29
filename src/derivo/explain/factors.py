"""Factors of the chain rule: one id, one number and one colour each, everywhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf

from derivo.explain.formula.boxes import LETTERS
from derivo.explain.palette import COLOURS
from derivo.graph.node import Node


@dataclass(frozen=True, slots=True)
class Factor:
    """A local derivative: of the result of an operation by one of its operands.

    Attributes
    ----------
    id
        ``"fc3"``: it ends in the number, the letter before it is that of the colour.
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
    found = []
    above: dict[Node, dict[int, int]] = {}  # colour by how near it is, further on
    beside: dict[Node, set[int]] = {}
    siblings: dict[Node, set[int]] = {}
    for k, (reader, position) in enumerate(pairs, start=before + 1):
        operand = reader.inputs[position]
        on_the_way = above.get(reader, {})
        near = beside.setdefault(operand, set())
        colour = _colour(k, on_the_way, siblings.setdefault(reader, set()), near)
        near_now = {c: d + 1 for c, d in on_the_way.items()} | {colour: 1}
        known = above.setdefault(operand, {})
        for c, distance in near_now.items():
            known[c] = min(distance, known.get(c, distance))
        siblings[reader].add(colour)
        beside[operand].add(colour)
        name = f"f{LETTERS[colour]}{k}"
        found.append(Factor(name, k, colour, reader, position))
    return tuple(found)


def _colour(
    k: int, on_the_way: Mapping[int, int], siblings: set[int], near: set[int]
) -> int:
    """Choose a colour that no factor of the same product has.

    Where that can be, neither has another operand of the operation it, nor another
    reader of the operand. Of a product with more factors than there are colours, the
    furthest gives its colour again.
    """

    def rank(colour: int) -> tuple[bool, bool, float, bool]:
        distance = on_the_way.get(colour, inf)
        is_taken = colour in on_the_way
        return is_taken, colour in siblings, -distance, colour in near

    return min(((k - 1 + turn) % COLOURS for turn in range(COLOURS)), key=rank)
