"""What a schedule is made of: leaves in phases. Inert data; no text, no target.

A leaf is a loop nest around a few values that are computed together. Its kind says
which loops; what is written for it is the printer's business.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from derivo.emit.plan.layout import Layout, turning
from derivo.graph.dim import Dim
from derivo.graph.node import Node


@dataclass(frozen=True)
class Leaf:
    """Values that are computed in the same loops.

    Attributes
    ----------
    nodes
        What it computes, operands before readers.
    length
        Length of the axis that is cut into parts; None for numbers, which each thread
        computes for itself.
    kept
        Those of `nodes` that others read: they get a place in memory.
    stores
        Argument to the value that it takes: one of `nodes`, or an argument.
    """

    nodes: tuple[Node, ...]
    length: Dim | None
    kept: frozenset[Node] = frozenset()
    stores: Mapping[Node, Node] = field(default_factory=dict)

    @property
    def is_whole(self) -> bool:
        """Whether what is shared out are whole matrices, not rows."""
        return False

    @property
    def goes_by_rows(self) -> bool:
        """Whether a part may begin anywhere in a panel's width of rows."""
        return True


@dataclass(frozen=True)
class Gather(Leaf):
    """The rows of this step, taken from all rows."""


@dataclass(frozen=True)
class Numbers(Leaf):
    """Numbers made from numbers."""


@dataclass(frozen=True)
class Pointwise(Leaf):
    """Element by element, over arrays of one layout."""

    layout: Layout = field(kw_only=True)


@dataclass(frozen=True)
class Tile(Leaf):
    """A product of two matrices, block by block; the rest is done on each block.

    Attributes
    ----------
    product
        The product. The other `nodes` read it element by element.
    turned
        The left operand is read as the transpose of the array that it is made from.
    """

    product: Node = field(kw_only=True)
    turned: bool = field(kw_only=True)

    @property
    def goes_by_rows(self) -> bool:
        """Not where rows are columns of what is turned: no block is in two panels."""
        return not self.turned


@dataclass(frozen=True)
class Rows(Leaf):
    """Row by row: reductions of a row, and what is computed with them.

    Attributes
    ----------
    rows, cols
        Of the matrices. A value may be a matrix or have one number for each row; one
        that is reduced to a single number is given here as one number for each row.
    """

    rows: Dim = field(kw_only=True)
    cols: Dim = field(kw_only=True)


@dataclass(frozen=True)
class Columns(Leaf):
    """Column by column: reductions over all rows, and what is computed with them.

    Attributes
    ----------
    rows, cols
        Of the matrices. Those among `nodes` that are matrices come before the first
        reduction, the lines after it.
    """

    rows: Dim = field(kw_only=True)
    cols: Dim = field(kw_only=True)

    @property
    def goes_by_rows(self) -> bool:
        """Parts are panels of columns."""
        return False


@dataclass(frozen=True)
class Total(Leaf):
    """A line reduced to a number, which each thread does for itself.

    Attributes
    ----------
    of_rows
        The line is what `Rows` gave for the same value.
    """

    of_rows: bool = field(kw_only=True)


@dataclass(frozen=True)
class Plain(Leaf):
    """One value, element by element in plain loops: whatever has no faster form."""


@dataclass(frozen=True)
class InNumpy(Leaf):
    """One value that NumPy computes: what has no form in loops.

    One thread calls NumPy, on arrays row by row, and the others wait for it.
    """


@dataclass(frozen=True)
class Turned(Leaf):
    """A matrix written as its transpose, or each of a stack."""

    @property
    def goes_by_rows(self) -> bool:
        """A panel of the transpose is made of rows."""
        return False

    @property
    def is_whole(self) -> bool:
        """Whether there is a stack of them."""
        (node,) = self.nodes
        whole = turning(node)
        return whole is not None and whole.count != 1


@dataclass(frozen=True)
class Move(Leaf):
    """One value put where another is: a carry at its beginning, a step's result.

    Attributes
    ----------
    to
        Where it goes.
    value
        What is moved; None for zeros.
    counter
        The number of the step, if it becomes the part of `to` for that step.
    is_added
        Whether it is added to what is there.
    """

    to: Node = field(kw_only=True)
    value: Node | None = field(kw_only=True)
    counter: str = ""
    is_added: bool = False


@dataclass(frozen=True)
class Scan(Leaf):
    """A loop over time.

    Attributes
    ----------
    count
        Steps.
    counter
        The name of the number of the step.
    is_reverse
        The last step is the first.
    begin
        What is done before.
    body
        What a step does.
    outside
        Bound value to the value outside that it stands for.
    same
        Result of the loop to the value inside that it is, after the last step.
    """

    count: Dim = field(kw_only=True)
    counter: str = field(kw_only=True)
    is_reverse: bool = field(kw_only=True)
    begin: tuple[Move, ...] = field(kw_only=True)
    body: Plan = field(kw_only=True)
    outside: Mapping[Node, Node] = field(kw_only=True)
    same: Mapping[Node, Node] = field(kw_only=True)

    @property
    def goes_apart(self) -> bool:
        """Whether threads go through all steps without meeting, each for its own rows.

        So it is where a step is one phase, and nothing in it is for all rows: what is
        carried is only read where it was written.
        """
        alone = (
            n.length is not None and not n.is_whole and not isinstance(n, InNumpy)
            for n in self.body.leaves
        )  # fmt: skip
        return len(self.body.phases) == 1 and all(alone)


@dataclass(frozen=True)
class Phase:
    """Leaves that can be done in parts, each without waiting for another."""

    leaves: tuple[Leaf, ...]


@dataclass(frozen=True)
class Plan:
    """The schedule of a step. All threads meet at the end of each phase.

    Attributes
    ----------
    phases
        In order.
    mirrors
        Transposes of arguments, kept up to date beside them.
    """

    phases: tuple[Phase, ...]
    mirrors: tuple[Node, ...]

    @property
    def leaves(self) -> tuple[Leaf, ...]:
        """All leaves, in order, those inside loops behind them."""
        found: list[Leaf] = []
        for phase in self.phases:
            for leaf in phase.leaves:
                found.append(leaf)
                if isinstance(leaf, Scan):
                    found += [*leaf.begin, *leaf.body.leaves]
        return tuple(found)

    @property
    def in_numpy(self) -> tuple[Node, ...]:
        """What NumPy computes; its place here is the number that it is asked for by."""
        return tuple(n for a in self.leaves if isinstance(a, InNumpy) for n in a.nodes)
