"""How two parts of an array lie to each other."""

from __future__ import annotations

from typing import Any

from derivo.graph.dim import Dim, is_at_least
from derivo.ops.index import WHOLE, Entry

Index = tuple[Entry, ...]
SAME, APART, WITHIN = "same", "apart", "within"


def _first(n: Dim, place: Any) -> Dim:
    """Give a place counted from the front."""
    at: Dim = n + place if isinstance(place, int) and place < 0 else place
    return at


def _bounds(n: Dim, entry: Entry) -> tuple[Dim, Dim] | None:
    """Give where an index along an axis begins and ends; None for steps."""
    if entry[0] == "at":
        start = _first(n, entry[1])
        return start, start + 1
    if entry[3] is not None:
        return None
    start, stop = entry[1], entry[2]
    return (
        0 if start is None else _first(n, start),
        n if stop is None else _first(n, stop),
    )


def _along(n: Dim, part: Entry, other: Entry) -> str | None:
    """Tell how `other` lies to `part` on an axis: the same, apart, or within it."""
    if part == other:
        return SAME
    if isinstance(n, int) and all(
        p is None or isinstance(p, int) for p in (*part[1:], *other[1:])
    ):
        return _among_numbers(n, part, other)
    if part == WHOLE:
        return WITHIN
    own, its = _bounds(n, part), _bounds(n, other)
    # A place before the first is one from the end.
    if own is None or its is None or not _are_in_front(own, its):
        return None
    gaps = (its[0] - own[1], own[0] - its[1])
    if any(isinstance(g, int) and g >= 0 for g in gaps):
        return APART
    return SAME if own == its and part[0] == other[0] else None


def _are_in_front(own: tuple[Dim, Dim], its: tuple[Dim, Dim]) -> bool:
    return is_at_least(own[0], 0) and is_at_least(its[0], 0)


def _among_numbers(n: int, part: Entry, other: Entry) -> str | None:
    own, its = _places(n, part), _places(n, other)
    if own == its and part[0] == other[0]:
        return SAME
    if not {*own} & {*its}:
        return APART
    return WITHIN if {*its} <= {*own} else None


def _places(n: int, entry: Entry) -> range:
    if entry[0] == "at":
        at = entry[1] % n
        return range(at, at + 1)
    return range(n)[slice(*entry[1:])]


def relation(shape: tuple[Dim, ...], part: Index, other: Index) -> str | None:
    """Tell how one part of an array lies to another.

    Returns
    -------
    str or None
        SAME places; APART, with none in common; WITHIN `part`; None if that is not
        known, or something else.
    """
    found = [_along(*t) for t in zip(shape, part, other, strict=True)]
    if APART in found:
        return APART
    if None in found:
        return None
    return WITHIN if WITHIN in found else SAME


def relative(shape: tuple[Dim, ...], part: Index, other: Index) -> Index | None:
    """Give the index of what lies within a part, in that part."""
    entries: list[Entry] = []
    for n, own, its in zip(shape, part, other, strict=True):
        if own[0] == "at":
            continue
        if own == its:
            entries.append(WHOLE)
        elif own == WHOLE:
            entries.append(its)
        elif isinstance(n, int):
            places, wanted = _places(n, own), _places(n, its)
            found = [places.index(p) for p in wanted]
            if its[0] == "at":
                entries.append(("at", found[0]))
            else:
                step = found[1] - found[0] if len(found) > 1 else 1
                if step < 1:
                    return None
                stop = found[-1] + 1 if found else 0
                start = found[0] if found else 0
                entries.append(("cut", start, stop, None if step == 1 else step))
        else:
            return None
    return tuple(entries)
