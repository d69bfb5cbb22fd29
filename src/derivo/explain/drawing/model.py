"""The picture as data: nodes, edges, groups, and where they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from derivo.explain.formula.boxes import factor_colour, factor_number
from derivo.explain.formula.tree import Formula
from derivo.explain.formula.unicode import inline
from derivo.graph.node import Frame


@dataclass(frozen=True, slots=True)
class Spot:
    """A node of the picture: an argument, an operation with its result, or a group.

    Attributes
    ----------
    id
        The same in document, code lines and frames: ``"v3"``.
    kind
        "argument", "constant", "operation", "group" (folded) or "loop" (over time).
    symbol
        What stands in the circle: ``"×"``, ``"+"``, ``"σ"``, ``"@"``; the name of an
        argument or of a group.
    name
        The value: ``n``; None if it has no name.
    formula
        What a value with a name is computed as: ``"= tanh(n)"``; empty if not said.
    shape
        As text, ``"N × M"``; empty for a number.
    value, gradient
        The numbers, short; empty where there are none.
    members
        Ids that a folded group stands for.
    group
        The calls of helper functions it is in, outermost first.
    line
        Where the user wrote it.
    room
        Width and height of what is drawn, where that is a card with numbers,
    adjoint
        and how its gradient is written; None where none comes back.
    is_result, is_parameter
        It is a result of the function; it is an argument whose gradient is asked for
        and which is not data (drawn beside its operation).
    """

    id: str
    kind: str
    symbol: str
    name: Formula | None = None
    formula: str = ""
    shape: str = ""
    value: str = ""
    gradient: str = ""
    members: tuple[str, ...] = ()
    group: tuple[Frame, ...] = ()
    line: str = ""
    room: tuple[float, float] | None = None
    adjoint: Formula | None = None
    is_result: bool = False
    is_parameter: bool = False

    @property
    def ids(self) -> tuple[str, ...]:
        """What it stands for: its members, or itself."""
        return self.members or (self.id,)

    @property
    def called(self) -> str:
        """The name of the value, or else the sign of the operation."""
        return self.symbol if self.name is None else inline(self.name)


@dataclass(frozen=True, slots=True)
class Edge:
    """A value that an operation reads.

    Attributes
    ----------
    factor
        Id of its local derivative; several ids where one line stands for several edges.
    label
        That derivative as a short text.
    members
        Ids of the edges that a line of a folded picture stands for.
    """

    id: str
    source: str
    target: str
    factor: str = ""
    label: str = ""
    members: tuple[str, ...] = ()

    @property
    def ids(self) -> tuple[str, ...]:
        """The edges that it stands for: its members, or itself."""
        return self.members or (self.id,)

    @property
    def colour(self) -> int:
        """The colour of its first factor."""
        return factor_colour(self.factor.partition(" ")[0])

    @property
    def numbers(self) -> tuple[int, ...]:
        """The numbers of its factors."""
        return tuple(factor_number(f) for f in self.factor.split())


@dataclass(frozen=True, slots=True)
class Place:
    """Where a node is: its centre, width and height, in pixels."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Drawing:
    """Nodes and edges, with places for the nodes and corners for the edges.

    Attributes
    ----------
    spots, edges
        In topological order.
    places, routes, labels
        Of the spots, the edges and the labels on edges, by id; empty before layout.
    branches
        Points where the lines of one value part.
    width, height
        Of the whole, in pixels.
    folded
        The same graph with its groups folded, if it has any.
    """

    title: str
    spots: tuple[Spot, ...]
    edges: tuple[Edge, ...]
    places: Mapping[str, Place] = field(default_factory=dict)
    routes: Mapping[str, tuple[tuple[float, float], ...]] = field(default_factory=dict)
    labels: Mapping[str, Place] = field(default_factory=dict)
    branches: tuple[tuple[float, float], ...] = ()
    width: float = 0.0
    height: float = 0.0
    folded: Drawing | None = None

    @cached_property
    def into(self) -> Mapping[str, list[Edge]]:
        """The lines into each spot."""
        return self._lines(lambda e: e.target)

    @cached_property
    def out(self) -> Mapping[str, list[Edge]]:
        """The lines out of each spot."""
        return self._lines(lambda e: e.source)

    def _lines(self, end: Callable[[Edge], str]) -> Mapping[str, list[Edge]]:
        found: dict[str, list[Edge]] = {s.id: [] for s in self.spots}
        for edge in self.edges:
            found[end(edge)].append(edge)
        return found
