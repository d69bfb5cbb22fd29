"""The graph of a window as SVG: frames for numbers, lines with tips at both ends."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from itertools import pairwise

from derivo.explain.drawing.captions import numbers_of, text_width
from derivo.explain.drawing.model import Drawing, Edge, Place, Spot
from derivo.explain.drawing.routes import Point, Route, radius
from derivo.explain.formula.boxes import factor_classes
from derivo.explain.formula.unicode import inline
from derivo.explain.window.model import Value
from derivo.explain.window.picture import CIRCLE, GAP, PAD
from derivo.explain.words import THIN

TURN = 9.0  # how round the corners of a line are


def svg(
    drawing: Drawing, values: dict[str, Value], label: str, opens: Mapping[str, str]
) -> str:
    """Write the graph; a script fills the frames.

    Parameters
    ----------
    drawing
        Spots with places, edges with routes.
    values
        By id, what the frames are of.
    label
        What a screen reader says of the picture.
    opens
        The picture behind a spot, by the id of the spot.
    """
    parts = [_line(e, drawing.routes[e.id]) for e in drawing.edges]
    parts += [_label(e, drawing.labels[e.id]) for e in drawing.edges if e.factor]
    parts += [
        _spot(s, drawing.places[s.id], values, opens.get(s.id)) for s in drawing.spots
    ]
    # Where a value is read twice, on the border of its card: above what is below.
    for x, y in drawing.branches:
        parts.append(f'<circle class="knot" cx="{x:.1f}" cy="{y:.1f}" r="2.6"/>')
        parts.append(f'<circle class="plus" cx="{x:.1f}" cy="{y:.1f}" r="8"/>')
        parts.append(_text("plus-sign", x, y + 4, "+"))
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" class="graph" role="graphics-document" '
        f'aria-label="{_quoted(label)}" viewBox="0 0 {drawing.width:.0f} '
        f'{drawing.height:.0f}" preserveAspectRatio="xMidYMid meet" '
        f'style="--across:{drawing.width:.0f};--down:{drawing.height:.0f}">'
        f"{''.join(parts)}</svg>"
    )


def _spot(spot: Spot, at: Place, values: dict[str, Value], behind: str | None) -> str:
    members = spot.members or (spot.id,)
    value = values.get(members[-1].partition("@")[0])
    kinds = f"spot {spot.kind}" + (" ends" if spot.is_result else "")
    parts = []
    parts += _title(spot, -at.height / 2 - 7)
    if spot.room is None or value is None:
        parts.append(_body(spot, at.width, at.height))
        parts.append(_text("sign", 0, 5, spot.symbol))
    else:
        parts.append(_card(at))
        parts += _frames(spot, value, members[-1])
    if spot.kind == "loop":
        parts.append(_carried(at))
    if behind is not None:
        parts.append(_opener(at, behind, spot))
    listed = _quoted(" ".join(members))
    return (
        f'<g class="{kinds}" data-place="{listed}" role="graphics-symbol" '
        f'aria-label="{_quoted(_said(spot, value))}" '
        f'transform="translate({at.x:.1f} {at.y:.1f})">{"".join(parts)}</g>'
    )


def _title(spot: Spot, y: float) -> list[str]:
    """Write the name of a value, and what it is computed as."""
    if spot.name is None:
        return []
    name = escape(_printable(inline(spot.name)))
    formula = ""
    if spot.formula:
        formula = (
            f'<tspan class="formula" dx="5">{escape(_printable(spot.formula))}</tspan>'
        )
    return [f'<text class="name" x="0" y="{y:.1f}">{name}{formula}</text>']


def _card(at: Place) -> str:
    """Draw what the numbers of a value and of its gradient stand on."""
    return (
        f'<rect class="card" x="{-at.width / 2:.1f}" y="{-at.height / 2:.1f}" '
        f'width="{at.width:.1f}" height="{at.height:.1f}" rx="7"/>'
    )


def _opener(at: Place, behind: str, spot: Spot) -> str:
    """Draw what opens a box: a sign in the corner of its card."""
    x, y = -at.width / 2, -at.height / 2
    return (
        f'<g class="opener" data-opens="{behind}" role="button" tabindex="0" '
        f'aria-label="{_quoted(spot.symbol)}">'
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="8"/>'
        f'<path d="M{x - 3.5:.1f} {y:.1f}h7M{x:.1f} {y - 3.5:.1f}v7"/></g>'
    )


def _carried(at: Place) -> str:
    """Draw what a loop hands from step to step: a line that leaves and comes back."""
    x, y = at.width / 2, -at.height / 2
    way = (
        f"M{x:.1f} {y + 15:.1f}C{x + 26:.1f} {y + 15:.1f} {x + 22:.1f} {y - 16:.1f} "
        f"{x - 8:.1f} {y - 8:.1f}"
    )
    tip = f"{x - 9:.1f},{y - 1:.1f} {x - 12:.1f},{y - 10:.1f} {x - 3:.1f},{y - 9:.1f}"
    return (
        f'<path class="line carried" d="{way}"/><polygon class="tip" points="{tip}"/>'
    )


def _frames(spot: Spot, value: Value, place: str) -> list[str]:
    """Draw the frame of a value, and below it that of its gradient."""
    wide, tall = spot.room or (0.0, 0.0)
    is_named = spot.name is not None or spot.is_result
    top, parts = -tall / 2 + PAD, list[str]()
    if not is_named:
        parts.append(_text("sign", 0, top + CIRCLE / 2 + 5, spot.symbol))
        top += CIRCLE + PAD
    wide -= 2 * PAD
    each = tall / 2 - PAD - top
    if value.has_gradient:
        each = (each - GAP) / 2
    for side in ("value", "gradient")[: 1 + value.has_gradient]:
        parts.append(
            f'<g class="grid of-{side}" data-id="{place}" data-side="{side}" '
            f'data-box="{-wide / 2:.1f} {top:.1f} {wide:.1f} {each:.1f}">'
            f'<rect class="frame of-{side}" x="{-wide / 2:.1f}" y="{top:.1f}" '
            f'width="{wide:.1f}" height="{each:.1f}" rx="4"/></g>'
        )
        if side == "gradient":
            called = inline(value.adjoint)
            # Lines end at the card: it stays within the width of it.
            fits = 0.85 * text_width(called, "name") < wide + 2 * PAD
            name = _text("dname", 0, top - 6, called if fits else "∂")
            parts.append(f'<g class="of-gradient" data-name="{place}">{name}</g>')
        top += each + GAP
    return parts


def _said(spot: Spot, value: Value | None) -> str:
    is_loop = spot.kind == "loop"
    name = spot.symbol if value is None or is_loop else inline(value.label)
    shape = "" if value is None else value.shape
    return " ".join(t for t in (name, shape, spot.line) if t)


def _body(spot: Spot, wide: float, tall: float) -> str:
    return (
        f'<rect class="body" x="{-wide / 2:.1f}" y="{-tall / 2:.1f}" '
        f'width="{wide:.1f}" height="{tall:.1f}" rx="{radius(spot, tall):.1f}"/>'
    )


def _line(edge: Edge, points: Route) -> str:
    """Draw a line with a tip at either end: values go one way, gradients the other."""
    parts = [f'<path class="line" d="{_path(points)}"/>', _tip("value", points[-1], 1)]
    parts.append(_tip("gradient", points[0], -1))
    return _group(edge, "".join(parts), "edge")


def _label(edge: Edge, at: Place) -> str:
    """Draw the number of a factor, and what it is."""
    numbers, left = numbers_of(edge), at.x - at.width / 2
    shape = (
        f'<rect class="badge" x="{left:.1f}" y="{at.y - 9:.1f}" '
        f'width="{at.width:.1f}" height="18" rx="9"/>'
    )
    room = text_width(numbers, "number") + 5
    parts = [
        shape, _text("number", left + 5 + room / 2, at.y + 3.5, numbers),
        _text("label", left + (room + at.width) / 2 + 1.5, at.y + 4, edge.label),
    ]  # fmt: skip
    return _group(edge, "".join(parts), "edge label-of")


def _group(edge: Edge, inner: str, kind: str) -> str:
    first, colour, link = edge.factor.partition(" ")[0], "", ""
    if edge.factor:
        colour = f" {factor_classes(first)}" if kind != "edge" else ""
        link = f' data-f="{_quoted(edge.factor)}"'
    place = _quoted(" ".join(edge.members or (edge.id,)))
    return f'<g class="{kind}{colour}"{link} data-edge="{place}">{inner}</g>'


def _path(points: Route) -> str:
    """Write a line: level pieces joined by soft bends, and turns with round corners."""
    (x, y), *_ = points
    text = f"M{x:.1f} {y:.1f}"
    steps = list(pairwise(points))
    for k, ((ax, ay), (bx, by)) in enumerate(steps):
        turns = k + 1 < len(steps) and _is_turn(steps[k], steps[k + 1])
        turned = k > 0 and _is_turn(steps[k - 1], steps[k])
        if ay != by and ax != bx:
            middle = (ax + bx) / 2
            text += f"C{middle:.1f} {ay:.1f} {middle:.1f} {by:.1f} {bx:.1f} {by:.1f}"
            continue
        way = _way((ax, ay), (bx, by))
        if turned:
            text += f"Q{ax:.1f} {ay:.1f} {ax + way[0]:.1f} {ay + way[1]:.1f}"
        end = (bx - way[0], by - way[1]) if turns else (bx, by)
        text += f"L{end[0]:.1f} {end[1]:.1f}"
    return text


def _is_turn(first: tuple[Point, Point], second: tuple[Point, Point]) -> bool:
    """Tell whether a line goes from level to upright, or back."""
    upright = [a[0] == b[0] for a, b in (first, second)]
    level = [a[1] == b[1] for a, b in (first, second)]
    return (upright[0] and level[1]) or (level[0] and upright[1])


def _way(a: Point, b: Point) -> Point:
    long = max(abs(b[0] - a[0]), abs(b[1] - a[1])) or 1.0
    reach = min(TURN, long / 2) / long
    return (b[0] - a[0]) * reach, (b[1] - a[1]) * reach


def _tip(side: str, end: Point, way: int) -> str:
    x, y = end
    back = x - 9 * way
    corners = f"{x:.1f},{y:.1f} {back:.1f},{y - 4:.1f} {back:.1f},{y + 4:.1f}"
    return f'<polygon class="tip of-{side}" points="{corners}"/>'


def _text(kind: str, x: float, y: float, text: str) -> str:
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}">{escape(_printable(text))}</text>'


def _printable(text: str) -> str:
    """Leave out what is not allowed in XML, however it is written."""
    return "".join(c if c.isprintable() or c == THIN else " " for c in text)


def _quoted(text: str) -> str:
    return escape(_printable(text), quote=True)
