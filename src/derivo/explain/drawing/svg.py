"""The picture as SVG: with styles of its own, or with classes for a page."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from math import hypot

from derivo.explain import palette
from derivo.explain.drawing.badges import Badge, badges
from derivo.explain.drawing.layered import inner_width
from derivo.explain.drawing.model import Drawing, Edge, Place, Spot
from derivo.explain.drawing.routes import CIRCLE
from derivo.explain.factors import COLOURS
from derivo.explain.formula.unicode import inline

INK = {"light": ("#1a1a1a", "#ffffff", "#666666", "#f3f4f6"),
       "dark": ("#eeeeee", "#16181d", "#aaaaaa", "#24272e")}  # fmt: skip


def svg(drawing: Drawing, *, colours: str = "light", label: str = "") -> str:
    """Write a picture.

    Parameters
    ----------
    drawing
        With places and routes.
    colours
        "light" or "dark" for a file that stands alone; "css" leaves the colours to the
        page's style: classes ``spot``, ``edge``, ``c0`` to ``c5`` and so on.
    label
        What a screen reader says of the picture; its title if left out.
    """
    width, height = f"{drawing.width:.0f}", f"{drawing.height:.0f}"
    spots = {s.id: s for s in drawing.spots}
    lines = {e.id: _line(e, drawing, spots) for e in drawing.edges}
    numbers = badges({e.id: lines[e.id] for e in drawing.edges if e.factor})
    parts = [_edge(e, lines[e.id], numbers.get(e.id)) for e in drawing.edges]
    parts += [_branches(drawing)]
    parts += [_spot(s, drawing.places[s.id]) for s in drawing.spots]
    style = "" if colours == "css" else f"<style>{_style(colours)}</style>"
    said = "".join(c if c.isprintable() else " " for c in label or drawing.title)
    name = escape(said, quote=True)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="graph" role="img" '
        f'aria-label="{name}" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}">{style}{"".join(parts)}</svg>'
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
        f".body{{fill:{fill};stroke:{ink};stroke-width:1.4}}.result{{stroke-width:3}}",
        f".line{{fill:none;stroke:{faint};stroke-width:1.6}}.tip{{fill:{faint}}}",
        f".knot{{fill:{ink}}}.badge{{fill:{ground};stroke-width:1.4}}",
        ".number{font-size:11px}",
    ]
    for k, hue in enumerate(hues):
        rules.append(
            f".c{k} .line,.c{k} .badge{{stroke:{hue}}}.c{k} .tip,.c{k} .number,"
            f".c{k} .label{{fill:{hue}}}"
        )
    return "".join(rules)


def _text(kind: str, x: float, y: float, text: str) -> str:
    # Control characters are not allowed in XML, however they are written.
    text = "".join(c if c.isprintable() else " " for c in text)
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}">{escape(text)}</text>'


def _spot(spot: Spot, at: Place) -> str:
    width, half = inner_width(spot), CIRCLE / 2
    radius = 9 if spot.kind in {"argument", "group"} else half
    kinds = f"spot {spot.kind}" + (" ends" if spot.is_result else "")
    result = " result" if spot.is_result else ""
    shape = (
        f'<rect class="body{result}" x="{at.x - width / 2:.1f}" y="{at.y - half:.1f}" '
        f'width="{width:.1f}" height="{CIRCLE:.0f}" rx="{radius:.0f}"/>'
    )
    name = "" if spot.name is None else inline(spot.name)
    title = " ".join(t for t in (name or spot.symbol, spot.shape, spot.line) if t)
    title = "".join(c if c.isprintable() else " " for c in title)
    parts = [f"<title>{escape(title)}</title>", shape]
    kind = "name" if spot.kind == "argument" else "sign"
    parts.append(_text(kind, at.x, at.y + 5, spot.symbol))
    above = at.y - half - 8
    if name:
        parts.append(_text("name", at.x, above, name))
    below = at.y + half + 15
    for word, text in (
        ("shape" if not spot.value else "value", spot.value or spot.shape),
        ("gradient", spot.gradient and f"d = {spot.gradient}"),
    ):
        if text:
            parts.append(_text(word, at.x, below, text))
            below += 15
    # A folded group stands for all its members.
    place = escape(" ".join(spot.members or (spot.id,)), quote=True)
    return f'<g class="{kinds}" data-place="{place}">{"".join(parts)}</g>'


def _line(
    edge: Edge, drawing: Drawing, spots: Mapping[str, Spot]
) -> list[tuple[float, float]]:
    """Give the corners of a line, from border to border."""
    points = list(drawing.routes[edge.id])
    points[0] = _border(points[0], points[1], spots[edge.source])
    points[-1] = _border(points[-1], points[-2], spots[edge.target])
    return points


def _edge(edge: Edge, points: list[tuple[float, float]], badge: Badge | None) -> str:
    path = _path(points)
    parts = [f'<path class="line" d="{path}"/>', _tip(points[-2], points[-1])]
    colour, link = "", ""
    if badge is not None:
        number = ",".join(map(str, edge.numbers))
        colour = f" f c{(edge.numbers[0] - 1) % COLOURS}"
        link = f' data-f="{escape(edge.factor, quote=True)}" tabindex="0"'
        x, y = badge.x, badge.y
        parts.append(f'<circle class="badge" cx="{x:.1f}" cy="{y:.1f}" r="9"/>')
        parts.append(_text("number", x, y + 4, number))
        if edge.label:
            side = 14 + 3.2 * len(edge.label)  # beside an upright line, else below
            at = (x + side, y + 4) if badge.is_upright else (x, y + 22)
            parts.append(_text("label", *at, edge.label))
    place = escape(" ".join(edge.members or (edge.id,)), quote=True)
    return f'<g class="edge{colour}"{link} data-edge="{place}">{"".join(parts)}</g>'


def _border(
    centre: tuple[float, float], towards: tuple[float, float], spot: Spot
) -> tuple[float, float]:
    """Give the point where a line leaves the shape of a spot."""
    half_w, half_h = inner_width(spot) / 2, CIRCLE / 2
    dx, dy = towards[0] - centre[0], towards[1] - centre[1]
    if spot.kind == "operation" and half_w <= half_h:
        length = hypot(dx, dy) or 1.0
        return centre[0] + dx / length * half_h, centre[1] + dy / length * half_h
    scale = min(half_w / abs(dx) if dx else 9.0, half_h / abs(dy) if dy else 9.0)
    return centre[0] + dx * scale, centre[1] + dy * scale


def _path(points: list[tuple[float, float]]) -> str:
    start = points[0]
    text = f"M{start[0]:.1f} {start[1]:.1f}"
    for x, y in points[1:]:
        text += f"L{x:.1f} {y:.1f}"
    return text


def _tip(before: tuple[float, float], end: tuple[float, float]) -> str:
    dx, dy = end[0] - before[0], end[1] - before[1]
    length = hypot(dx, dy) or 1.0
    ux, uy = dx / length, dy / length
    back = (end[0] - 9 * ux, end[1] - 9 * uy)
    left = (back[0] - 4 * uy, back[1] + 4 * ux)
    right = (back[0] + 4 * uy, back[1] - 4 * ux)
    corners = " ".join(f"{x:.1f},{y:.1f}" for x, y in (end, left, right))
    return f'<polygon class="tip" points="{corners}"/>'


def _branches(drawing: Drawing) -> str:
    """Mark values that are read more than once: backward, gradients are added there."""
    count: dict[str, int] = {}
    for edge in drawing.edges:
        if edge.factor:
            count[edge.source] = count.get(edge.source, 0) + 1
    parts = []
    spots = {s.id: s for s in drawing.spots}
    for spot_id, n in count.items():
        if n > 1:
            at = drawing.places[spot_id]
            x = at.x + inner_width(spots[spot_id]) / 2 + 3
            parts.append(f'<circle class="knot" cx="{x:.1f}" cy="{at.y:.1f}" r="3.5"/>')
    return "".join(parts)
