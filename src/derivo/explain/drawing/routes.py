"""Where lines run: through the gaps between columns, and along lanes that are free.

A column is as wide as all that is written in it, so what is drawn and written of a spot
stays within its column and its lane. In the gap before a column come first the room
where lines change lanes, then the room of the labels: there every line that leads into
a spot runs level, at a height of its own. So no line meets a spot, a word or the label
of another line, whatever the graph.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt

from derivo.explain.drawing.captions import (
    LINE,
    captions_above,
    captions_below,
    label_width,
    spot_width,
    text_width,
)  # fmt: skip
from derivo.explain.drawing.model import Drawing, Edge, Place, Spot

CIRCLE = 44.0  # the height of a spot, and how far the lines into it are apart:
PORT = 22.0
MARGIN, BETWEEN = 14.0, 16.0  # around the picture, and between lanes
RAIL = 24.0  # the height of a lane in which lines run alone
NARROW, WIDE, SLOPE = 16.0, 150.0, 0.2  # room in which lines change lanes
ROOM = 12.0  # around a label on its line
TIPS = 26.0  # the same where lines have a tip at either end
Point = tuple[float, float]
Route = tuple[Point, ...]


@dataclass
class Plan:
    """A drawing whose spots have columns and lanes.

    Attributes
    ----------
    columns, rows
        Column and lane of each spot.
    rails
        The lane in which a value gets to readers further on.
    """

    drawing: Drawing
    columns: Mapping[str, int]
    rows: Mapping[str, int]
    rails: Mapping[str, int]

    def __post_init__(self) -> None:
        self.spots = {s.id: s for s in self.drawing.spots}
        self.into: dict[str, list[Edge]] = {i: [] for i in self.spots}
        self.out: dict[str, list[Edge]] = {i: [] for i in self.spots}
        for edge in self.drawing.edges:
            self.into[edge.target].append(edge)
            self.out[edge.source].append(edge)
        self.middle = self._lanes()
        self.ports = self._ports()
        self._set_columns()

    # --- heights ----------------------------------------------------------------------

    def tall(self, spot: Spot) -> float:
        """Give the height of what is drawn for a spot: each line into it has room."""
        own = CIRCLE if spot.room is None else spot.room[1]
        return max(own, PORT * len(self.into[spot.id]))

    def _lanes(self) -> dict[int, float]:
        """Give the middle of every lane, from the top."""
        above: dict[int, float] = {}
        below: dict[int, float] = {}
        for lane in {*self.rows.values(), *self.rails.values()}:
            above[lane] = below[lane] = RAIL / 2
        for spot_id, lane in self.rows.items():
            spot = self.spots[spot_id]
            half = self.tall(spot) / 2
            above[lane] = max(above[lane], half + LINE * len(captions_above(spot)))
            below[lane] = max(below[lane], half + LINE * len(captions_below(spot)))
        found: dict[int, float] = {}
        y = MARGIN
        for lane in sorted(above):
            found[lane] = y + above[lane]
            y = found[lane] + below[lane] + BETWEEN
        self.height = y - BETWEEN + MARGIN
        return found

    def _ports(self) -> dict[str, float]:
        """Give the height at which each line enters its spot, so that few cross."""
        found: dict[str, float] = {}
        for spot_id, edges in self.into.items():
            ordered = sorted(edges, key=self._from)
            top = self.middle[self.rows[spot_id]] - PORT * (len(edges) - 1) / 2
            found |= {e.id: top + PORT * k for k, e in enumerate(ordered)}
        return found

    def _from(self, edge: Edge) -> float:
        """Give the height of the lane that a line comes in."""
        near = self.columns[edge.target] - self.columns[edge.source] == 1
        lane = self.rows if near else self.rails
        return self.middle[lane[edge.source]]

    # --- columns ----------------------------------------------------------------------

    def _set_columns(self) -> None:
        count = 1 + max(self.columns.values(), default=0)
        wide = [CIRCLE] * count
        for spot_id, column in self.columns.items():
            spot = self.spots[spot_id]
            words = [*captions_above(spot), *captions_below(spot)]
            lengths = [text_width(text, kind) for kind, text in words]
            wide[column] = max(wide[column], spot_width(spot), *lengths, 0.0)
        self.right: list[float] = []  # where a column ends, and the next gap begins,
        self.level: list[float] = []  # where the lines before a column are level,
        self.left: list[float] = []  # and where it begins
        self.labelled = [0.0] * count
        x, gaps = MARGIN, self._gaps(count)
        for k in range(count):
            before = gaps[k] if k else (0.0, 0.0)
            self.labelled[k] = before[1]
            self.level.append(x + before[0])
            self.left.append(x + before[0] + before[1])
            self.right.append(self.left[k] + wide[k])
            x = self.right[k]
        self.width = x + MARGIN

    def _gaps(self, count: int) -> list[tuple[float, float]]:
        """Give the room to change lanes, and for labels, before every column."""
        rise, label = [0.0] * (count + 1), [0.0] * (count + 1)
        both_ways = any(s.room is not None for s in self.drawing.spots)
        around = TIPS if both_ways else ROOM
        for edge in self.drawing.edges:
            a, b = self.columns[edge.source], self.columns[edge.target]
            start, lane = self.middle[self.rows[edge.source]], self._from(edge)
            if b - a > 1:
                rise[a + 1] = max(rise[a + 1], abs(lane - start))
            rise[b] = max(rise[b], abs(self.ports[edge.id] - lane))
            label[b] = max(label[b], label_width(edge))
        return [
            (min(WIDE, NARROW + SLOPE * up), width + around if width else 8.0)
            for up, width in zip(rise, label, strict=True)
        ]

    # --- what comes of it -------------------------------------------------------------

    def places(self) -> dict[str, Place]:
        """Give the boxes of the spots."""
        return {
            i: Place(
                (self.left[c] + self.right[c]) / 2, self.middle[self.rows[i]],
                spot_width(self.spots[i]), self.tall(self.spots[i]),
            )
            for i, c in self.columns.items()
        }  # fmt: skip

    def route(self, edge: Edge) -> Route:
        """Give the corners of a line: level in columns, across in gaps."""
        a, b = self.columns[edge.source], self.columns[edge.target]
        y, port = self.middle[self.rows[edge.source]], self.ports[edge.id]
        points = [(self._border(edge.source, y, 1), y), (self.right[a], y)]
        if b - a > 1:
            y = self._from(edge)
            points += [(self.level[a + 1], y), (self.right[b - 1], y)]
        points += [(self.level[b], port), (self._border(edge.target, port, -1), port)]
        return tuple((round(x, 2), round(y, 2)) for x, y in points)

    def _border(self, spot_id: str, y: float, way: int) -> float:
        """Give where a level line meets the shape of a spot: right (1) or left (-1)."""
        spot, column = self.spots[spot_id], self.columns[spot_id]
        wide, tall = spot_width(spot), self.tall(spot)
        from_middle = abs(y - self.middle[self.rows[spot_id]])
        corner = radius(spot, tall)
        inner = max(0.0, from_middle - (tall / 2 - corner))
        cut = corner - sqrt(max(0.0, corner**2 - inner**2))
        return (self.left[column] + self.right[column]) / 2 + way * (wide / 2 - cut)

    def labels(self) -> dict[str, Place]:
        """Give the places of the labels, on the last piece of their lines."""
        found = {}
        for edge in self.drawing.edges:
            if edge.factor:
                column = self.columns[edge.target]
                x = self.left[column] - self.labelled[column] / 2
                y = self.ports[edge.id]
                found[edge.id] = Place(x, y, label_width(edge), PORT - 4)
        return found

    def branches(self) -> tuple[Point, ...]:
        """Give the points where lines of one value part: there gradients are added."""
        found: dict[Point, None] = {}
        for spot_id, edges in self.out.items():
            if sum(bool(e.factor) for e in edges) < 2:
                continue
            column, y = self.columns[spot_id], self.middle[self.rows[spot_id]]
            further = [e for e in edges if self.columns[e.target] - column > 1]
            if len(edges) - len(further) + bool(further) > 1:
                found[self.right[column], y] = None
            last = max((self.columns[e.target] for e in further), default=0)
            ends: dict[int, int] = {}
            for edge in further:
                at = self.columns[edge.target]
                ends[at] = ends.get(at, 0) + 1
            for at, count in ends.items():
                if at < last or count > 1:
                    found[self.right[at - 1], self.middle[self.rails[spot_id]]] = None
        return tuple(found)


def radius(spot: Spot, tall: float) -> float:
    """Give how round the corners of a spot are."""
    if spot.room is not None:
        return 6.0
    return 9.0 if spot.kind in {"argument", "group", "loop"} else min(tall, CIRCLE) / 2
