"""The graph of a window: with room for the numbers of every value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from derivo.explain.drawing.captions import text_width
from derivo.explain.drawing.folding import fold, named_values
from derivo.explain.drawing.layered import place
from derivo.explain.drawing.model import Drawing, Edge, Spot
from derivo.explain.drawing.of_subject import LABEL
from derivo.explain.drawing.wrapping import wrapped
from derivo.explain.formula.of_node import formula_of, leaf, names_of
from derivo.explain.formula.unicode import inline
from derivo.explain.subject import Subject
from derivo.graph.node import Node

# Pixels: a cell with a number, a cell without, and between a value and its gradient.
CELL = 50.0, 22.0
DOT = 8.0
GAP = 21.0
CIRCLE = 30.0
PAD = 5.0  # around what stands on a card
NUMBERED = 8  # rows and columns that are shown with numbers,
FEW = 4  # and of a picture that would be shown too small;
SMALL, GAIN = 0.6, 1.15  # which that is, and how much larger the other has to be
MOST = 16  # rows and columns that are shown at all
ROOM = 744.0, 740.0  # of the picture, in a window of 1280 x 900
LARGEST = 1.35  # of its size: a small picture is not blown up further
LONGEST = 17  # letters above a card: the name, and what it is computed as


def in_cards(plain: Drawing, about: Subject, most: int = NUMBERED) -> Drawing:
    """Give a card to each value that has a name, with room for it and its gradient.

    What is computed on the way to a value is part of it; its steps light it up.

    Parameters
    ----------
    most
        Rows and columns that are shown with numbers.
    """
    named = _with_names(fold(plain, named_values(plain)), plain)
    nodes = {i: n for n, i in about.ids.items()}
    spots = tuple(_with_room(s, nodes, about, most) for s in named.spots)
    return replace(named, spots=spots)


def readable(plain: Drawing, about: Subject) -> Drawing:
    """Lay out cards; where numbers would be too small, of large arrays heat alone."""
    whole = laid_out(in_cards(plain, about))
    if scale_of(whole) >= SMALL:
        return whole
    coarse = laid_out(in_cards(plain, about, FEW))
    return coarse if scale_of(coarse) > GAIN * scale_of(whole) else whole


def laid_out(cards: Drawing) -> Drawing:
    """Give every card its place, in as many rows as make the picture largest."""
    return wrapped(place(cards), *ROOM, LARGEST)


def scale_of(drawing: Drawing) -> float:
    """Give how many times its size a picture is shown."""
    return min(ROOM[0] / drawing.width, ROOM[1] / drawing.height, LARGEST)


def _with_names(folded: Drawing, plain: Drawing) -> Drawing:
    """Call boxes by their values, and say on each line what comes back along it."""
    spots = tuple(
        replace(s, kind="operation", name=_last(s, plain).name) if s.kind == "group"
        else s for s in folded.spots
    )  # fmt: skip
    ways = _Ways(plain, {s.id: s for s in spots})
    edges = tuple(ways.labelled(e) for e in folded.edges)
    return replace(folded, spots=spots, edges=edges)


def _last(box: Spot, plain: Drawing) -> Spot:
    """Give the member of a box that is its result."""
    return next(s for s in plain.spots if s.id == box.members[-1] or s.id == box.id)


class _Ways:
    """What comes back along the lines between cards.

    Parameters
    ----------
    plain
        The picture with a spot for each operation.
    cards
        By id.
    """

    def __init__(self, plain: Drawing, cards: Mapping[str, Spot]) -> None:
        self.cards = cards
        self.known = {i: e for e in plain.edges for i in (e.id, *e.members)}
        self.after: dict[str, list[Edge]] = {}
        for edge in plain.edges:
            self.after.setdefault(edge.source, []).append(edge)

    def labelled(self, edge: Edge) -> Edge:
        """Say what a line multiplies by; of several ways, what they are together."""
        found = dict.fromkeys(self.known[m] for m in edge.members or (edge.id,))
        parts = [p for p in found if p.factor]
        if not parts:
            return edge
        if len(parts) > 1 or not parts[0].label:
            return replace(edge, label=self._whole(edge))
        (part,) = parts
        inside = set(self.cards[edge.target].members[:-1])
        factors = [part.factor]
        # What only hands on, as a transpose does, leads to what multiplies.
        while part.label == "1" and part.target in inside:
            following = self.after[part.target]
            if len(following) != 1 or not following[0].factor:
                break
            (part,) = following
            factors.append(part.factor)
        # A number beside the number of a factor would look like another of these.
        is_number = not part.label.strip("−./0123456789")
        label = f"· {part.label}" if is_number else part.label
        # First the one that the label is of: it gives the line its colour.
        return replace(edge, label=label, factor=" ".join(reversed(factors)))

    def _whole(self, edge: Edge) -> str:
        """Give the sign of the derivative of one card by another: ``∂s/∂k``."""
        ends = [self.cards[i] for i in (edge.target, edge.source)]
        signs = [
            f"∂{s.symbol if s.name is None else inline(s.name)}"
            for s in ends if s.name is not None or s.kind == "argument"
        ]  # fmt: skip
        whole = "/".join(signs)
        return whole if len(signs) == 2 and len(whole) <= LABEL else "∂"


def _with_room(spot: Spot, nodes: dict[str, Node], about: Subject, most: int) -> Spot:
    node = nodes[(spot.members or (spot.id,))[-1]]
    blank = replace(spot, value="", gradient="", shape="")
    if spot.kind == "argument":
        names = names_of(about)
        other = formula_of(node, names) if node.inputs else leaf(node)
        blank = replace(blank, name=names.get(node) or other)
    inside = {m for i in spot.members or (spot.id,) for m in nodes[i].op.traits}
    if "loop" in inside and spot.kind == "operation":
        blank = replace(blank, kind="loop")
    if node not in about.values or "loop" in node.op.traits:
        return blank
    shape = np.shape(about.values[node])
    is_named = spot.name is not None or spot.kind == "argument" or spot.is_result
    has_gradient = node in about.raw.adjoints
    room = room_of(shape, is_named=is_named, has_gradient=has_gradient, most=most)
    if has_gradient and spot.name is not None:  # the gradient's name stands on the card
        least = text_width(f"d{inline(spot.name)}", "name")
        room = max(room[0], least), room[1]
    formula = f"= {spot.symbol}(…)" if spot.kind == "call" else _formula(node, about)
    return replace(blank, room=room, formula=formula)


def _formula(node: Node, about: Subject) -> str:
    """Give what a named value is computed as, if that is short: ``"= tanh(n)"``."""
    names = names_of(about)
    if node not in names or not node.inputs or node.op.traits & {"loop", "item"}:
        return ""
    text = f"= {inline(formula_of(node, names))}"
    is_short = len(inline(names[node])) + len(text) <= LONGEST
    return text if is_short and "_" not in text else ""


def room_of(
    shape: tuple[int, ...], *, is_named: bool, has_gradient: bool, most: int = NUMBERED
) -> tuple[float, float]:
    """Give the width and height of what is drawn for a value."""
    rows, columns = grid_of(shape)
    wide, tall = cell_of(shape, is_named=is_named, most=most)
    grids = 1 + has_gradient
    height = grids * rows * tall + (grids - 1) * GAP + 2 * PAD
    if is_named:
        return columns * wide + 2 * PAD, height
    return max(columns * wide, CIRCLE) + 2 * PAD, CIRCLE + PAD + height


def grid_of(shape: tuple[int, ...]) -> tuple[int, int]:
    """Give rows and columns: the last axis across, all others down."""
    columns = shape[-1] if shape else 1
    rows = int(np.prod(shape[:-1])) if len(shape) > 1 else 1
    return min(max(rows, 1), MOST), min(max(columns, 1), MOST)


def cell_of(
    shape: tuple[int, ...], *, is_named: bool, most: int = NUMBERED
) -> tuple[float, float]:
    """Give the size of a cell: with a number where there is room for numbers."""
    rows = int(np.prod(shape[:-1])) if len(shape) > 1 else 1
    small = rows <= most and (shape[-1] if shape else 1) <= most
    return CELL if small and (is_named or not shape) else (DOT, DOT)
