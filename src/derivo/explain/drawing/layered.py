"""Where the nodes of a picture go: columns by depth, lanes by what is read together.

Everything is decided in one pass in the order of the graph, so the same graph always
gives the same picture, and folding a part leaves the order of the rest as it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import count
from math import inf

from derivo.explain.drawing.model import Drawing
from derivo.explain.drawing.routes import Plan
from derivo.explain.drawing.untangling import untangled

ROWS = 5  # in which a picture is set at most,
LARGER = 1.08  # if one more makes it as much larger
CUT = 0.2  # of the length of a row: so much off its best end is a line that is cut


@dataclass(frozen=True, slots=True)
class Room:
    """The room of a picture, and how many times its size it is shown at most."""

    width: float
    height: float
    largest: float = inf

    def scale(self, shown: Drawing | Plan) -> float:
        """Give how many times its size a picture is shown."""
        return min(self.width / shown.width, self.height / shown.height, self.largest)


@dataclass
class Lanes:
    """Which columns of which lane are taken."""

    taken: dict[int, set[int]] = field(default_factory=dict)

    def take(self, near: int, first: int, last: int, way: int = 1) -> int:
        """Take a lane between two columns, or the free one next to it."""
        columns = range(first, last + 1)
        for distance in count():
            for lane in (near + way * distance, near - way * distance):
                if self.taken.setdefault(lane, set()).isdisjoint(columns):
                    self.taken[lane].update(columns)
                    return lane
        raise AssertionError  # pragma: no cover  an untouched lane is always free


def place(drawing: Drawing, room: Room | None = None) -> Drawing:
    """Give every spot a place, every edge a route and every factor a label's place.

    Parameters
    ----------
    drawing
        What is drawn.
    room
        In which it is shown: in as many rows as make it largest there.
    """
    columns = _columns(drawing)
    lanes = untangled(drawing, columns, _lanes(drawing, columns))
    plan = Plan(drawing, columns, lanes)
    if room is not None:
        plan = _in_rows(plan, room)
    return replace(
        drawing, places=plan.places(), width=plan.width, height=plan.height,
        routes={e.id: plan.route(e) for e in drawing.edges}, labels=plan.labels(),
        branches=plan.branches(),
    )  # fmt: skip


def _columns(drawing: Drawing) -> dict[str, int]:
    """Give operations their depth, arguments the column left of their first reader."""
    columns: dict[str, int] = {}
    arguments = [s.id for s in drawing.spots if s.kind == "argument"]
    for spot in drawing.spots:
        if spot.kind != "argument":
            sources = (e.source for e in drawing.into[spot.id])
            columns[spot.id] = 1 + max((columns.get(s, 0) for s in sources), default=0)
    for i in arguments:
        readers = [columns[e.target] for e in drawing.out[i] if e.target in columns]
        columns[i] = min(readers, default=1) - 1
    lowest = min(columns.values(), default=0)
    return {i: column - lowest for i, column in columns.items()}


def _lanes(drawing: Drawing, columns: Mapping[str, int]) -> dict[str, list[int]]:
    """Give the lanes of each value: in its column, and in those its lines cross."""
    free, lanes = Lanes(), dict[str, list[int]]()
    spots = {s.id: s for s in drawing.spots}
    read = {i: [columns[e.target] for e in out] for i, out in drawing.out.items()}
    arguments = {s.id for s in drawing.spots if s.kind == "argument"}

    def rank(spot_id: str) -> tuple[bool, bool, int]:
        """Put results before arguments, data before parameters, then the deepest."""
        plain = not spots[spot_id].is_parameter
        return spot_id not in arguments, plain, columns[spot_id]

    def put(spot_id: str, near: int) -> None:
        """Give a value a lane, and near it what it is the last to read."""
        todo = [(spot_id, near)]
        while todo:
            i, near = todo.pop()
            if i not in lanes:
                until = max(columns[i], min(read[i], default=0) - 1)
                lane = free.take(near, columns[i], until)
                lanes[i] = [lane] * (until + 1 - columns[i])
                last = [
                    e.source for e in drawing.into[i]
                    if max(read[e.source]) == columns[i]
                    and (e.source not in arguments or len(read[e.source]) == 1)
                ]  # fmt: skip
                todo += [(s, lane) for s in sorted(last, key=rank)]

    # From the results on; arguments that several read come last, near one of these.
    order = sorted(drawing.spots, key=lambda s: (s.id not in arguments, s.is_result))
    for spot in reversed(order):
        near = [lanes[e.target][0] for e in drawing.out[spot.id] if e.target in lanes]
        put(spot.id, near[-1] if near else 0)
    for i, own in lanes.items():
        first, last = columns[i] + len(own), max(read[i], default=0) - 1
        if last >= first:
            own.extend([free.take(own[0], first, last, -1)] * (last + 1 - first))
    return lanes


def _in_rows(plan: Plan, room: Room) -> Plan:
    """Set a picture in the rows with which it is largest in its room."""
    best, whole = plan, plan
    most = 1 if room.scale(plan) >= 1 else ROWS  # one row is read best
    for rows in range(2, most + 1):
        found = replace(whole, ends=_ends(whole, rows))
        if found.ends != best.ends and room.scale(found) > LARGER * room.scale(best):
            best = found
    return best


def _ends(plan: Plan, rows: int) -> list[int]:
    """Choose columns where rows end: rows of about one length, and few lines cut."""
    cut = [CUT * len(plan.crossing(k)) for k in range(len(plan.right) - 1)]
    ends: list[int] = []
    for row in range(1, rows):
        best = row * plan.width / rows
        cost = {
            k: abs(plan.right[k] - best) * rows / plan.width + lines
            for k, lines in enumerate(cut) if not ends or k > ends[-1]
        }  # fmt: skip
        if cost:
            ends.append(min(cost, key=cost.__getitem__))
    return ends
