"""The picture as SVG: with styles of its own, or with classes for a page."""

from __future__ import annotations

from html import escape
from itertools import pairwise

from derivo.explain import palette
from derivo.explain.drawing.captions import (
    LINE,
    captions_above,
    captions_below,
    numbers_of,
    text_width,
)  # fmt: skip
from derivo.explain.drawing.model import Drawing, Edge, Place, Spot
from derivo.explain.drawing.routes import Point, Route, radius
from derivo.explain.formula.boxes import factor_classes
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
        page's style: classes ``spot``, ``edge``, ``c0`` to ``c7`` and so on.
    label
        What a screen reader says of the picture; its title if left out.
    """
    width, height = f"{drawing.width:.0f}", f"{drawing.height:.0f}"
    count: dict[str, int] = {}
    for edge in drawing.edges:
        count[edge.source] = count.get(edge.source, 0) + 1
    parts = [_line(e, drawing.routes[e.id], count[e.source] > 1) for e in drawing.edges]
    parts += [_label(e, drawing.labels[e.id]) for e in drawing.edges if e.factor]
    parts += [
        f'<circle class="knot" cx="{x:.1f}" cy="{y:.1f}" r="3.2"/>'
        for x, y in drawing.branches
    ]
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
        f".knot{{fill:{faint}}}.badge{{fill:{ground};stroke-width:1.2}}",
        ".number{font-size:11px;font-weight:bold}",
    ]
    for k, hue in enumerate(hues):
        rules.append(
            f".c{k} .own,.c{k} .badge{{stroke:{hue}}}.c{k} .tip,.c{k} .number,"
            f".c{k} .label{{fill:{hue}}}"
        )
    return "".join(rules)


def _text(kind: str, x: float, y: float, text: str) -> str:
    # Control characters are not allowed in XML, however they are written.
    text = "".join(c if c.isprintable() else " " for c in text)
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}">{escape(text)}</text>'


def _spot(spot: Spot, at: Place) -> str:
    kinds = f"spot {spot.kind}" + (" ends" if spot.is_result else "")
    result = " result" if spot.is_result else ""
    shape = (
        f'<rect class="body{result}" x="{at.x - at.width / 2:.1f}" '
        f'y="{at.y - at.height / 2:.1f}" width="{at.width:.1f}" '
        f'height="{at.height:.1f}" rx="{radius(spot, at.height):.1f}"/>'
    )
    name = "" if spot.name is None else inline(spot.name)
    title = " ".join(t for t in (name or spot.symbol, spot.shape, spot.line) if t)
    title = "".join(c if c.isprintable() else " " for c in title)
    parts = [f"<title>{escape(title)}</title>", shape]
    kind = "name" if spot.kind == "argument" else "sign"
    parts.append(_text(kind, at.x, at.y + 5, spot.symbol))
    for k, (word, text) in enumerate(captions_above(spot)):
        parts.append(_text(word, at.x, at.y - at.height / 2 - 7 - k * LINE, text))
    for k, (word, text) in enumerate(captions_below(spot)):
        parts.append(_text(word, at.x, at.y + at.height / 2 + 14 + k * LINE, text))
    # A folded group stands for all its members.
    place = escape(" ".join(spot.members or (spot.id,)), quote=True)
    return f'<g class="{kinds}" data-place="{place}">{"".join(parts)}</g>'


def _line(edge: Edge, points: Route, is_shared: bool) -> str:
    """Draw a line; what it shares with others of the same value has no colour."""
    own = points
    parts = []
    if is_shared:
        parts.append(f'<path class="line" d="{_path(points[:-2])}"/>')
        own = points[-3:]
    parts.append(f'<path class="line own" d="{_path(own)}"/>')
    parts.append(_tip(points[-1]))
    return _edge(edge, "".join(parts))


def _label(edge: Edge, at: Place) -> str:
    """Draw the numbers of the factors of a line, and the formula of one alone."""
    numbers = numbers_of(edge)
    left, top = at.x - at.width / 2, at.y - at.height / 2
    shape = (
        f'<rect class="badge" x="{left:.1f}" y="{top:.1f}" width="{at.width:.1f}" '
        f'height="{at.height:.1f}" rx="{at.height / 2:.1f}"/>'
    )
    parts = [shape]
    if edge.label:
        half = text_width(numbers, "number") / 2
        parts.append(_text("number", left + 7 + half, at.y + 4, numbers))
        middle = (left + 10 + 2 * half + left + at.width - 5) / 2
        parts.append(_text("label", middle, at.y + 4, edge.label))
    else:
        parts.append(_text("number", at.x, at.y + 4, numbers))
    return _edge(edge, "".join(parts), 'tabindex="0"')


def _edge(edge: Edge, inner: str, given: str = "") -> str:
    colour, link = "", ""
    if edge.factor:
        colour = f" {factor_classes(edge.factor.partition(' ')[0])}"
        link = f' data-f="{escape(edge.factor, quote=True)}" {given}'
    place = escape(" ".join(edge.members or (edge.id,)), quote=True)
    return f'<g class="edge{colour}"{link} data-edge="{place}">{inner}</g>'


def _path(points: Route) -> str:
    """Write a line: straight where it is level, bent softly where it changes lanes."""
    (x, y), *_ = points
    text = f"M{x:.1f} {y:.1f}"
    for (ax, ay), (bx, by) in pairwise(points):
        if ay == by:
            text += f"H{bx:.1f}"
        else:
            middle = (ax + bx) / 2
            text += f"C{middle:.1f} {ay:.1f} {middle:.1f} {by:.1f} {bx:.1f} {by:.1f}"
    return text


def _tip(end: Point) -> str:
    x, y = end
    corners = f"{x:.1f},{y:.1f} {x - 9:.1f},{y - 4:.1f} {x - 9:.1f},{y + 4:.1f}"
    return f'<polygon class="tip" points="{corners}"/>'
