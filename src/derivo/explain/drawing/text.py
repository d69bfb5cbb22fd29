"""The graph as text: a line for each value, in the order of computation."""

from __future__ import annotations

from derivo.explain.drawing.model import Drawing, Spot
from derivo.explain.formula.unicode import inline


def text(drawing: Drawing) -> str:
    """Write the graph, a value a line.

    ``n  =  m [2] + b [3]`` reads: n is the sum of m and b, which are reached through
    the factors 2 and 3. What has no name has a number: ``#1``.
    """
    labels: dict[str, str] = {}
    unnamed = 0
    for spot in drawing.spots:
        if spot.kind == "argument":
            labels[spot.id] = spot.symbol
        elif spot.name is not None and spot.kind != "group":
            labels[spot.id] = inline(spot.name)
        elif spot.kind == "group":
            labels[spot.id] = f"[{spot.symbol}]"
        else:
            unnamed += 1
            labels[spot.id] = f"#{unnamed}"
    into: dict[str, list[str]] = {s.id: [] for s in drawing.spots}
    for edge in drawing.edges:
        listed = ", ".join(map(str, edge.numbers))
        number = f" [{listed}]" if listed else ""
        into[edge.target].append(labels[edge.source] + number)
    wide = max((len(label) for label in labels.values()), default=0)
    lines = []
    for spot in drawing.spots:
        what = f"  =  {_operation(spot, into[spot.id])}" if into[spot.id] else ""
        lines.append(f"{labels[spot.id].ljust(wide)}{what}{_tail(spot)}")
    return "\n".join(lines)


def _operation(spot: Spot, operands: list[str]) -> str:
    """Write an operation on its operands, with a sign between them where it has one."""
    is_sign = not any(c.isalnum() for c in spot.symbol)
    if is_sign and len(operands) == 2 and "·" not in spot.symbol.strip("·"):
        return f" {spot.symbol} ".join(operands)
    between = " " * (" " in spot.symbol)
    return f"{spot.symbol}{between}({', '.join(operands)})"


def _tail(spot: Spot) -> str:
    parts = [f"({spot.shape})" if spot.shape else ""]
    parts.append(spot.value)
    parts.append(f"gradient {spot.gradient}" if spot.gradient else "")
    shown = "   ".join(part for part in parts if part)
    return f"    {shown}" if shown else ""
