"""A long picture in several rows, as text is set: as large as a window lets it be.

The picture is cut where a column ends and all lines run level. A line that is cut
leaves its row at the right, runs back between the rows, and enters the next one from
the left, in a channel of its own: it meets nothing that is written.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import inf

from derivo.explain.drawing.captions import captions_above, captions_below, text_width
from derivo.explain.drawing.model import Drawing, Place
from derivo.explain.drawing.routes import Point, Route

APART = 12.0  # between lines that turn at the end of a row
BETWEEN = 18.0  # between a row and the lines that run back
MOST = 5  # rows
MARGIN = 14.0


def wrapped(
    drawing: Drawing, wide: float, tall: float, largest: float = inf
) -> Drawing:
    """Break a picture into the rows with which it is largest in a room of a size.

    Parameters
    ----------
    drawing
        A picture whose spots have places.
    wide, tall
        The room.
    largest
        How many times its size it is shown at most: more room is of no use to it.
    """
    best = drawing
    scale = min(wide / drawing.width, tall / drawing.height, largest)
    borders = _borders(drawing)
    most = 1 if scale >= 1 else min(MOST, len(borders) + 1)  # one row is read best
    for rows in range(2, most + 1):
        found = _Rows(drawing, _cuts(drawing, borders, rows)).drawing()
        own = min(wide / found.width, tall / found.height, largest)
        # A row more is worth it for a picture that is clearly larger.
        if own > 1.08 * scale:
            best, scale = found, own
    return best


def _borders(drawing: Drawing) -> list[float]:
    """Give where columns end, but for the last."""
    spans = []
    for spot in drawing.spots:
        at = drawing.places[spot.id]
        words = [*captions_above(spot), *captions_below(spot)]
        half = max([at.width, *(text_width(t, k) for k, t in words)]) / 2
        spans.append((at.x - half, at.x + half))
    spans += [(p.x - p.width / 2, p.x + p.width / 2) for p in drawing.labels.values()]
    spans.sort()
    found, end = [], spans[0][1] if spans else 0.0
    for left, right in spans:
        if left > end + 1:
            found.append(round(end, 2))  # as the corners of lines are
        end = max(end, right)
    # Within a gap between words lines may change lanes: only its left end is level.
    return [
        x for x in found if all(_level(r, x) is not None for r in _over(drawing, x))
    ]


def _over(drawing: Drawing, x: float) -> list[Route]:
    return [r for r in drawing.routes.values() if r[0][0] <= x < r[-1][0]]


def _level(route: Route, x: float) -> float | None:
    """Give the height of a line at a place, if it is level there."""
    for (ax, ay), (bx, by) in pairwise(route):
        if ax <= x <= bx and ay == by:
            return ay
    return None


def _cuts(drawing: Drawing, borders: Sequence[float], rows: int) -> list[float]:
    """Choose cuts that leave rows of about one length, and cut few lines."""
    ideal = drawing.width / rows
    cuts: list[float] = []
    for k in range(1, rows):
        left = [b for b in borders if not cuts or b > cuts[-1]]
        if left:
            cost = {b: _cost(drawing, b, k * ideal, ideal) for b in left}
            cuts.append(min(left, key=cost.__getitem__))
    return cuts


def _cost(drawing: Drawing, border: float, wanted: float, ideal: float) -> float:
    sources = set()
    for edge in drawing.edges:
        route = drawing.routes[edge.id]
        if route[0][0] <= border < route[-1][0]:
            sources.add(edge.source)
    return abs(border - wanted) / ideal + 0.12 * len(sources)


@dataclass
class _Rows:
    """A picture and where it is cut."""

    whole: Drawing
    cuts: list[float]

    def __post_init__(self) -> None:
        edges = self.whole.edges
        self.starts = [MARGIN, *self.cuts]
        self.ends = [*self.cuts, self.whole.width]
        # The values whose lines cross each cut, from the top.
        self.crossing: list[list[str]] = []
        for cut in self.cuts:
            heights: dict[str, float] = {}
            for edge in edges:
                route = self.whole.routes[edge.id]
                level = _level(route, cut)
                if route[0][0] <= cut < route[-1][0] and level is not None:
                    heights.setdefault(edge.source, level)
            self.crossing.append(sorted(heights, key=heights.__getitem__))
        spans = [self._span(k) for k in range(len(self.ends))]
        self.left = MARGIN + APART * max(map(len, self.crossing))
        self.shift: list[Point] = []
        self.channel: list[float] = []
        y = MARGIN
        for k, (top, bottom) in enumerate(spans):
            self.shift.append((self.left - self.starts[k], y - top))
            y += bottom - top + BETWEEN
            if k < len(self.crossing):
                self.channel.append(y)
                y += APART * (len(self.crossing[k]) - 1) + BETWEEN
        self.height = y - BETWEEN + MARGIN
        lengths = [b - a for a, b in zip(self.starts, self.ends, strict=True)]
        self.right = self.left + max(lengths)
        self.width = self.right + APART * (1 + max(map(len, self.crossing)))

    def _row(self, x: float) -> int:
        return sum(x > cut for cut in self.cuts)

    def _span(self, row: int) -> tuple[float, float]:
        """Give the highest and lowest point of what is drawn in a row."""
        whole = self.whole
        tops, bottoms = [], []
        for spot in whole.spots:
            at = whole.places[spot.id]
            if self._row(at.x) == row:
                above, below = captions_above(spot), captions_below(spot)
                tops.append(at.y - at.height / 2 - 17 * len(above))
                bottoms.append(at.y + at.height / 2 + 17 * len(below) + 3)
        for at in whole.labels.values():
            if self._row(at.x) == row:
                tops.append(at.y - at.height / 2)
                bottoms.append(at.y + at.height / 2)
        for route in whole.routes.values():
            for _x, y in self._inside(route, row):
                tops.append(y - 6)
                bottoms.append(y + 6)
        return min(tops, default=0.0), max(bottoms, default=0.0)

    def _inside(self, route: Route, row: int) -> list[Point]:
        """Give the corners of the piece of a line that lies in a row."""
        first, last = self.starts[row], self.ends[row]
        inner = [p for p in route if first < p[0] <= last]
        if row and route[0][0] <= first < route[-1][0]:
            inner.insert(0, (first, _level(route, first) or 0.0))
        if row < len(self.cuts) and route[0][0] <= last < route[-1][0]:
            inner.append((last, _level(route, last) or 0.0))
        return inner

    def drawing(self) -> Drawing:
        """Give the picture in rows."""
        whole = self.whole
        return replace(
            whole, places=self._moved(whole.places), labels=self._moved(whole.labels),
            routes={e.id: self._route(e.id, e.source) for e in whole.edges},
            branches=tuple(self._point(p) for p in whole.branches),
            width=self.width, height=self.height,
        )  # fmt: skip

    def _moved(self, places: Mapping[str, Place]) -> dict[str, Place]:
        found: dict[str, Place] = {}
        for i, at in places.items():
            x, y = self._point((at.x, at.y))
            found[i] = replace(at, x=x, y=y)
        return found

    def _point(self, point: Point, row: int | None = None) -> Point:
        dx, dy = self.shift[self._row(point[0]) if row is None else row]
        return round(point[0] + dx, 2), round(point[1] + dy, 2)

    def _route(self, edge: str, source: str) -> Route:
        """Give the corners of a line, with its turns from row to row."""
        route = self.whole.routes[edge]
        points: list[Point] = []
        for row in range(len(self.ends)):
            inner = [self._point(p, row) for p in self._inside(route, row)]
            if inner and points:
                points += self._turn(row - 1, source, points[-1][1], inner[0][1])
            points += inner
        return tuple(_without_repeats(points))

    def _turn(self, cut: int, source: str, above: float, below: float) -> list[Point]:
        """Give the way from the end of a row to the start of the next."""
        k, count = self.crossing[cut].index(source), len(self.crossing[cut])
        right = self.right + APART * (count - k)
        left = self.left - APART * (k + 1)
        # The uppermost line turns furthest out, so that lines do not cross.
        y = self.channel[cut] + APART * (count - 1 - k)
        return [(right, above), (right, y), (left, y), (left, below)]


def _without_repeats(points: Iterable[Point]) -> list[Point]:
    found: list[Point] = []
    for point in points:
        if not found or found[-1] != point:
            found.append(point)
    return found
