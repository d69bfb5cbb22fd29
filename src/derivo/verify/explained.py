"""Which slip it is: the one, or the two, that explain every number."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from derivo.graph.node import Node
from derivo.verify.slips import COUNTS, Slip, Slips

# Gradients that agree this well, measured by the largest element, agree.
CLOSE = 1e-7
# Pairs of slips that are tried on the other draws, the likeliest first.
PAIRS = 400
# Of slips with the same effect, the one that people make most often.
ORDER = ("scaled", "not averaged", "upstream", "slope", "diagonal", "overwritten",
         "lost", "inverted", "unmasked", "operand transposed", "reversed", "whole",
         "slope twice", "transposed", "whole transposed", "whole reversed", "skipped",
         "swapped", "value", "result", "value and result", "upstream twice",
         "upstream transposed", "to all", "divided")  # fmt: skip


@dataclass(frozen=True)
class Explained:
    """Slips that together explain the gradients.

    Attributes
    ----------
    slips
        One or two.
    """

    slips: tuple[Slip, ...]


@dataclass(frozen=True)
class Given:
    """The slips of one draw, and the gradients that are to be explained.

    Attributes
    ----------
    slips
        All slips at the values of this draw.
    arguments
        Values whose adjoints were given, by name.
    got
        What was given.
    """

    slips: Slips
    arguments: Mapping[str, Node]
    got: Mapping[str, Any]

    def right(self, name: str) -> Any:
        """Give the right gradient."""
        zero = np.zeros(np.shape(self.got[name]))
        return np.asarray(self.slips.right.get(self.arguments[name], zero))

    @property
    def wrong(self) -> Any:
        """What is wrong in the gradients, in one row, as parts of their size."""
        rows = [np.ravel(self.got[k] - self.right(k)) for k in self.arguments]
        return np.concatenate(rows) / self.scale

    @property
    def scale(self) -> Any:
        """The size of each gradient, for every element."""
        rows = []
        for name in self.arguments:
            both = (self.right(name), np.asarray(self.got[name]))
            top = max(float(np.max(np.abs(v), initial=0)) for v in both)
            rows.append(np.full(both[0].size, max(top, 1e-12)))
        return np.concatenate(rows)

    def effect(self, slip: Slip, make: Callable[[], Any]) -> Any:
        """Give what a slip changes in the gradients; None if it changes nothing."""
        paths = self.slips.paths
        try:
            with np.errstate(all="ignore"):
                change = make()
            fits = np.shape(change) == np.shape(paths.evaluation[slip.node])
            if not fits or not np.all(np.isfinite(change)) or not np.any(change):
                return None
            back = paths.down(slip.node, change)
        except (ArithmeticError, LookupError, TypeError, ValueError):
            return None  # it makes no sense at these shapes
        rows = []
        for node in self.arguments.values():
            shape = np.shape(paths.evaluation[node])
            part = back.get(node, np.zeros(shape))
            rows.append(np.ravel(np.broadcast_to(part, shape)))
        return np.concatenate(rows) / self.scale


def explanation(draws: Sequence[Given]) -> Explained | None:
    """Find one slip, or else two, that explain the gradients in every draw."""
    # The draw in which most is wrong comes first: in another the branch that is wrong
    # may not be taken at all.
    first, *rest = sorted(
        draws, key=lambda d: -np.count_nonzero(np.abs(d.wrong) > CLOSE)
    )
    tried, effects = [], []
    for slip, make in first.slips.all():
        effect = first.effect(slip, make)
        if effect is not None:
            tried.append(slip)
            effects.append(effect)
    if not tried:
        return None
    rows, wanted = np.stack(effects), first.wrong
    fits = np.all(np.abs(rows - wanted) <= CLOSE, axis=1)
    alone = [(s,) for s, fit in zip(tried, fits, strict=True) if fit]
    found = _in_all(sorted(alone, key=_rank), rest)
    if not found:
        pairs = sorted(_pairs(tried, rows, wanted), key=_rank)
        found = _in_all(pairs[:PAIRS], rest)
    return Explained(found[0]) if found else None


def _in_all(
    found: Sequence[tuple[Slip, ...]], draws: Sequence[Given]
) -> Sequence[tuple[Slip, ...]]:
    """Keep what explains the other draws as well."""
    for draw in draws:
        keys = {s.key for several in found for s in several}
        effects = {
            s.key: draw.effect(s, make) for s, make in draw.slips.all() if s.key in keys
        }
        wrong, left = draw.wrong, []
        for several in found:
            parts = [effects.get(s.key) for s in several]
            total = sum((p for p in parts if p is not None), np.zeros(wrong.size))
            if np.all(np.abs(total - wrong) <= CLOSE):
                left.append(several)
        found = left
    return found


def _rank(slips: tuple[Slip, ...]) -> tuple[int, int, int]:
    """Sort by how likely slips are; of the same kind the one nearest to an argument."""
    counts = list(COUNTS)
    kinds = sum(ORDER.index(s.key[0]) for s in slips)
    times = sum(
        counts.index(s.key[-1]) for s in slips if s.key[0] in ("scaled", "whole")
    )
    return kinds, times, sum(s.node.index for s in slips)


def _pairs(slips: Sequence[Slip], rows: Any, wanted: Any) -> list[tuple[Slip, Slip]]:
    """Find pairs of slips whose effects add up to what is wrong.

    Effects are looked up by their part along a random direction, so that not every pair
    is added up.
    """
    line = np.random.default_rng(0).normal(size=rows.shape[1])
    along, target = rows @ line, float(wanted @ line)
    order = np.argsort(along)
    ordered = along[order]
    slack = 10 * CLOSE * (1 + float(np.max(np.abs(along))))
    low = np.searchsorted(ordered, target - along - slack)
    high = np.searchsorted(ordered, target - along + slack)
    return [
        (slips[i], slips[j])
        for i in range(len(slips))
        for j in order[low[i] : high[i]]
        if j > i and np.all(np.abs(rows[i] + rows[j] - wanted) <= CLOSE)
    ]
