"""Where lines run: straight where nothing is in the way, else between the columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from derivo.explain.drawing.model import Drawing, Edge, Place

CIRCLE = 44.0
CLEAR = 5.0  # room between a line and the spots that it passes
FIRST, TRACK = 12.0, 9.0  # from a column to the first line beside it; between lines
SLANT = 36.0  # height over which a line turns into its spot, less than half a lane
Point = tuple[float, float]
Route = tuple[Point, ...]


@dataclass
class Routes:
    """Finds the lines of a drawing whose spots have columns and lanes.

    Attributes
    ----------
    columns, rows
        Column and lane of each spot.
    bends
        The lane of each edge that would run through a spot of its own lane.
    left, right
        Edges with a piece of line before, and behind, a column: their order there.
    """

    drawing: Drawing
    columns: Mapping[str, int]
    rows: Mapping[str, int]
    bends: Mapping[str, int]
    left: dict[int, list[str]] = field(default_factory=dict)
    right: dict[int, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.held: dict[int, list[tuple[int, str]]] = {}
        for spot, column in self.columns.items():
            self.held.setdefault(column, []).append((self.rows[spot], spot))
        self.turned: set[str] = set()

    def turn(self, at: Grid) -> bool:
        """Send lines that are in the way of spots between the columns; tell if any."""
        crossing = [
            e for e in self.drawing.edges
            if e.id not in self.turned and self._is_in_the_way(e, at)
        ]  # fmt: skip
        for edge in crossing:
            self.turned.add(edge.id)
            self.left.setdefault(self.columns[edge.target], []).append(edge.id)
            if edge.id in self.bends:
                self.right.setdefault(self.columns[edge.source], []).append(edge.id)
        return bool(crossing)

    def room(self, column: int) -> float:
        """Give the room that lines need before a column."""
        count = len(self.left.get(column, ())) + len(self.right.get(column - 1, ()))
        return 2 * FIRST + TRACK * count + 2 if count else 0.0

    def route(self, edge: Edge, at: Grid) -> Route:
        """Give the corners of a line, from the middle of a spot to that of another."""
        a, b = at.places[edge.source], at.places[edge.target]
        first, last = self.columns[edge.source], self.columns[edge.target]
        y = at.middle[self.bends[edge.id]] if edge.id in self.bends else a.y
        if edge.id in self.turned:
            start: Route = ((a.x, a.y),)
            if y != a.y:
                track = FIRST + TRACK * self.right[first].index(edge.id)
                x = at.centres[first] + at.widths[first] / 2 + track
                start = (*start, (x, _beside(a.y, y)), (x, y))
            track = FIRST + TRACK * self.left[last].index(edge.id)
            x = at.centres[last] - at.widths[last] / 2 - track
            return (*start, (x, y), (x, _beside(b.y, y)), (b.x, b.y))
        if edge.id in self.bends:
            left = at.centres[first] + at.widths[first] / 2 + 24
            right = at.centres[last] - at.widths[last] / 2 - 24
            return ((a.x, a.y), (left, y), (right, y), (b.x, b.y))
        if last - first > 1 and a.y != b.y:
            # Along its own lane to the last column before the reader, then across.
            return ((a.x, a.y), (at.centres[last - 1], a.y), (b.x, b.y))
        return ((a.x, a.y), (b.x, b.y))

    def _is_in_the_way(self, edge: Edge, at: Grid) -> bool:
        line = self.route(edge, at)
        ends = {edge.source, edge.target}
        return any(
            passes_through(piece, at.places[spot], at.inner[spot])
            for spot in self._near(edge) if spot not in ends
            for piece in pairwise(line)
        )  # fmt: skip

    def _near(self, edge: Edge) -> Iterator[str]:
        rows = [self.rows[edge.source], self.rows[edge.target]]
        rows += [self.bends[edge.id]] if edge.id in self.bends else []
        low, high = min(rows), max(rows)
        if low == high:
            return
        for column in range(self.columns[edge.source], self.columns[edge.target] + 1):
            for row, spot in self.held.get(column, ()):
                if low <= row <= high:
                    yield spot


@dataclass(frozen=True)
class Grid:
    """Where columns, lanes and spots are; `inner` has the widths of what is drawn."""

    centres: list[float]
    widths: list[float]
    middle: Mapping[int, float]
    places: Mapping[str, Place]
    inner: Mapping[str, float]


def passes_through(piece: tuple[Point, Point], at: Place, width: float) -> bool:
    """Tell whether a straight line runs through the shape of a spot, or too near it."""
    (ax, ay), (bx, by) = piece
    low, high = 0.0, 1.0
    for start, step, centre, half in (
        (ax, bx - ax, at.x, width / 2 + CLEAR),
        (ay, by - ay, at.y, CIRCLE / 2 + CLEAR),
    ):
        if step == 0:
            if abs(start - centre) >= half:
                return False
            continue
        enter, leave = sorted(
            ((centre - half - start) / step, (centre + half - start) / step)
        )
        low, high = max(low, enter), min(high, leave)
    return low < high


def _beside(y: float, other: float) -> float:
    """Give the height at which a line from another lane turns into a spot."""
    return y if other == y else y + SLANT if other > y else y - SLANT
