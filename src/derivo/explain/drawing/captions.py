"""What is written at a spot and on a line, and how much room that takes."""

from __future__ import annotations

from unicodedata import east_asian_width

from derivo.explain.drawing.model import Edge, Spot
from derivo.explain.formula.unicode import inline

LINE = 17.0  # height of a line of words
SIZES = {"name": 17.0, "sign": 14.0, "number": 11.0}
SMALL = 12.0  # shapes, values, gradients, labels
LEAST = 44.0


def captions_above(spot: Spot) -> list[tuple[str, str]]:
    """Give the lines above a spot: what kind each is, and its text."""
    name = "" if spot.name is None else inline(spot.name)
    if name and spot.formula:
        return [("name", f"{name} {spot.formula}")]
    return [("name", name)] if name else []


def captions_below(spot: Spot) -> list[tuple[str, str]]:
    """Give the lines below a spot; a card has all that on it."""
    if spot.room is not None:
        return []
    shown = ("value", spot.value) if spot.value else ("shape", spot.shape)
    gradient = ("gradient", spot.gradient and f"d = {spot.gradient}")
    return [line for line in (shown, gradient) if line[1]]


def text_width(text: str, kind: str) -> float:
    """Give the room that a line of words takes, rather too much than too little."""
    em = SIZES.get(kind, SMALL)
    wide = sum(1.0 if east_asian_width(c) in "WF" else _wide(c) for c in text)
    return em * wide * (1.08 if kind == "gradient" else 1.0)


def _wide(letter: str) -> float:
    if letter in "mwMW@∑∂−+=×→":
        return 0.82
    return 0.36 if letter in "ijlt.,:;'|()[] ′" else 0.58


def spot_width(spot: Spot) -> float:
    """Give the width of what is drawn for a spot."""
    if spot.room is not None:
        return spot.room[0]
    kind = "name" if spot.kind == "argument" else "sign"
    return max(LEAST, text_width(spot.symbol, kind) + 20)


def numbers_of(edge: Edge) -> str:
    """Give the numbers of the factors of a line: of many, the first."""
    numbers = edge.numbers
    return ",".join(map(str, numbers)) if len(numbers) < 3 else f"{numbers[0]}…"


def label_width(edge: Edge) -> float:
    """Give the width of the label of a line: the numbers of its factors, and theirs."""
    if not edge.factor:
        return 0.0
    numbers = text_width(numbers_of(edge), "number")
    words = text_width(edge.label, "label")
    return max(18.0, numbers + 10 + (words + 5 if words else 0.0))
