"""The pictures of a window: the whole, each call that is folded in it, each loop open.

A picture that is too large to be read is told in several: calls are boxes in the first,
and each box is a picture of its own, which the window opens when a step leads into it.
A loop over time is a box in the whole, and opens to three steps, one after the other.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from derivo.explain.drawing.folding import calls, fold
from derivo.explain.drawing.model import Drawing, Edge, Spot
from derivo.explain.drawing.of_subject import draw
from derivo.explain.formula.of_node import adjoint_symbol, names_of
from derivo.explain.formula.tree import Formula, Number, Plus, Symbol
from derivo.explain.formula.unicode import inline
from derivo.explain.subject import Steps, Subject
from derivo.explain.window.model import Loop, Picture
from derivo.explain.window.picture import in_cards, laid_out, readable, scale_of
from derivo.graph.node import Frame

READABLE = 0.42  # of its size: a picture that is shown smaller has its calls as boxes
COPIES = 3  # steps of a loop that are shown at once,
MANY = 26  # as long as there are no more cards
ENTERS = "enters"  # what a call is given stands beside it
Box = tuple[str, list[Spot]]


def pictures_of(about: Subject) -> tuple[Picture, ...]:
    """Draw the whole, and a picture for each box in it that is a call."""
    plain = _with_groups(replace(draw(about), folded=None))
    found: list[Picture] = []
    _draw(plain, about.graph.name, "", about, found)
    return tuple(found)


def _draw(
    plain: Drawing, name: str, within: str, about: Subject, found: list[Picture]
) -> None:
    """Draw a part of the graph; if it is large, with its calls as boxes."""
    own, place = f"p{len(found)}", len(found)
    whole = readable(_with_sources(plain), about)
    boxes = [_with_arguments(b, plain) for b in _outermost(plain)]
    if not boxes or scale_of(whole) > READABLE:
        found.append(Picture(own, name, whole, within, _held(plain)))
        return
    folded = _as_calls(fold(_with_sources(plain), boxes))
    drawing = readable(folded, about)
    found.append(Picture(own, name, drawing, within, _held(plain)))
    opened = {}
    for called, members in boxes:
        inner = _inside(plain, members)
        opened[f"g-{members[-1].id}"] = f"p{len(found)}"
        _draw(inner, called, own, about, found)
    found[place] = replace(found[place], opens=opened)


def _with_groups(plain: Drawing) -> Drawing:
    """Let what was recognised, as softmax is, stand in the call that it was read from.

    It is made by a rewrite, which knows of no calls: it belongs where what it reads and
    all that reads it belong.
    """
    readers: dict[str, list[str]] = {}
    sources: dict[str, list[str]] = {}
    for edge in plain.edges:
        readers.setdefault(edge.source, []).append(edge.target)
        sources.setdefault(edge.target, []).append(edge.source)
    groups = {s.id: s.group for s in plain.spots}
    kinds = {s.id: s.kind for s in plain.spots}
    for spot in reversed(plain.spots):
        if spot.kind == "argument" or spot.id not in readers:
            continue
        after = _common([groups[i] for i in readers[spot.id]])
        before = [groups[i] for i in sources.get(spot.id, ()) if kinds[i] != "argument"]
        near = [_common([after, g]) for g in before]
        groups[spot.id] = max([spot.group, *near], key=len)
    spots = tuple(replace(s, group=groups[s.id]) for s in plain.spots)
    return replace(plain, spots=spots)


def _common(groups: list[tuple[Frame, ...]]) -> tuple[Frame, ...]:
    """Give the calls that all groups have in common, outermost first."""
    found = []
    for frames in zip(*groups, strict=False):
        if len(set(frames)) > 1:
            break
        found.append(frames[0])
    return tuple(found)


def _with_sources(plain: Drawing) -> Drawing:
    """Draw what enters as arguments are drawn."""
    spots = (
        replace(s, kind="argument") if s.kind == ENTERS else s for s in plain.spots
    )
    return replace(plain, spots=tuple(spots))


def _held(plain: Drawing) -> tuple[str, ...]:
    """Give the values that are computed in a picture, or are given in it alone."""
    return tuple(s.id for s in plain.spots if s.kind != ENTERS)


def _as_calls(folded: Drawing) -> Drawing:
    """Tell the boxes that are calls from what is one value."""
    spots = (replace(s, kind="call") if s.kind == "group" else s for s in folded.spots)
    return replace(folded, spots=tuple(spots))


def _outermost(plain: Drawing) -> list[Box]:
    """Give the calls that can be boxes, but for one that would be all there is."""
    found = calls(plain)
    operations = sum(s.kind == "operation" for s in plain.spots)
    depth = 0
    while len(found) == 1 and len(found[0][1]) == operations:
        depth += 1
        found = calls(_without_frames(plain, depth))
    back = {s.id: s for s in plain.spots}
    return [(name, [back[s.id] for s in members]) for name, members in found]


def _without_frames(plain: Drawing, depth: int) -> Drawing:
    """Forget the outer calls: what all spots stand in divides nothing."""
    spots = tuple(replace(s, group=s.group[depth:]) for s in plain.spots)
    return replace(plain, spots=spots)


def _with_arguments(box: Box, plain: Drawing) -> Box:
    """Put the arguments that a call alone reads into its box."""
    name, members = box
    inside = {s.id for s in members}
    readers: dict[str, set[str]] = {}
    for edge in plain.edges:
        readers.setdefault(edge.source, set()).add(edge.target)
    own = [
        s for s in plain.spots
        if s.is_parameter and s.id in readers and readers[s.id] <= inside
    ]  # fmt: skip
    return name, [*own, *members]


def _inside(plain: Drawing, members: list[Spot]) -> Drawing:
    """Give a call as a picture: what enters it stands beside it as an argument."""
    inside = {s.id for s in members}
    edges = tuple(e for e in plain.edges if e.target in inside)
    entering = {e.source for e in edges} - inside
    read = {e.source for e in plain.edges if e.target not in inside}
    spots = tuple(
        replace(s, kind=ENTERS, group=()) if s.id in entering
        else replace(s, is_result=s.is_result or s.id in read)
        for s in plain.spots if s.id in inside or s.id in entering
    )  # fmt: skip
    return Drawing(plain.title, spots, edges)


# --- loops over time -----------------------------------------------------------------


def loop_of(steps: Steps, name: str) -> tuple[Loop, Picture] | None:
    """Open a loop: how its steps hang together, and a picture of three of them.

    None where there are no numbers for its steps, or a step is a loop again.
    """
    if not steps.has_numbers or steps.body.loops:
        return None
    body = steps.at[steps.running[0]]
    ids, outer = body.ids, steps.outer
    known = [ids[n] for n in steps.following]
    own = f"p-{outer.ids[steps.node]}"
    ends = [steps.last_of(k) for k in range(len(steps.carries))]
    loop = Loop(
        place=outer.ids[steps.node],
        picture=own,
        reverse=steps.loop.reverse,
        length=len(steps.running),
        carries=tuple(ids[n] for n in steps.carries),
        slices=tuple(ids[n] for n in steps.slices),
        fixed=tuple(ids[n] for n in steps.fixed),
        following=tuple(known),
        inputs=tuple(outer.ids[n] for n in steps.node.inputs),
        lasts=tuple(outer.ids[n] if n else "" for n in ends),
        items=tuple(outer.ids[n] for n in steps.items),
        shifts=_shifts(body, steps),
    )
    cards = in_cards(replace(draw(body), folded=None), body)
    shown = max(2, MANY // max(1, len(cards.spots) - len(steps.fixed)))
    copies = min(COPIES, shown, len(steps.running))
    drawing = laid_out(_unrolled(cards, steps, body, copies))
    return loop, Picture(own, name, drawing, "p0", copies=copies)


def _unrolled(plain: Drawing, steps: Steps, body: Subject, copies: int) -> Drawing:
    """Draw the steps side by side; what one hands on, the next one finds."""
    ids = body.ids
    fixed = {ids[n] for n in steps.fixed}
    holds = {m: s.id for s in plain.spots for m in s.members or (s.id,)}
    handed = {
        ids[c]: holds[ids[f]]
        for c, f in zip(steps.carries, steps.following, strict=True)
        if ids[f] in holds and ids[f] != ids[c] and holds[ids[f]] not in fixed
    }
    spots: list[Spot] = []
    edges: list[Edge] = []

    def card(spot: str, k: int) -> str:
        """Give where a value of a step is: what a step finds, with the step before."""
        return card(handed[spot], k - 1) if k and spot in handed else f"{spot}@{k}"

    for k in range(copies):
        for spot in plain.spots:
            if spot.id in fixed or (k and spot.id in handed):
                continue
            members = tuple(f"{m}@{k}" for m in spot.members or (spot.id,))
            is_last = spot.is_result and k == copies - 1
            spots.append(
                replace(spot, id=card(spot.id, k), members=members, is_result=is_last)
            )
        for edge in plain.edges:
            if edge.source in fixed:
                continue
            label = _without_steps(edge.label)
            parts = tuple(f"{m}@{k}" for m in edge.members or (edge.id,))
            edges.append(
                replace(edge, id=f"{edge.id}@{k}", source=card(edge.source, k),
                        target=card(edge.target, k), label=label, members=parts)
            )  # fmt: skip
    return Drawing(plain.title, tuple(spots), tuple(edges))


def _without_steps(label: str) -> str:
    """Leave out the steps: the cards beside a line have them."""
    return re.sub(r"[ₜₛᵣ]|_\([tsr][^)]*\)", "", label)


def _shifts(body: Subject, steps: Steps) -> Mapping[str, tuple[str, str, int]]:
    """Give the names of values without the step, and how many steps ahead they are."""
    found = {}
    for node, shown in names_of(body).items():
        if isinstance(shown, Symbol) and shown.step is not None and node in body.ids:
            shift = _shift(shown.step, steps)
            if shift is not None:
                found[body.ids[node]] = (*_bare(shown), shift)
    return found


def _bare(symbol: Symbol) -> tuple[str, str]:
    plain = replace(symbol, step=None)
    return inline(plain), inline(adjoint_symbol(plain))


def _shift(step: Formula, steps: Steps) -> int | None:
    """Read ``t`` as 0, ``t - 1`` as -1."""
    match step:
        case Plus((steps.time, Number(by))):
            return int(by)
        case steps.time:
            return 0
        case _:
            return None


def _opening(picture: Picture, loop: Loop, opened: Picture) -> Picture:
    """Let the box of a loop open, in a picture that shows it."""
    boxes = [s.id for s in picture.drawing.spots if loop.place in s.members]
    own = {i: opened.id for i in boxes if i not in picture.opens}
    return replace(picture, opens={**picture.opens, **own})


def all_pictures(
    about: Subject, names: Iterable[str]
) -> tuple[tuple[Picture, ...], tuple[Loop, ...]]:
    """Give every picture of a window, and the loops that open in it."""
    found, loops = list(pictures_of(about)), []
    for steps, name in zip(about.loops, names, strict=True):
        opened = loop_of(steps, name)
        if opened is not None:
            loops.append(opened[0])
            found = [_opening(p, *opened) for p in found]
            found.append(opened[1])
    return tuple(found), tuple(loops)
