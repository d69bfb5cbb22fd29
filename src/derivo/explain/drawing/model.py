"""The picture as data: nodes, edges, groups, and where they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from derivo.explain.formula.tree import Formula


@dataclass(frozen=True, slots=True)
class Spot:
    """A node of the picture: an argument, an operation with its result, or a group.

    Attributes
    ----------
    id
        The same in document, code lines and frames: ``"v3"``.
    kind
        "argument", "constant", "operation" or "group" (folded).
    symbol
        What stands in the circle: ``"×"``, ``"+"``, ``"σ"``, ``"@"``; the name of an
        argument or of a group.
    name
        The value: ``n``; None if it has no name.
    shape
        As text, ``"N × M"``; empty for a number.
    value, gradient
        The numbers, short; empty where there are none.
    members
        Ids that a folded group stands for.
    group
        The groups it is in, outermost first.
    line
        Where the user wrote it.
    is_result, is_parameter
        It is a result of the function; it is an argument whose gradient is asked for
        and which is not data (drawn beside its operation).
    """

    id: str
    kind: str
    symbol: str
    name: Formula | None = None
    shape: str = ""
    value: str = ""
    gradient: str = ""
    members: tuple[str, ...] = ()
    group: tuple[str, ...] = ()
    line: str = ""
    is_result: bool = False
    is_parameter: bool = False


@dataclass(frozen=True, slots=True)
class Edge:
    """A value that an operation reads.

    `factor` is the id of its local derivative, `label` that derivative as a short text.
    """

    id: str
    source: str
    target: str
    factor: str = ""
    label: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a node is: its centre, width and height, in pixels."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Drawing:
    """Nodes and edges, with places for the nodes and corners for the edges.

    Attributes
    ----------
    spots, edges
        In topological order.
    places, routes
        By id; empty before layout.
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
    width: float = 0.0
    height: float = 0.0
    folded: Drawing | None = None
