"""Numbers of the scalar level: every value, and what comes from outside."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from derivo.explain.document import Row
from derivo.explain.factors import Factor
from derivo.explain.formula.tree import Formula, Number, Times
from derivo.explain.levels.scalar_parts import added
from derivo.explain.levels.scalarise import Expanded
from derivo.explain.subject import Subject
from derivo.graph.node import Node
from derivo.run.reference import run_graph

RESULT = 4  # significant digits of what comes out
MOST_DIGITS = 9


def values_of(s: Subject, expanded: Expanded) -> Mapping[Node, Any]:
    """Compute every number of an expanded graph; none if no arrays were given."""
    if not s.has_numbers or any(
        s.sizes.get(k, 0) < v for k, v in expanded.sizes.items()
    ):
        return {}
    known: dict[Node, Any] = {}
    for node in s.graph.inputs:
        array = np.asarray(s.arrays[node.attrs["name"]])
        entries = expanded.entries[node]
        # The first rows and columns, as many as are written out.
        cut = array[tuple(slice(d) for d in entries.shape)]
        known.update(zip(np.ravel(entries), np.ravel(cut), strict=True))
    try:
        with np.errstate(all="ignore"):
            return run_graph(expanded.graph.outputs, known, expanded.sizes)
    except (AttributeError, TypeError):
        return {}  # text for arrays alone: the level is told without numbers


def seeds_of(s: Subject, expanded: Expanded, values: Mapping[Node, Any]) -> list[float]:
    """Give the numbers that come from outside, one for every result."""
    found: list[float] = []
    if not values:
        return found
    for result, seed in zip(s.graph.outputs, s.raw.seeds, strict=True):
        whole = np.broadcast_to(s.values.get(seed, 1.0), np.shape(s.values[result]))
        cut = tuple(slice(d) for d in np.shape(expanded.entries[result]))
        found += [float(x) for x in np.ravel(whole[cut])]
    return found


def weighed(
    given: Sequence[tuple[int, float | None]], seeds: Sequence[float]
) -> list[Row]:
    """Put numbers in for what comes from outside, and for each derivative.

    Parameters
    ----------
    given
        The place of each result, and the derivative of it, if that is known in full.
    seeds
        What comes from outside for every result; none if there are no numbers.
    """
    known = [(seeds[k], x) for k, x in given if seeds and x is not None]
    if len(known) < len(given):
        return []
    with np.errstate(all="ignore"):
        total = float(sum(seed * x for seed, x in known))
    digits = digits_for(total, known)
    products: list[Formula] = [
        Times((Number(seed, digits), Number(x, digits)), "·") for seed, x in known
    ]
    return [Row(None, added(products)), Row(None, Number(total, RESULT))]


def digits_for(total: float, products: Iterable[Iterable[float]]) -> int:
    """Give the digits that factors are shown with, so that they make what is shown.

    A sum of products is shown with `RESULT` digits. Who multiplies the factors as they
    stand there comes to the same: they have one digit more, or as many as that takes.
    """
    found = [list(p) for p in products]
    goal = f"{total:.{RESULT}g}"
    for digits in range(RESULT, MOST_DIGITS):
        with np.errstate(all="ignore"):
            shown = sum(np.prod([float(f"{x:.{digits}g}") for x in p]) for p in found)
        if f"{shown:.{RESULT}g}" == goal:
            return digits
    return MOST_DIGITS


def slope(f: Factor, values: Mapping[Node, Any]) -> float:
    """Compute a local derivative from the rule of its operation."""
    reader = f.reader
    operands = [np.float64(values[i]) for i in reader.inputs]
    assert reader.op.vjp is not None  # noqa: S101
    with np.errstate(all="ignore"):
        parts = reader.op.vjp(
            np.float64(1),
            np.float64(values[reader]),
            *operands,
            **reader.attrs,
        )
    return float(parts[f.position])
