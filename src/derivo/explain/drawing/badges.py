"""Where the number of a factor stands on its line: in free room, away from others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from math import hypot

from derivo.explain.drawing.layered import MARGIN, ROW

LONG = 110.0  # a level line of this length passes a column
APART = 26.0  # room that a number needs
Point = tuple[float, float]


@dataclass(frozen=True)
class Badge:
    """The place of a number, and whether its line is upright there."""

    x: float
    y: float
    is_upright: bool = False


def badges(lines: Mapping[str, list[Point]]) -> dict[str, Badge]:
    """Give each line, by its edge's id, a place for its number.

    Upright lines have most places to choose from, so they come last.
    """
    choices = {i: _places(points) for i, points in lines.items()}
    taken: dict[tuple[int, int], list[Badge]] = {}
    found: dict[str, Badge] = {}
    for upright in (False, True):
        for edge, places in choices.items():
            if places[0].is_upright is upright:
                free = (p for p in places if not _is_near(p, taken))
                found[edge] = at = next(free, places[0])
                taken.setdefault(_cell(at), []).append(at)
    return {i: found[i] for i in lines}


def _places(points: list[Point]) -> list[Badge]:
    """Give places on the longest piece of a line, the best first."""
    (ax, ay), (bx, by) = max(
        pairwise(points), key=lambda p: hypot(p[1][0] - p[0][0], p[1][1] - p[0][1])
    )
    if ax == bx:
        # It passes between spots: halfway between two lanes is room beside it.
        low, high = sorted((ay, by))
        middle = (low + high) / 2
        lanes = [MARGIN + ROW * k for k in range(int(low // ROW), int(high // ROW) + 2)]
        between = [y for y in lanes if low < y < high] or [middle]
        return [
            Badge(ax, y, True) for y in sorted(between, key=lambda y: abs(y - middle))
        ]
    if ay != by:  # those from one place to several spread out: nearer the end is room
        tries: tuple[float, ...] = (0.62, 0.5, 0.74, 0.38)
    else:  # others turn off a long level piece in its middle
        tries = (0.5, 0.7, 0.3) if abs(bx - ax) < LONG else (0.75, 0.5, 0.88, 0.3)
    return [Badge(ax + t * (bx - ax), ay + t * (by - ay)) for t in tries]


def _cell(at: Badge) -> tuple[int, int]:
    return int(at.x // APART), int(at.y // APART)


def _is_near(at: Badge, taken: Mapping[tuple[int, int], list[Badge]]) -> bool:
    x, y = _cell(at)
    around = [(x + i, y + j) for i in (-1, 0, 1) for j in (-1, 0, 1)]
    return any(
        hypot(other.x - at.x, other.y - at.y) < APART
        for cell in around for other in taken.get(cell, ())
    )  # fmt: skip
