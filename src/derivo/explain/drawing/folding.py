"""Folding a large picture: a call of a helper becomes a box, then a named value.

A box stands for its members only if the picture says the same with it: every value
that enters it reaches every value that leaves it. Then there is a path between two
spots of the folded picture if, and only if, there is one in the whole, and never a
circle. A call for which that does not hold stays open; the calls within it are tried.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from derivo.explain.drawing.layered import place
from derivo.explain.drawing.model import Drawing, Edge, Spot

LARGEST = 1900.0, 1300.0  # width and height that are read on a screen, made smaller


def folded(drawing: Drawing) -> Drawing | None:
    """Fold a picture that is too large to be read; None if there is no need or way."""
    small = drawing
    for groups_of in (calls, named_values):
        if small.width > LARGEST[0] or small.height > LARGEST[1]:
            found = fold(small, groups_of(small))
            small = small if found is small else place(found)
    return None if small is drawing else small


Group = tuple[str | None, list[Spot]]  # what it is called, and what is in it


def fold(drawing: Drawing, groups: Iterable[Group]) -> Drawing:
    """Put the spots of each group into one box with the name of the group.

    A group without a name looks like its last member.

    Every edge between two boxes is kept: those from one box to another are drawn as
    one line, which knows them all.
    """
    boxes: dict[str, Spot] = {}  # by id of a member
    for name, members in groups:
        boxes |= dict.fromkeys((s.id for s in members), _box(name, members))
    if not boxes:
        return drawing
    into = {s.id: boxes.get(s.id, s) for s in drawing.spots}
    joined: dict[tuple[str, str], list[Edge]] = {}
    for edge in drawing.edges:
        pair = into[edge.source].id, into[edge.target].id
        if pair[0] != pair[1]:
            joined.setdefault(pair, []).append(edge)
    spots = {spot.id: spot for spot in into.values()}
    edges = tuple(_line(spots[a], spots[b], e) for (a, b), e in joined.items())
    return Drawing(drawing.title, _sorted(spots, joined), edges)


def _box(name: str | None, members: list[Spot]) -> Spot:
    """Make the box of a group, in the place of its last member."""
    last = replace(
        members[-1], id=f"g-{members[-1].id}",
        members=tuple(i for s in members for i in s.ids),
        is_result=any(s.is_result for s in members),
    )  # fmt: skip
    if name is None:
        return last
    other = None if name == last.called else last.name
    return replace(last, kind="group", symbol=name, name=other)


def _line(source: Spot, target: Spot, edges: list[Edge]) -> Edge:
    """Draw several edges as one line; one alone into a spot keeps its label."""
    if len(edges) == 1 and target.kind != "group":
        return replace(edges[0], source=source.id, target=target.id)
    members = tuple(i for e in edges for i in e.ids)
    factors = " ".join(e.factor for e in edges if e.factor)
    return Edge(edges[0].id, source.id, target.id, factors, "", members)


def _sorted(
    spots: Mapping[str, Spot], edges: Iterable[tuple[str, str]]
) -> tuple[Spot, ...]:
    """Sort so that sources come first, else as they were."""
    sources: dict[str, list[str]] = {i: [] for i in spots}
    for source, target in edges:
        sources[target].append(source)
    result: dict[str, Spot] = {}
    for start in spots:
        stack = [start]
        while stack:
            waits = [i for i in sources[stack[-1]] if i not in result]
            if waits:
                stack.append(waits[0])
            else:
                done = stack.pop()
                result[done] = spots[done]
    return tuple(result.values())


# --- what folds together --------------------------------------------------------------


def calls(drawing: Drawing) -> list[tuple[str, list[Spot]]]:
    """Give the calls that may be boxes, the outermost of which is not all there is."""
    operations = sum(s.kind == "operation" for s in drawing.spots)

    def at(depth: int, spots: list[Spot]) -> list[tuple[str, list[Spot]]]:
        calls: dict[object, list[Spot]] = {}
        for spot in spots:
            if len(spot.group) > depth:
                calls.setdefault(spot.group[depth], []).append(spot)
        found = []
        for members in calls.values():
            if 1 < len(members) < operations and _leads_through(drawing, members):
                found.append((members[0].group[depth].name, members))
            else:
                found += at(depth + 1, members)
        return found

    return at(0, list(drawing.spots))


def named_values(drawing: Drawing) -> list[tuple[str, list[Spot]]]:
    """Give each named value with what is computed for it alone."""
    spots = {s.id: s for s in drawing.spots}
    root: dict[str, str] = {}
    for spot in reversed(drawing.spots):
        if spot.kind == "operation":
            readers = list({e.target for e in drawing.out[spot.id]})
            is_part = spot.name is None and not spot.is_result and len(readers) == 1
            root[spot.id] = root.get(readers[0], spot.id) if is_part else spot.id
    members: dict[str, list[Spot]] = {}
    for spot in drawing.spots:
        if spot.id in root:
            members.setdefault(root[spot.id], []).append(spot)
    return [
        (spots[end].called, found) for end, found in members.items()
        if len(found) > 1
    ]  # fmt: skip


def _leads_through(drawing: Drawing, members: list[Spot]) -> bool:
    """Tell whether all that enters a group reaches all that leaves it."""
    inside = {s.id for s in members}
    into: dict[str, set[str]] = {}  # by member: what from outside reaches it
    for spot in members:  # sources before readers
        sources = {e.source for e in drawing.into[spot.id]}
        inner = (into[i] for i in sources & inside)
        into[spot.id] = (sources - inside).union(*inner)
    entering = set[str]().union(*into.values())
    leaving = [
        s.id for s in members
        if s.is_result or any(e.target not in inside for e in drawing.out[s.id])
    ]  # fmt: skip
    return all(into[i] == entering for i in leaving)
