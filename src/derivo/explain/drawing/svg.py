"""The picture as SVG: for a file, for a page that is read, for a window that computes.

In a window values are cards, whose frames a script fills with numbers, and lines have a
tip at either end: values go one way, gradients the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from itertools import pairwise

from derivo.explain import palette
from derivo.explain.drawing.captions import (
    LINE,
    captions_below,
    numbers_of,
    text_width,
)  # fmt: skip
from derivo.explain.drawing.cards import GAP, PAD, SIGN
from derivo.explain.drawing.model import Drawing, Edge, Place, Spot
from derivo.explain.drawing.routes import Point, Route, radius
from derivo.explain.formula.boxes import factor_classes
from derivo.explain.formula.unicode import inline
from derivo.explain.words import THIN

TURN = 9.0  # how round the corners of a line are
INK = {"light": ("#1a1a1a", "#ffffff", "#666666", "#f3f4f6"),
       "dark": ("#eeeeee", "#16181d", "#aaaaaa", "#24272e")}  # fmt: skip


def svg(
    drawing: Drawing, *, colours: str = "light", label: str = "",
    opens: Mapping[str, str] | None = None,
) -> str:  # fmt: skip
    """Write a picture.

    Parameters
    ----------
    drawing
        With places and routes.
    colours
        "light" or "dark" for a file that stands alone; "css" leaves the colours to the
        page's style: classes ``spot``, ``edge``, ``c0`` to ``c7`` and so on.
    label
        What a screen reader says of the picture; its title if left out.
    opens
        For a window: the picture behind a spot, by the id of the spot.
    """
    width, height = f"{drawing.width:.0f}", f"{drawing.height:.0f}"
    is_window = opens is not None
    parts = [
        _line(e, drawing.routes[e.id], len(drawing.out[e.source]) > 1, is_window)
        for e in drawing.edges
    ]
    parts += [_label(e, drawing.labels[e.id]) for e in drawing.edges if e.factor]
    parts += [_spot(s, drawing.places[s.id], opens) for s in drawing.spots]
    # Where a value is read twice, on the border of its card: above what is below.
    parts += [_knot(x, y, is_window) for x, y in drawing.branches]
    # A page's style fits it into its room by these.
    size = f' style="--across:{width};--down:{height}"' if colours == "css" else ""
    style = "" if size else f"<style>{_style(colours)}</style>"
    role = "graphics-document" if is_window else "img"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="graph" role="{role}" '
        f'aria-label="{_quoted(label or drawing.title)}" '
        f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"{size}>'
        f"{style}{''.join(parts)}</svg>"
    )


def _style(colours: str) -> str:
    ink, ground, faint, fill = INK[colours]
    hues = palette.LIGHT if colours == "light" else palette.DARK
    rules = [
        f"svg{{background:{ground}}}text{{fill:{ink};text-anchor:middle}}",
        "text{font-size:14px}",
        "text{font-family:'STIX Two Math','STIX Two Text',Cambria,serif}",
        f".shape,.label{{fill:{faint};font-size:12px}}.value,.gradient{{font-size:12px}}",
        ".gradient{font-weight:bold}.name{font-style:italic;font-size:16px}",
        f".body{{fill:{fill};stroke:{ink};stroke-width:1.4}}",
        ".ends .body{stroke-width:3}",
        f".line{{fill:none;stroke:{faint};stroke-width:1.6}}.tip{{fill:{faint}}}",
        f".knot{{fill:{faint}}}.badge{{fill:{ground};stroke-width:1.2}}",
        ".number{font-size:11px;font-weight:bold}",
    ]
    for k, hue in enumerate(hues):
        rules.append(
            f".c{k} .own,.c{k} .badge{{stroke:{hue}}}.c{k} .tip,.c{k} .number,"
            f".c{k} .label{{fill:{hue}}}"
        )
    return "".join(rules)


# --- spots ---------------------------------------------------------------------------


def _spot(spot: Spot, at: Place, opens: Mapping[str, str] | None) -> str:
    members = spot.ids
    kinds = f"spot {spot.kind}" + (" ends" if spot.is_result else "")
    name = spot.symbol if spot.kind == "loop" else spot.called
    said = _quoted(" ".join(t for t in (name, spot.shape, spot.line) if t))
    top, bottom = -at.height / 2, at.height / 2
    look, parts = "", list[str]()
    if opens is None:
        parts.append(f"<title>{said}</title>")
    else:
        look = f' role="graphics-symbol" aria-label="{said}"'
    if spot.room is None:
        kind = "name" if spot.kind == "argument" else "sign"
        parts.append(_box("body", at, radius(spot, at.height)))
        parts.append(_text(kind, 0, 5, spot.symbol))
    else:
        parts.append(_box("card", at, radius(spot, at.height)))
        parts += _frames(spot, members[-1])
    if spot.name is not None:
        parts.append(_text("name", 0, top - 7, inline(spot.name), spot.formula))
    for k, (kind, text) in enumerate(captions_below(spot)):
        parts.append(_text(kind, 0, bottom + 14 + k * LINE, text))
    if spot.kind == "loop":
        parts.append(_carried(at))
    if opens and spot.id in opens:
        parts.append(_opener(at, opens[spot.id], spot))
    # A folded group stands for all its members.
    return (
        f'<g class="{kinds}" data-place="{_quoted(" ".join(members))}"{look} '
        f'transform="translate({at.x:.1f} {at.y:.1f})">{"".join(parts)}</g>'
    )


def _box(kind: str, at: Place, corner: float) -> str:
    return _rectangle(kind, -at.width / 2, -at.height / 2, at.width, at.height, corner)


def _rectangle(
    kind: str, x: float, y: float, wide: float, tall: float, corner: float
) -> str:
    return (
        f'<rect class="{kind}" x="{x:.1f}" y="{y:.1f}" width="{wide:.1f}" '
        f'height="{tall:.1f}" rx="{corner:.1f}"/>'
    )


def _frames(spot: Spot, place: str) -> list[str]:
    """Draw the frame of a value, and below it that of its gradient."""
    wide, tall = spot.room or (0.0, 0.0)
    top, parts = -tall / 2 + PAD, list[str]()
    if spot.name is None and not spot.is_result:
        parts.append(_text("sign", 0, top + SIGN / 2 + 5, spot.symbol))
        top += SIGN + PAD
    wide -= 2 * PAD
    sides = ("value",) if spot.adjoint is None else ("value", "gradient")
    each = (tall / 2 - PAD - top - GAP * (len(sides) - 1)) / len(sides)
    for side in sides:
        frame = _rectangle(f"frame of-{side}", -wide / 2, top, wide, each, 4)
        parts.append(
            f'<g class="grid of-{side}" data-id="{place}" data-side="{side}" '
            f'data-box="{-wide / 2:.1f} {top:.1f} {wide:.1f} {each:.1f}">{frame}</g>'
        )
        if side == "gradient" and spot.adjoint is not None:
            called = inline(spot.adjoint)
            # Lines end at the card: it stays within the width of it.
            fits = 0.85 * text_width(called, "name") < wide + 2 * PAD
            name = _text("dname", 0, top - 6, called if fits else "∂")
            parts.append(f'<g class="of-gradient" data-name="{place}">{name}</g>')
        top += each + GAP
    return parts


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


# --- lines ---------------------------------------------------------------------------


def _line(edge: Edge, points: Route, is_shared: bool, is_window: bool) -> str:
    """Draw a line; what it shares with others of the same value has no colour."""
    if is_window:
        tips = _tip("value", points[-1], 1) + _tip("gradient", points[0], -1)
        inner = f'<path class="line" d="{_path(points)}"/>{tips}'
        return _edge(edge, inner, "edge", "")
    parts, own = list[str](), points
    if is_shared:
        parts.append(f'<path class="line" d="{_path(points[:-2])}"/>')
        own = points[-3:]
    parts.append(f'<path class="line own" d="{_path(own)}"/>')
    parts.append(_tip("value", points[-1], 1))
    return _edge(edge, "".join(parts), "edge", "")


def _label(edge: Edge, at: Place) -> str:
    """Draw the numbers of the factors of a line, and the formula of one alone."""
    numbers = numbers_of(edge)
    left, top = at.x - at.width / 2, at.y - at.height / 2
    parts = [_rectangle("badge", left, top, at.width, at.height, at.height / 2)]
    if edge.label:
        half = text_width(numbers, "number") / 2
        parts.append(_text("number", left + 7 + half, at.y + 4, numbers))
        middle = (left + 10 + 2 * half + left + at.width - 5) / 2
        parts.append(_text("label", middle, at.y + 4, edge.label))
    else:
        parts.append(_text("number", at.x, at.y + 4, numbers))
    return _edge(edge, "".join(parts), "edge label-of", ' tabindex="0"')


def _edge(edge: Edge, inner: str, kind: str, given: str) -> str:
    if edge.factor:
        kind += f" {factor_classes(edge.factor.partition(' ')[0])}"
        given += f' data-f="{_quoted(edge.factor)}"'
    place = _quoted(" ".join(edge.ids))
    return f'<g class="{kind}"{given} data-edge="{place}">{inner}</g>'


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
        text += f"H{end[0]:.1f}" if ay == by else f"V{end[1]:.1f}"
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


def _knot(x: float, y: float, is_window: bool) -> str:
    """Draw where the lines of one value part; there, on the way back, gradients add."""
    knot = f'<circle class="knot" cx="{x:.1f}" cy="{y:.1f}" r="3"/>'
    if not is_window:
        return knot
    plus = f'<circle class="plus" cx="{x:.1f}" cy="{y:.1f}" r="8"/>'
    return f"{knot}{plus}{_text('plus-sign', x, y + 4, '+')}"


# --- words ---------------------------------------------------------------------------


def _text(kind: str, x: float, y: float, text: str, more: str = "") -> str:
    if more:
        more = f'<tspan class="formula" dx="5">{_quoted(more)}</tspan>'
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}">{_quoted(text)}{more}</text>'


def _quoted(text: str) -> str:
    """Quote a text, without what is not allowed in XML, however it is written."""
    return escape("".join(c if c.isprintable() or c == THIN else " " for c in text))
