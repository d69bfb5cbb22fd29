"""Where the nodes of a picture go: columns by depth, a straight trunk, lanes beside it.

Everything is decided in one pass in the order of the graph, so the same graph always
gives the same picture, and folding a part leaves the order of the rest as it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from derivo.explain.drawing.model import Drawing, Edge
from derivo.explain.drawing.routes import Plan
from derivo.explain.drawing.untangling import Tangle


@dataclass
class Lanes:
    """Which columns of which lane are taken; lane 0 is the trunk."""

    taken: dict[int, list[tuple[int, int]]] = field(default_factory=dict)

    def is_free(self, lane: int, first: int, last: int) -> bool:
        """Tell whether a lane has room between two columns."""
        return all(b < first or a > last for a, b in self.taken.get(lane, ()))

    def take(self, near: int, first: int, last: int, way: int = 1) -> int:
        """Take the free lane next to another one: below first if `way` is 1."""
        for distance in range(1, len(self.taken) + 3):
            for lane in (near + way * distance, near - way * distance):
                if self.is_free(lane, first, last):
                    self.taken.setdefault(lane, []).append((first, last))
                    return lane
        raise AssertionError  # pragma: no cover  an untouched lane is always free


def place(drawing: Drawing) -> Drawing:
    """Give every spot a place, every edge a route and every factor a label's place."""
    columns = _columns(drawing)
    lanes, rows = Lanes(), {}
    into: dict[str, list[Edge]] = {s.id: [] for s in drawing.spots}
    for edge in drawing.edges:
        into[edge.target].append(edge)
    trunk = _trunk(drawing, columns, into)
    for k, spot_id in enumerate(trunk):
        rows[spot_id] = 0
        until = columns[trunk[k + 1]] - 1 if k + 1 < len(trunk) else columns[spot_id]
        lanes.taken.setdefault(0, []).append((columns[spot_id], until))
    _fill_rows(drawing, columns, into, lanes, rows)
    rails = _rails(drawing, columns, rows, lanes)
    to = Tangle(drawing.edges, columns, rows, rails).untangled()
    rows, rails = ({i: to[lane] for i, lane in x.items()} for x in (rows, rails))
    plan = Plan(drawing, columns, rows, rails)
    return replace(
        drawing, places=plan.places(), width=plan.width, height=plan.height,
        routes={e.id: plan.route(e) for e in drawing.edges}, labels=plan.labels(),
        branches=plan.branches(),
    )  # fmt: skip


def _columns(drawing: Drawing) -> dict[str, int]:
    """Give operations their depth, arguments the column left of their first reader."""
    columns: dict[str, int] = {}
    kinds = {s.id: s.kind for s in drawing.spots}
    sources: dict[str, list[str]] = {s.id: [] for s in drawing.spots}
    readers: dict[str, list[str]] = {s.id: [] for s in drawing.spots}
    for edge in drawing.edges:
        sources[edge.target].append(edge.source)
        readers[edge.source].append(edge.target)
    for spot in drawing.spots:
        if spot.kind != "argument":
            known = [columns[s] for s in sources[spot.id] if s in columns]
            columns[spot.id] = 1 + max(known, default=0)
    for spot in drawing.spots:
        if kinds[spot.id] == "argument":
            ahead = [columns[r] for r in readers[spot.id] if r in columns]
            columns[spot.id] = min(ahead, default=1) - 1
    lowest = min(columns.values(), default=0)
    return {i: column - lowest for i, column in columns.items()}


def _trunk(
    drawing: Drawing, columns: Mapping[str, int], into: Mapping[str, list[Edge]]
) -> list[str]:
    """Give the longest chain of values that ends in a result."""
    spots = {s.id: s for s in drawing.spots}
    ends = [s.id for s in drawing.spots if s.is_result] or [
        s.id for s in drawing.spots[-1:]
    ]
    if not ends:
        return []
    at = max(ends, key=lambda i: columns[i])
    chain = [at]
    while into[at]:
        # Results before arguments, data before parameters, then the deepest.
        at = max(
            (e.source for e in into[at]),
            key=lambda i: (
                spots[i].kind != "argument",
                not spots[i].is_parameter,
                columns[i],
            ),
        )
        if at in chain:
            break
        chain.append(at)
    return chain[::-1]


def _fill_rows(  # noqa: C901  one pass, with two small helpers
    drawing: Drawing, columns: Mapping[str, int], into: Mapping[str, list[Edge]],
    lanes: Lanes, rows: dict[str, int],
) -> None:  # fmt: skip
    """Give the other spots lanes, chain by chain, near what reads them."""
    readers: dict[str, list[str]] = {s.id: [] for s in drawing.spots}
    for edge in drawing.edges:
        readers[edge.source].append(edge.target)
    arguments = {s.id for s in drawing.spots if s.kind == "argument"}
    alone = {i for i in arguments if len(readers[i]) == 1}

    def put(chain: list[str], near: int) -> None:
        """Give a chain a lane, and beside it the arguments that it alone reads."""
        last = max(columns[chain[0]], *(columns[r] - 1 for r in readers[chain[0]]), 0)
        way = 1 if near >= 0 else -1
        rows.update(
            dict.fromkeys(chain, lanes.take(near, columns[chain[-1]], last, way))
        )
        beside(chain)

    def beside(chain: list[str]) -> None:
        for spot_id in chain:
            for edge in into[spot_id]:
                if edge.source in alone and edge.source not in rows:
                    put([edge.source], rows[spot_id])

    beside(list(rows))
    # Arguments that several read come last, into the middle of their readers.
    for spot in reversed(drawing.spots):
        if spot.id in rows or spot.id in arguments:
            continue
        chain = [spot.id]
        while True:
            free = [
                e.source for e in into[chain[-1]]
                if e.source not in rows and e.source not in chain
                and (e.source not in arguments or e.source in alone)
            ]  # fmt: skip
            if not free:
                break
            chain.append(max(free, key=lambda i: columns[i]))
        near = [rows[r] for r in readers[spot.id] if r in rows]
        put(chain, near[0] if near else 0)
    for spot in drawing.spots:
        if spot.id not in rows:
            near = [rows[r] for r in readers[spot.id]]
            put([spot.id], round(sum(near) / len(near)) if near else 0)


def _rails(
    drawing: Drawing, columns: Mapping[str, int], rows: Mapping[str, int], lanes: Lanes
) -> dict[str, int]:
    """Give each value that is read further on the lane in which it gets there.

    That is its own where nothing stands in the way, else the next one that is free.
    """
    held: dict[int, list[int]] = {}
    for spot_id, row in rows.items():
        held.setdefault(row, []).append(columns[spot_id])
    furthest: dict[str, int] = {}
    for edge in drawing.edges:
        a, b = columns[edge.source], columns[edge.target]
        if b - a > 1:
            furthest[edge.source] = max(furthest.get(edge.source, 0), b)
    rails: dict[str, int] = {}
    for spot_id, last in furthest.items():
        first, row = columns[spot_id], rows[spot_id]
        alone = not any(first < c < last for c in held[row])
        rails[spot_id] = row if alone else lanes.take(row, first + 1, last - 1, -1)
    return rails
