"""Lanes in an order in which few lines cross.

Lines change lanes in the gaps between columns alone, so two of them cross there if they
enter and leave a gap in another order. Only the order of the lanes matters for that,
not how high they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations, product

from derivo.explain.drawing.model import Edge

MOST, TRIES = 48, 100  # lines of a picture that is put in order, and orders tried
Piece = tuple[str, float, float]  # of which value, and where it enters and leaves a gap


@dataclass
class Tangle:
    """Which spots are in which column and lane, and the lines between them.

    Attributes
    ----------
    edges
        The lines.
    columns, rows, rails
        Column and lane of each spot, and the lane in which its value gets further on.
    """

    edges: tuple[Edge, ...]
    columns: Mapping[str, int]
    rows: Mapping[str, int]
    rails: Mapping[str, int]

    def crossings(self, places: Mapping[int, int]) -> int:
        """Count how often lines cross, if each lane is where `places` says."""
        gaps: dict[int, set[Piece]] = {}
        into: dict[str, list[Edge]] = {}
        for edge in self.edges:
            into.setdefault(edge.target, []).append(edge)
        for target, edges in into.items():
            edges.sort(key=lambda e: places[self._last(e)])
            for k, edge in enumerate(edges):
                port = places[self.rows[target]] + (k + 1) / (len(edges) + 1) - 0.5
                self._follow(edge, port, places, gaps)
        return sum(
            a[0] != b[0] and (a[1] - b[1]) * (a[2] - b[2]) < 0
            for pieces in gaps.values() for a, b in combinations(pieces, 2)
        )  # fmt: skip

    def _last(self, edge: Edge) -> int:
        """Give the lane in which a line comes to its target."""
        is_near = self.columns[edge.target] - self.columns[edge.source] == 1
        return (self.rows if is_near else self.rails)[edge.source]

    def _follow(
        self, edge: Edge, port: float, places: Mapping[int, int],
        gaps: dict[int, set[Piece]],
    ) -> None:  # fmt: skip
        """Add the pieces of a line in the gaps that it goes through."""
        source = edge.source
        first, last = self.columns[source], self.columns[edge.target]
        y = float(places[self.rows[source]])
        if last - first > 1:
            lane = float(places[self.rails[source]])
            gaps.setdefault(first + 1, set()).add((source, y, lane))
            for column in range(first + 2, last):
                gaps.setdefault(column, set()).add((source, lane, lane))
            y = lane
        gaps.setdefault(last, set()).add((source, y, port))

    def untangled(self) -> Mapping[int, int]:
        """Try each lane elsewhere as long as fewer lines cross; say where each goes."""
        before = sorted({*self.rows.values(), *self.rails.values()})
        order, best = list(before), self.crossings({lane: lane for lane in before})
        tries, is_better = TRIES, len(self.edges) <= MOST
        while is_better and best and tries > 0:
            is_better = False
            for lane, k in product(before, range(len(before))):
                rest = [x for x in order if x != lane]
                tried = [*rest[:k], lane, *rest[k:]]
                found = self.crossings(dict(zip(tried, before, strict=True)))
                tries -= 1
                if found < best:
                    order, best, is_better = tried, found, True
                if not best or tries <= 0:
                    break
        return dict(zip(order, before, strict=True))
