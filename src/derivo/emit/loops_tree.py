"""The tree of loops: each value in the first loop that it can share with what it reads.

Two values share a loop if one reads the other at the same place of the loop's axis.
What is folded over a loop is ready when that loop has ended. Products of matrices stand
between the loops.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from derivo.emit.loops_place import VARIABLES, place
from derivo.graph.dim import Dim, Shape
from derivo.graph.element import Fold, Index, Product
from derivo.graph.node import Node

Readers = dict[Node, list[tuple["Item", Index | None]]]


@dataclass(eq=False)
class Item:
    """A value that gets a statement, or a result that is written to an argument.

    Attributes
    ----------
    node
        The value.
    domain
        Sizes of the loops around the statement.
    index
        The place of the result, in variables of these loops.
    reads
        What it reads, and where; None for the place means the whole array.
    target
        The argument that takes the value when everything else has read it.
    local
        Its readers can use a local variable.
    stored
        Some reader needs it in an array.
    ready
        Where it can be read: in a body of loops and what lies inside it.
    """

    node: Node
    domain: Shape
    index: Index
    reads: list[tuple[Node, Index | None]]
    target: Node | None = None
    local: bool = False
    stored: bool = False
    body: Body | None = None
    ready: Body | None = None

    @property
    def folded(self) -> tuple[int, ...]:
        """Levels of the loops that a reduction runs over, outermost first."""
        if not isinstance(self.node.op.element, Fold) or self.target is not None:
            return ()
        source = place(self.node.inputs[0].spec.shape)
        axes = self.node.op.element.axes(
            self.node.attrs, self.node.inputs[0].spec.shape
        )
        return tuple(
            sorted(VARIABLES.index(source[a]) for a in axes if source[a] != "0")
        )

    @property
    def is_product(self) -> bool:
        """Whether this is a product of matrices."""
        return self.target is None and isinstance(self.node.op.element, Product)


@dataclass(eq=False)
class Body:
    """What stands inside so many loops: statements, and further loops."""

    level: int = 0
    parent: Body | None = None
    blocks: list[Item | Loop] = field(default_factory=list)

    def is_around(self, other: Body | None) -> bool:
        """Tell whether `other` is this body or lies inside it."""
        while other is not None and other is not self:
            other = other.parent
        return other is self

    def items(self) -> Iterator[Item]:
        """Give all items in this body and in the loops of it."""
        for block in self.blocks:
            if isinstance(block, Loop):
                yield from block.body.items()
            else:
                yield block


@dataclass(eq=False)
class Loop:
    """A loop over an axis."""

    size: Dim
    body: Body
    touched: set[tuple[Node, Index]] = field(default_factory=set)


def needs_array(item: Item) -> bool:
    """Tell whether there are many results before any of them is ready."""
    return item.is_product or ":" in pending_place(item)


def pending_place(item: Item) -> Index:
    """Give the place of the results that are worked on at a time, ":" for all."""
    if not item.folded:
        return item.index
    first = item.folded[0]
    return tuple(
        ":" if v != "0" and VARIABLES.index(v) > first else v for v in item.index
    )


class Schedule:
    """Puts items into loops, outermost first.

    Parameters
    ----------
    items
        By value.
    readers
        Who reads a value, and where.
    """

    def __init__(self, items: dict[Node, Item], readers: Readers) -> None:
        self.items = items
        self.readers = readers

    def fill(self, body: Body, items: list[Item]) -> None:
        """Arrange `items`, which come in an order that computes operands first."""
        inside: dict[int, list[Item]] = defaultdict(list)
        where: dict[Item, int] = {}
        for item in items:
            before = self._before(item)
            waits = [
                self._earliest(item, other, at, where, body) for other, at in before
            ]
            first = max(waits, default=0)
            if len(item.domain) == body.level or item.is_product:
                body.blocks.append(item)
                item.body = body
                where[item] = len(body.blocks) - 1
                continue
            where[item] = self._loop_for(item, body, first)
            inside[where[item]].append(item)
        for k, members in inside.items():
            loop = body.blocks[k]
            assert isinstance(loop, Loop)  # noqa: S101
            self.fill(loop.body, members)

    def _before(self, item: Item) -> Iterator[tuple[Item, tuple[Index, Index] | None]]:
        """Give what must be done before `item`, with the two places that must agree."""
        for node, index in item.reads:
            other = self.items.get(node)
            if other is not None:
                yield other, None if index is None else (other.index, index)
        if item.target is not None:
            # Whoever reads the old value comes first.
            for reader, index in self.readers[item.target]:
                if reader is not item:
                    yield reader, None if index is None else (item.index, index)

    def _earliest(
        self, item: Item, other: Item, places: tuple[Index, Index] | None,
        where: dict[Item, int], body: Body,
    ) -> int:  # fmt: skip
        k = where.get(other)
        if k is None:
            return 0
        block = body.blocks[k]
        level = body.level
        together = (
            isinstance(block, Loop) and places is not None and len(item.domain) > level
            and block.size == item.domain[level] and level not in other.folded
            and _same_at(*places, VARIABLES[level])
        )  # fmt: skip
        return k if together else k + 1

    def _loop_for(self, item: Item, body: Body, first: int) -> int:
        """Give the number of the loop that takes `item`: the first that shares data."""
        variable, size = VARIABLES[body.level], item.domain[body.level]
        touched = {
            (n, i)
            for n, i in (*item.reads, (item.node, item.index))
            if i and variable in i
        }
        for k, block in enumerate(body.blocks[first:], start=first):
            if (
                isinstance(block, Loop)
                and block.size == size
                and block.touched & touched
            ):
                block.touched |= touched
                return k
        body.blocks.append(Loop(size, Body(body.level + 1, body), touched))
        return len(body.blocks) - 1


def _same_at(own: Index, read: Index, variable: str) -> bool:
    return variable in own and read[own.index(variable)] == variable
