"""The graph in the language of Graphviz."""

from __future__ import annotations

from derivo.explain import palette
from derivo.explain.drawing.model import Drawing
from derivo.explain.formula.unicode import inline


def dot(drawing: Drawing) -> str:
    """Write a picture as DOT text, laid out from left to right."""
    lines = [
        f"digraph {quoted(drawing.title)} {{", "  rankdir=LR;",
        '  node [fontname="serif"]; edge [fontname="serif"];',
    ]  # fmt: skip
    for spot in drawing.spots:
        shape = "box" if spot.kind in {"argument", "group"} else "circle"
        name = "" if spot.name is None else inline(spot.name)
        words = [spot.symbol, name, spot.shape, spot.value]
        words.append(f"d = {spot.gradient}" if spot.gradient else "")
        label = "\n".join(dict.fromkeys(w for w in words if w))
        style = ', style="rounded"' if shape == "box" else ""
        bold = ", penwidth=3" if spot.is_result else ""
        lines.append(
            f"  {quoted(spot.id)} [label={quoted(label)}, shape={shape}{style}{bold}];"
        )
    for edge in drawing.edges:
        line = f"  {quoted(edge.source)} -> {quoted(edge.target)}"
        if edge.numbers:
            hue = palette.LIGHT[edge.colour]
            listed = ", ".join(map(str, edge.numbers))
            label = quoted(f"({listed}) {edge.label}".strip())
            line += f' [label={label}, color="{hue}", fontcolor="{hue}"]'
        lines.append(line + ";")
    return "\n".join([*lines, "}"]) + "\n"


def quoted(text: str) -> str:
    """Write a string of DOT."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
