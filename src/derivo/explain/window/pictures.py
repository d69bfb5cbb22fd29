"""The pictures of a window: the whole, each call that is folded in it, each loop open.

A picture that is too large to be read is told in several: calls are boxes in the first,
and each box is a picture of its own, which the window opens when a step leads into it.
A loop over time is a box in the whole, and opens to three steps, one after the other.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from derivo.explain.drawing.cards import ROOM, in_cards, readable
from derivo.explain.drawing.folding import calls, fold
from derivo.explain.drawing.layered import place
from derivo.explain.drawing.model import Drawing, Spot
from derivo.explain.drawing.of_subject import draw, loops_called
from derivo.explain.formula.of_node import adjoint_symbol, names_of
from derivo.explain.formula.tree import Symbol
from derivo.explain.formula.unicode import inline
from derivo.explain.subject import Steps, Subject
from derivo.explain.window.model import Loop, Picture
from derivo.explain.words import Words
from derivo.graph.node import Frame

READABLE = 0.42  # of its size: a picture that is shown smaller has its calls as boxes
COPIES = 3  # steps of a loop that are shown at once,
MANY = 26  # as long as there are no more cards


def all_pictures(
    about: Subject, words: Words
) -> tuple[tuple[Picture, ...], tuple[Loop, ...]]:
    """Give every picture of a window, and the loops that open in it."""
    found, loops = list[Picture](), list[Loop]()
    plain = _with_groups(replace(draw(about, words), folded=None))
    held = tuple(s.id for s in plain.spots)
    _draw(Picture("", about.graph.name, plain, holds=held), about, found)
    for steps in about.loops:
        _open(steps, words, "p0", found, loops)
    return tuple(found), tuple(loops)


# --- calls ---------------------------------------------------------------------------


def _draw(of: Picture, about: Subject, found: list[Picture]) -> None:
    """Draw a part of the graph; if it is large, with its calls as boxes."""
    plain, place = of.drawing, len(found)
    own, drawing, opens = f"p{place}", readable(plain, about), dict[str, str]()
    found.append(of)
    if ROOM.scale(drawing) <= READABLE:
        boxes = [(name, _with_own(members, plain)) for name, members in calls(plain)]
        drawing = readable(fold(plain, boxes), about) if boxes else drawing
        for name, members in boxes:
            opens[f"g-{members[-1].id}"] = f"p{len(found)}"
            inner = _inside(plain, members)
            held = tuple(s.id for s in members)
            _draw(Picture("", name, inner, own, held), about, found)
    found[place] = replace(of, id=own, drawing=drawing, opens=opens)


def _with_groups(plain: Drawing) -> Drawing:
    """Let what was recognised, as softmax is, stand in the call that it was read from.

    It is made by a rewrite, which knows of no calls: it belongs where what it reads and
    all that reads it belong.
    """
    groups = {s.id: s.group for s in plain.spots}
    arguments = {s.id for s in plain.spots if s.kind == "argument"}
    for spot in reversed(plain.spots):
        readers = plain.out[spot.id]
        if spot.id not in arguments and readers:
            after = _common(groups[e.target] for e in readers)
            before = {e.source for e in plain.into[spot.id]} - arguments
            near = (_common((after, groups[i])) for i in before)
            groups[spot.id] = max([spot.group, *near], key=len)
    spots = tuple(replace(s, group=groups[s.id]) for s in plain.spots)
    return replace(plain, spots=spots)


def _common(groups: Iterable[tuple[Frame, ...]]) -> tuple[Frame, ...]:
    """Give the calls that all groups have in common, outermost first."""
    found = []
    for frames in zip(*groups, strict=False):
        if len(set(frames)) > 1:
            break
        found.append(frames[0])
    return tuple(found)


def _with_own(members: list[Spot], plain: Drawing) -> list[Spot]:
    """Put the parameters that a call alone reads into its box."""
    inside = {s.id for s in members}
    own = (
        s for s in plain.spots
        if s.is_parameter and {e.target for e in plain.out[s.id]} <= inside
    )  # fmt: skip
    return [*own, *members]


def _inside(plain: Drawing, members: list[Spot]) -> Drawing:
    """Give a call as a picture: what enters it stands beside it as an argument."""
    inside = {s.id for s in members}
    edges = tuple(e for e in plain.edges if e.target in inside)
    entering = {e.source for e in edges} - inside
    read = {e.source for e in plain.edges if e.target not in inside}
    spots = tuple(
        replace(s, kind="argument", group=(), is_parameter=False) if s.id in entering
        else replace(s, is_result=s.is_result or s.id in read)
        for s in plain.spots if s.id in inside or s.id in entering
    )  # fmt: skip
    return Drawing(plain.title, spots, edges)


# --- loops over time -----------------------------------------------------------------


def _open(
    steps: Steps, words: Words, within: str, found: list[Picture], loops: list[Loop]
) -> None:
    """Open a loop that has numbers: to three of its steps; then those in its steps."""
    if not steps.has_numbers:
        return
    body = steps.at[steps.running[0]]
    ids, outer = body.ids, steps.outer
    at = outer.ids[steps.node]
    own, name = f"p-{at}", loops_called(outer, words)[steps.node]
    ends = [steps.last_of(k) for k in range(len(steps.carries))]
    loop = Loop(
        place=at,
        picture=own,
        prefix=body.prefix,
        counter=steps.counter,
        reverse=steps.loop.reverse,
        length=len(steps.running),
        carries=tuple(ids[n] for n in steps.carries),
        slices=tuple(ids[n] for n in steps.slices),
        fixed=tuple(ids[n] for n in steps.fixed),
        following=tuple(ids[n] for n in steps.following),
        inputs=tuple(outer.ids[n] for n in steps.node.inputs),
        lasts=tuple(outer.ids[n] if n else "" for n in ends),
        items=tuple(outer.ids[n] for n in steps.items),
        shifts=_shifts(body, steps),
    )
    cards = in_cards(replace(draw(body, words), folded=None), body)
    shown = max(2, MANY // max(1, len(cards.spots) - len(steps.fixed)))
    copies = min(COPIES, shown, len(steps.running))
    drawing = place(_unrolled(cards, steps, body, copies), ROOM)
    loops.append(loop)
    found[:] = [_opening(p, at, own, name) for p in found]
    found.append(Picture(own, name, drawing, within, copies=copies))
    for inner in body.loops:
        _open(inner, words, own, found, loops)


def _unrolled(plain: Drawing, steps: Steps, body: Subject, copies: int) -> Drawing:
    """Draw the steps side by side; what one hands on, the next one finds."""
    ids = body.ids
    fixed = {ids[n] for n in steps.fixed}
    holds = {m: s.id for s in plain.spots for m in s.ids}
    handed = {
        ids[c]: holds[ids[f]]
        for c, f in zip(steps.carries, steps.following, strict=True)
        if ids[f] in holds and ids[f] != ids[c] and holds[ids[f]] not in fixed
    }

    def card(spot: str, k: int) -> str:
        """Give where a value of a step is: what a step finds, with the step before."""
        return card(handed[spot], k - 1) if k and spot in handed else f"{spot}@{k}"

    spots = tuple(
        replace(
            spot, id=card(spot.id, k), is_result=spot.is_result and k == copies - 1,
            members=tuple(f"{m}@{k}" for m in spot.ids),
        )
        for k in range(copies) for spot in plain.spots
        if spot.id not in fixed and not (k and spot.id in handed)
    )  # fmt: skip
    edges = tuple(
        replace(
            edge, id=f"{edge.id}@{k}", label=_without_steps(edge.label),
            source=card(edge.source, k), target=card(edge.target, k),
            members=tuple(f"{m}@{k}" for m in edge.ids),
        )
        for k in range(copies) for edge in plain.edges if edge.source not in fixed
    )  # fmt: skip
    return Drawing(plain.title, spots, edges)


def _without_steps(label: str) -> str:
    """Leave out the steps: the cards beside a line have them."""
    return re.sub(r"[ₜₛᵣ]|_\([tsr][^)]*\)", "", label)


def _shifts(body: Subject, steps: Steps) -> Mapping[str, tuple[str, str, int]]:
    """Give the names of values without the step, and how many steps ahead they are."""
    ahead = {steps.time: 0, steps.shifted(-1): 1 if steps.loop.reverse else -1}
    found = {}
    for node, shown in names_of(body).items():
        if isinstance(shown, Symbol) and shown.step in ahead and node in body.ids:
            plain = replace(shown, step=None)
            own = inline(plain), inline(adjoint_symbol(plain)), ahead[shown.step]
            found[body.ids[node]] = own
    return found


def _opening(picture: Picture, at: str, opened: str, name: str) -> Picture:
    """Let the boxes of a loop open, in a picture that shows them, and call them so."""
    boxes = {
        s.id: opened for s in picture.drawing.spots
        if s.id not in picture.opens
        and at in {m.split("@")[0] for m in s.ids}
    }  # fmt: skip
    spots = tuple(
        replace(s, symbol=name) if s.id in boxes and s.kind == "loop" else s
        for s in picture.drawing.spots
    )
    opens = {**picture.opens, **boxes}
    return replace(picture, opens=opens, drawing=replace(picture.drawing, spots=spots))
