"""Cards: each value that has a name, with room for its numbers and its gradient's."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from derivo.explain.drawing.captions import text_width
from derivo.explain.drawing.folding import fold, named_values
from derivo.explain.drawing.layered import Room, place
from derivo.explain.drawing.model import Drawing, Edge, Spot
from derivo.explain.formula.of_node import formula_of, leaf
from derivo.explain.formula.unicode import inline
from derivo.explain.levels.tell import Telling
from derivo.explain.subject import Subject
from derivo.explain.words import Words
from derivo.graph.node import Node

# Pixels: a cell with a number, a cell without, and between a value and its gradient.
CELL = 50.0, 22.0
DOT = 8.0
GAP = 21.0
SIGN = 30.0  # the height of a sign on a card
PAD = 5.0  # around what stands on a card
NUMBERED = 8  # rows and columns that are shown with numbers,
FEWER = 4, 1  # and of a picture that would be shown too small;
SMALL, GAIN = 0.5, 1.15  # which that is, and how much larger the other has to be
MOST = 16  # rows and columns that are shown at all
ROOM = Room(744.0, 740.0, 1.35)  # of the picture, in a window of 1280 x 900
CALLED = 6  # letters of a value on a line, where it has no short factor
LONGEST = 17  # letters above a card: the name, and what it is computed as


def in_cards(plain: Drawing, about: Subject, most: int = NUMBERED) -> Drawing:
    """Give a card to each value that has a name, with room for it and its gradient.

    What is computed on the way to a value is part of it; its steps light it up.

    Parameters
    ----------
    most
        Rows and columns that are shown with numbers.
    """
    folded = fold(plain, ((None, members) for _, members in named_values(plain)))
    nodes, t = {i: n for n, i in about.ids.items()}, Telling(about, Words("en"))
    spots = tuple(_with_room(s, nodes, t, most) for s in folded.spots)
    return replace(folded, spots=spots, edges=tuple(_labelled(folded, plain)))


def readable(plain: Drawing, about: Subject) -> Drawing:
    """Lay out cards; where numbers would be too small, of large arrays heat alone."""
    best = place(in_cards(plain, about), ROOM)
    for most in FEWER:
        if ROOM.scale(best) < SMALL:
            coarse = place(in_cards(plain, about, most), ROOM)
            best = max(best, coarse, key=lambda d: ROOM.scale(d) * GAIN ** (d is best))
    return best


# --- lines ---------------------------------------------------------------------------


def _labelled(cards: Drawing, plain: Drawing) -> Iterable[Edge]:
    """Say what comes back along each line; of several ways, what they are together."""
    spots = {s.id: s for s in cards.spots}
    known = {i: e for e in plain.edges for i in (e.id, *e.members)}
    for edge in cards.edges:
        ways = dict.fromkeys(known[m] for m in edge.ids)
        parts = [p for p in ways if p.factor]
        target = spots[edge.target]
        if len(parts) == 1 and parts[0].label:
            inside = set(target.members[:-1])
            yield _along(edge, parts[0], plain, inside)
        elif parts:
            yield replace(edge, label=_whole(target, spots[edge.source]))
        else:
            yield edge


def _along(edge: Edge, part: Edge, plain: Drawing, inside: set[str]) -> Edge:
    """Label a line that is one way: by what multiplies first on it."""
    factors = [part.factor]
    # What only hands on, as a transpose does, leads to what multiplies.
    while part.label == "1" and part.target in inside:
        following = plain.out[part.target]
        if len(following) != 1 or not following[0].factor:
            break
        (part,) = following
        factors.append(part.factor)
    # A number beside the number of a factor would look like another of these.
    is_number = not part.label.strip("−./0123456789")
    label = f"· {part.label}" if is_number else part.label
    # First the one that the label is of: it gives the line its colour.
    return replace(edge, label=label, factor=" ".join(reversed(factors)))


def _whole(target: Spot, source: Spot) -> str:
    """Give the sign of the derivative of one card by another: ``∂s/∂k``."""
    of, by = target.called, source.called
    if target.name is None and not of.isalpha():
        of = ""  # what has a sign alone: ``∂/∂k``
    short = (t if len(t) <= CALLED else f"{t[: CALLED - 1]}…" for t in (of, by))
    return "/".join(f"∂{t}" for t in short)


# --- room ----------------------------------------------------------------------------


def _with_room(spot: Spot, nodes: dict[str, Node], t: Telling, most: int) -> Spot:
    members = spot.ids
    node = nodes[members[-1]]
    name, kind = spot.name, spot.kind
    if kind == "argument":
        own = formula_of(node, t.names) if node.inputs else leaf(node)
        name = t.names.get(node) or own
    elif kind == "operation" and any("loop" in nodes[m].op.traits for m in members):
        kind = "loop"
    spot = replace(spot, name=name, kind=kind, value="", gradient="")
    values = t.subject.values
    if node not in values or "loop" in node.op.traits:
        return replace(spot, shape="")
    adjoint = t.adjoint(node) if node in t.subject.raw.adjoints else None
    is_named, grids = name is not None or spot.is_result, 1 + (adjoint is not None)
    wide, tall = room_of(np.shape(values[node]), is_named, grids, most)
    if adjoint is not None and name is not None:  # it stands on the card
        wide = max(wide, text_width(f"d{inline(name)}", "name"))
    formula = f"= {spot.symbol}(…)" if spot.kind == "group" else _formula(node, t)
    return replace(spot, room=(wide, tall), adjoint=adjoint, formula=formula)


def _formula(node: Node, t: Telling) -> str:
    """Give what a named value is computed as, if that is short: ``"= tanh(n)"``."""
    if node not in t.names or not node.inputs or node.op.traits & {"loop", "item"}:
        return ""
    text = f"= {inline(formula_of(node, t.names))}"
    is_short = len(inline(t.names[node])) + len(text) <= LONGEST
    return text if is_short and "_" not in text else ""


def room_of(
    shape: tuple[int, ...], is_named: bool, grids: int, most: int = NUMBERED
) -> tuple[float, float]:
    """Give the width and height of a card: the last axis across, all others down."""
    columns = shape[-1] if shape else 1
    rows = int(np.prod(shape[:-1])) if shape else 1
    has_numbers = max(rows, columns) <= most and (is_named or not shape)
    wide, tall = CELL if has_numbers else (DOT, DOT)
    wide *= min(max(columns, 1), MOST)
    tall *= min(max(rows, 1), MOST)
    height = grids * tall + (grids - 1) * GAP + 2 * PAD
    if is_named:
        return wide + 2 * PAD, height
    return max(wide, SIGN) + 2 * PAD, SIGN + PAD + height
