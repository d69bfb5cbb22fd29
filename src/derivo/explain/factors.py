"""Factors of the chain rule: one id, one number and one colour each, everywhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf

from derivo.explain.formula.boxes import LETTERS
from derivo.explain.palette import COLOURS, TEXTURES
from derivo.graph.node import Node


@dataclass(frozen=True, slots=True)
class Factor:
    """A local derivative: of the result of an operation by one of its operands.

    Attributes
    ----------
    id
        ``"fc3"``: it ends in the number, the letter before it is that of the mark.
    number
        3: the second mark, for those who do not tell the colours apart.
    mark
        Colour and texture: 0 to 7 are the colours of the palette, from 8 on they come
        again dashed, then dotted.
    reader, position
        The operation, and which of its operands.
    """

    id: str
    number: int
    mark: int
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
    above: dict[Node, dict[int, int]] = {}  # mark by how near it is, further on
    beside: dict[Node, set[int]] = {}
    siblings: dict[Node, set[int]] = {}
    for k, (reader, position) in enumerate(pairs, start=before + 1):
        operand = reader.inputs[position]
        on_the_way = above.get(reader, {})
        near = beside.setdefault(operand, set())
        mark = _mark(k, on_the_way, siblings.setdefault(reader, set()), near)
        near_now = {c: d + 1 for c, d in on_the_way.items()} | {mark: 1}
        known = above.setdefault(operand, {})
        for c, distance in near_now.items():
            known[c] = min(distance, known.get(c, distance))
        siblings[reader].add(mark)
        beside[operand].add(mark)
        name = f"f{LETTERS[mark]}{k}"
        found.append(Factor(name, k, mark, reader, position))
    return tuple(found)


def _mark(
    k: int, on_the_way: Mapping[int, int], siblings: set[int], near: set[int]
) -> int:
    """Choose a mark that no factor of the same product has.

    Where that can be its colour is new on the way, too, and neither another operand of
    the operation nor another reader of the operand has it. Of a product with more
    factors than there are marks, the furthest gives its mark again.
    """
    colours: dict[int, int] = {}  # by how near they are
    for mark, distance in on_the_way.items():
        known = colours.get(mark % COLOURS, distance)
        colours[mark % COLOURS] = min(known, distance)
    beside = {c % COLOURS for c in siblings}

    def rank(mark: int) -> tuple[bool | float, ...]:
        colour, texture = mark % COLOURS, mark // COLOURS
        return (
            mark in on_the_way, mark in siblings, -on_the_way.get(mark, 0),
            colour in colours, colour in beside, texture, -colours.get(colour, inf),
            mark in near,
        )  # fmt: skip

    turned = ((k - 1 + turn) % COLOURS for turn in range(COLOURS))
    marks = [c + COLOURS * t for c in turned for t in range(TEXTURES)]
    return min(marks, key=rank)
