"""How the user's names look in a formula: ``w1`` is w with an index."""

from __future__ import annotations

import re

from derivo.explain.formula.boxes import Box, Digits, Hat, Letter, Line, Said, Script
from derivo.explain.formula.signs import GREEK

# A letter (or the English name of a Greek one), digits, an accent, a word below.
PATTERN = re.compile(
    rf"([^\W\d_]|{'|'.join(GREEK)})([0-9]*)(?:_(hat|bar|tilde|dot|vec))?(?:_([^_]+))?_?"
)


def name_box(name: str, *, bold: bool = False) -> Box:
    """Give the look of a name.

    A name that does not fall into the pattern below is written out upright, letter by
    letter, underscores included. The pattern: a letter (or the English name of a Greek
    one), then digits, an accent, and one word or number after an underscore. ``x1`` and
    ``x_1`` look the same: who has both writes one of them out (`Symbol.plain`).
    """
    # Python's own words end in an underscore as names: lambda_.
    found = PATTERN.fullmatch(name)
    style = "bold" if bold else "italic"
    if found is None:
        return Said(name) if len(name) > 1 else Letter(name, style)
    letter, digits, accent, word = found.groups()
    if (digits and word) or re.match("0.", digits):
        return Said(name)
    box: Box = Letter(GREEK.get(letter, letter), style)
    box = Hat(box, accent) if accent else box
    low = digits or word
    if not low:
        return box
    below = (
        Digits(low) if low.isdigit() else Letter(low) if len(low) == 1 else Said(low)
    )
    return Script(box, low=below)


def adjoint_box(name: str, *, bold: bool = False) -> Line:
    """Give the look of an adjoint: an upright d before the name."""
    return Line((Letter("d", "upright"), name_box(name, bold=bold)))
