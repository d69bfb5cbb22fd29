"""How the user's names look in a formula: ``w1`` is w with an index."""

from __future__ import annotations

from derivo.explain.formula.boxes import Box, Digits, Hat, Letter, Line, Said, Script
from derivo.explain.formula.signs import GREEK

ACCENTS = {"hat": "hat", "bar": "bar", "tilde": "tilde", "dot": "dot", "vec": "vec"}


def name_box(name: str, *, bold: bool = False) -> Box:
    """Give the look of a name.

    A name that does not fall into the pattern below is written out upright, letter by
    letter, underscores included. The pattern: a letter (or the English name of a Greek
    one), then digits, an accent, and one word or number after an underscore. ``x1`` and
    ``x_1`` look the same: who has both writes one of them out (`Symbol.plain`).
    """
    # Python's own words end in an underscore as names: lambda_.
    parts = name.removesuffix("_").split("_")
    head, rest = parts[0], parts[1:]
    stem = head.rstrip("0123456789")
    digits = head[len(stem) :]
    letter = GREEK.get(stem, stem)
    plain = len(letter) == 1 and letter.isalpha() and len(rest) <= 2 and all(rest)
    if not plain:
        return Said(name) if len(name) > 1 else Letter(name, _style(bold))
    box: Box = Letter(letter, _style(bold))
    if rest and rest[0] in ACCENTS:
        box, rest = Hat(box, rest[0]), rest[1:]
    if len(rest) > 1 or (digits and rest):
        return Said(name)
    if digits.startswith("0") and len(digits) > 1:
        return Said(name)
    if digits:
        return Script(box, low=Digits(digits))
    if rest:
        return Script(box, low=_low(rest[0]))
    return box


def adjoint_box(name: str, *, bold: bool = False) -> Line:
    """Give the look of an adjoint: an upright d before the name."""
    return Line((Letter("d", "upright"), name_box(name, bold=bold)))


def _style(bold: bool) -> str:
    return "bold" if bold else "italic"


def _low(word: str) -> Box:
    if word.isdigit():
        return Digits(word)
    return Letter(word) if len(word) == 1 else Said(word)
