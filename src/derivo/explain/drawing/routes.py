"""Where lines run: through the gaps between columns, and along lanes that are free.

A column is as wide as all that is written in it, so what is drawn and written of a spot
stays within its column and its lane. In the gap before a column come first the room
where lines change lanes, then the room of the labels: there every line that leads into
a spot runs level, at a height of its own. So no line meets a spot, a word or the label
of another line, whatever the graph.

A long picture stands in several rows, as text is set. Where a row ends all lines run
level: they leave it at the right, run back between the rows, and enter the next one
from the left, in a channel of their own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
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
APART = 12.0  # between lines that turn at the end of a row,
CHANNEL = 18.0  # and between a row and the lines that run back
Point = tuple[float, float]
Route = tuple[Point, ...]


@dataclass
class Plan:
    """A drawing whose spots have columns and lanes.

    Attributes
    ----------
    columns
        Of each spot.
    lanes
        Of each spot: that in its column, and in those that its lines cross.
    ends
        The last column of every row but the last.
    """

    drawing: Drawing
    columns: Mapping[str, int]
    lanes: Mapping[str, Sequence[int]]
    ends: Sequence[int] = ()

    def __post_init__(self) -> None:
        self.spots = {s.id: s for s in self.drawing.spots}
        self.into, self.out = self.drawing.into, self.drawing.out
        count = 1 + max(self.columns.values(), default=0)
        self.row = [sum(k > end for end in self.ends) for k in range(count)]
        turning = [self.crossing(end) for end in self.ends]
        self.turns = APART * max(map(len, turning), default=0)
        self.middle, self.channel = self._heights(turning)
        # The values whose lines leave each row, from the top.
        self.turning = [
            sorted(sources, key=partial(self.y, column=end))
            for sources, end in zip(turning, self.ends, strict=True)
        ]
        self.ports = self._ports()
        self._set_columns(count)

    def crossing(self, column: int) -> list[str]:
        """Give the values that are read beyond a column."""
        return [
            i for i, edges in self.out.items() if self.columns[i] <= column
            and any(self.columns[e.target] > column for e in edges)
        ]  # fmt: skip

    # --- heights ----------------------------------------------------------------------

    def tall(self, spot: Spot) -> float:
        """Give the height of what is drawn for a spot: each line into it has room."""
        own = CIRCLE if spot.room is None else spot.room[1]
        return max(own, PORT * len(self.into[spot.id]))

    def _heights(
        self, turning: Sequence[Sequence[str]]
    ) -> tuple[dict[tuple[int, int], float], list[float]]:
        """Give the middle of every lane of every row, and where lines run back."""
        above: dict[tuple[int, int], float] = {}
        below: dict[tuple[int, int], float] = {}

        def take(row: int, lane: int, up: float, down: float) -> None:
            above[row, lane] = max(above.get((row, lane), RAIL / 2), up)
            below[row, lane] = max(below.get((row, lane), RAIL / 2), down)

        for i, lanes in self.lanes.items():
            spot, half = self.spots[i], self.tall(self.spots[i]) / 2
            up = half + LINE * len(captions_above(spot))
            down = half + LINE * len(captions_below(spot))
            take(self.row[self.columns[i]], lanes[0], up, down)
            for k, lane in enumerate(lanes, self.columns[i]):
                take(self.row[k], lane, 0, 0)
                if k in self.ends and self._alone(i, k) is None:  # it enters a row
                    take(self.row[k] + 1, lane, 0, 0)
        middle, channel, y = {}, list[float](), MARGIN
        for row in range(len(self.ends) + 1):
            for at in sorted(at for at in above if at[0] == row):
                middle[at] = y + above[at]
                y = middle[at] + below[at] + BETWEEN
            if row < len(self.ends):
                channel.append(y - BETWEEN + CHANNEL)
                y = channel[-1] + APART * (len(turning[row]) - 1) + CHANNEL
        self.height = y - BETWEEN + MARGIN
        return middle, channel

    def y(self, spot_id: str, column: int, row: int | None = None) -> float:
        """Give the height at which the lines of a value leave a column."""
        row = self.row[column] if row is None else row
        return self.middle[row, self._lane(spot_id, column)]

    def _lane_into(self, edge: Edge) -> int:
        """Give the lane in which a line leaves the column before that of its target."""
        return self._lane(edge.source, self.columns[edge.target] - 1)

    def _lane(self, spot_id: str, column: int) -> int:
        return self.lanes[spot_id][column - self.columns[spot_id]]

    def _enters(self, spot_id: str, column: int) -> float:
        """Give the height at which the lines of a value come to the next gap."""
        if column in self.ends:
            edge = self._alone(spot_id, column)
            if edge is not None:
                return self.ports[edge.id]
        return self.y(spot_id, column, self.row[column + 1])

    def _alone(self, spot_id: str, end: int) -> Edge | None:
        """Give the line of a value to the next column, if it goes on alone.

        It enters the next row where it leads to: it needs no lane there.
        """
        beyond = [e for e in self.out[spot_id] if self.columns[e.target] > end]
        is_near = len(beyond) == 1 and self.columns[beyond[0].target] == end + 1
        return beyond[0] if is_near else None

    def _ports(self) -> dict[str, float]:
        """Give the height at which each line enters its spot, so that few cross."""
        found: dict[str, float] = {}
        for i, edges in self.into.items():
            top = self.y(i, self.columns[i]) - PORT * (len(edges) - 1) / 2
            ordered = sorted(edges, key=self._lane_into)
            found |= {e.id: top + PORT * k for k, e in enumerate(ordered)}
        return found

    # --- columns ----------------------------------------------------------------------

    def _set_columns(self, count: int) -> None:
        wide = [CIRCLE] * count
        for i, column in self.columns.items():
            spot = self.spots[i]
            words = [*captions_above(spot), *captions_below(spot)]
            lengths = [text_width(text, kind) for kind, text in words]
            wide[column] = max(wide[column], spot_width(spot), *lengths, 0.0)
        gaps = self._gaps(count)
        self.labelled = [label for _, label in gaps]
        self.start = x = MARGIN + self.turns
        self.level: list[float] = []  # where the lines before a column are level,
        self.left: list[float] = []  # where it begins,
        self.right: list[float] = []  # and where it ends, and the next gap begins
        for k, (rise, label) in enumerate(gaps):
            x = self.start if k - 1 in self.ends else x
            self.level.append(x + rise)
            self.left.append(x + rise + label)
            self.right.append(self.left[k] + wide[k])
            x = self.right[k]
        self.end = max(self.right)
        self.width = self.end + MARGIN + self.turns

    def _gaps(self, count: int) -> list[tuple[float, float]]:
        """Give the room to change lanes, and for labels, before every column."""
        rise, label = [0.0] * count, [0.0] * count
        is_window = any(s.room is not None for s in self.drawing.spots)
        around = TIPS if is_window else ROOM
        for edge in self.drawing.edges:
            a, b = self.columns[edge.source], self.columns[edge.target]
            for k in range(a + 1, b):
                up = self.y(edge.source, k) - self._enters(edge.source, k - 1)
                rise[k] = max(rise[k], abs(up))
            up = self.ports[edge.id] - self._enters(edge.source, b - 1)
            rise[b] = max(rise[b], abs(up))
            label[b] = max(label[b], label_width(edge))
        found = [
            (min(WIDE, NARROW + SLOPE * up), width + around if width else 8.0)
            for up, width in zip(rise, label, strict=True)
        ]
        return [(0.0, 0.0), *found[1:]]

    # --- what comes of it -------------------------------------------------------------

    def places(self) -> dict[str, Place]:
        """Give the boxes of the spots."""
        return {
            i: Place(
                (self.left[c] + self.right[c]) / 2, self.y(i, c),
                spot_width(self.spots[i]), self.tall(self.spots[i]),
            )
            for i, c in self.columns.items()
        }  # fmt: skip

    def route(self, edge: Edge) -> Route:
        """Give the corners of a line: level in columns, across in gaps.

        The last three are of its own: from the column before that of its target.
        """
        i, first = edge.source, self.columns[edge.source]
        last = self.columns[edge.target]
        y, port = self.y(i, first), self.ports[edge.id]
        points = [(self._border(i, y, 1), y)]
        for k in range(first, last):
            points.append((self.right[k], y))
            if k in self.ends:
                points += self._turn(i, k)
            y = port if k + 1 == last else self.y(i, k + 1)
            points.append((self.level[k + 1], y))
        points.append((self._border(edge.target, port, -1), port))
        rounded = [(round(x, 2), round(y, 2)) for x, y in points]
        shared = rounded[:-2]
        inner = zip(shared, shared[1:], shared[2:], strict=False)
        corners = [b for a, b, c in inner if not a[1] == b[1] == c[1]]
        return (rounded[0], *corners, *rounded[-3:])

    def _turn(self, spot_id: str, column: int) -> list[Point]:
        """Give the way from the end of a row to the start of the next."""
        row = self.row[column]
        k, count = self.turning[row].index(spot_id), len(self.turning[row])
        right, left = self.end + APART * (count - k), self.start - APART * (k + 1)
        above, below = self.y(spot_id, column), self._enters(spot_id, column)
        # The uppermost line turns furthest out, so that lines do not cross.
        y = self.channel[row] + APART * (count - 1 - k)
        turn = [(right, above), (right, y), (left, y), (left, below)]
        return [*turn, (self.start, below)]

    def _border(self, spot_id: str, y: float, way: int) -> float:
        """Give where a level line meets the shape of a spot: right (1) or left (-1)."""
        spot, column = self.spots[spot_id], self.columns[spot_id]
        wide, tall = spot_width(spot), self.tall(spot)
        corner = radius(spot, tall)
        inner = max(0.0, abs(y - self.y(spot_id, column)) - (tall / 2 - corner))
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
        for i, edges in self.out.items():
            if sum(bool(e.factor) for e in edges) < 2:
                continue
            ends = Counter(self.columns[e.target] for e in edges)
            first, last = self.columns[i], max(ends)
            for column in range(first, last):
                # Here some leave for the next column, each on its own, and one goes on.
                if ends[column + 1] + (column + 1 < last) > 1:
                    found[self.right[column], self.y(i, column)] = None
        return tuple(found)


def radius(spot: Spot, tall: float) -> float:
    """Give how round the corners of a spot are."""
    if spot.room is not None:
        return 6.0
    return 9.0 if spot.kind in {"argument", "group", "loop"} else min(tall, CIRCLE) / 2
