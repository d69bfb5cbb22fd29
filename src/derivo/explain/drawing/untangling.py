"""Lanes in an order in which few lines cross.

Lines change lanes in the gaps between columns alone, so two of them cross there if they
enter and leave a gap in another order. Only the order of the lanes matters for that,
not how high they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations, pairwise, product

from derivo.explain.drawing.model import Drawing

MOST = 48  # lines of a picture that is put in order
Columns = Mapping[str, int]
Lanes = Mapping[str, Sequence[int]]


def untangled(drawing: Drawing, columns: Columns, lanes: Lanes) -> dict[str, list[int]]:
    """Move lanes as long as fewer lines cross.

    Parameters
    ----------
    drawing
        Its lines are looked at.
    columns, lanes
        The column of each spot; its lane, and those in which its value gets further on.
    """
    all_lanes = sorted({lane for own in lanes.values() for lane in own})
    order, best = list(all_lanes), crossings(all_lanes, drawing, columns, lanes)
    is_better = len(drawing.edges) <= MOST
    while is_better and best:
        is_better = False
        for lane, k in product(all_lanes, range(len(all_lanes))):
            rest = [x for x in order if x != lane]
            tried = [*rest[:k], lane, *rest[k:]]
            found = crossings(tried, drawing, columns, lanes)
            if found < best:
                order, best, is_better = tried, found, True
    places = {lane: k for k, lane in enumerate(order)}
    return {i: [places[lane] for lane in own] for i, own in lanes.items()}


def crossings(
    order: Sequence[int], drawing: Drawing, columns: Columns, lanes: Lanes
) -> int:
    """Count how often lines cross, if the lanes are in an order from the top."""
    places = {lane: float(k) for k, lane in enumerate(order)}
    # In each gap: of which value a line is, and where it enters and leaves the gap.
    gaps: dict[int, set[tuple[str, float, float]]] = {}
    for target, edges in drawing.into.items():
        last, top = columns[target], places[lanes[target][0]] - 0.5
        ways = {
            e.id: [places[x] for x in lanes[e.source][: last - columns[e.source]]]
            for e in edges
        }
        for port, e in enumerate(sorted(edges, key=lambda e: ways[e.id][-1]), start=1):
            heights = [*ways[e.id], top + port / (len(edges) + 1)]
            for k, (a, b) in enumerate(pairwise(heights), columns[e.source]):
                gaps.setdefault(k, set()).add((e.source, a, b))
    return sum(
        a[0] != b[0] and (a[1] - b[1]) * (a[2] - b[2]) < 0
        for pieces in gaps.values() for a, b in combinations(pieces, 2)
    )  # fmt: skip
