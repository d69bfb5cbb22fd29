"""Colours for source: a forward value and its adjoint share one.

The colours are those of Okabe and Ito (Color Universal Design, 2008), which people with
any common colour blindness can tell apart; black and the two that are faint on white or
on black (yellow, and blue on a dark ground) come last or not at all.
"""

from __future__ import annotations

import io
import keyword
import re
import tokenize
from collections.abc import Iterable, Mapping

COLOURS = {
    "sky blue": "#56B4E9",
    "orange": "#E69F00",
    "bluish green": "#009E73",
    "reddish purple": "#CC79A7",
    "vermillion": "#D55E00",
    "blue": "#0072B2",
}
# Beyond six values the same colours come again, underlined, so that no two look alike.
STYLES = (*COLOURS.values(), *(f"underline {c}" for c in COLOURS.values()))
COMMENT, KEYWORD = "dim", "bold"
GOOD, BAD = f"bold {COLOURS['bluish green']}", f"bold {COLOURS['vermillion']}"

RAISED = "⁰¹²³⁴⁵⁶⁷⁸⁹ⁿⁱˣᵀ"

Part = tuple[str, str]


def assign(names: Iterable[str]) -> dict[str, str]:
    """Give each value a style, in order of appearance; those beyond twelve get none."""
    return dict(zip(dict.fromkeys(names), STYLES, strict=False))


def value_of(name: str) -> str:
    """Give the forward value that a name is about: ``d_n`` is about ``n``."""
    return name.removeprefix("d_")


def parts(source: str, styles: Mapping[str, str]) -> list[Part]:
    """Cut source into pieces of text with a style each; the pieces add up to it.

    Parameters
    ----------
    source
        Python text.
    styles
        Style by forward value; an adjoint is bold in the colour of its value.
    """
    lines = source.splitlines(keepends=True)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    pieces: list[Part] = []
    at = 0
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        style = _style(token, styles)
        if not style:
            continue
        begin = starts[token.start[0] - 1] + token.start[1]
        pieces += [(source[at:begin], ""), (token.string, style)]
        at = begin + len(token.string)
    return [*((t, s) for t, s in pieces if t), (source[at:], "")]


def _style(token: tokenize.TokenInfo, styles: Mapping[str, str]) -> str:
    if token.type == tokenize.COMMENT:
        return COMMENT
    if token.type != tokenize.NAME:
        return ""
    if keyword.iskeyword(token.string):
        return KEYWORD
    if token.string in styles:
        return styles[token.string]
    value = styles.get(value_of(token.string), "")
    return f"bold {value}" if value else ""


def formula_parts(text: str, styles: Mapping[str, str]) -> list[Part]:
    """Colour the signs of values in a line of a formula.

    Parameters
    ----------
    text
        The line.
    styles
        Style by sign: of ``n``, and of ``dn`` for its adjoint.
    """
    if not styles:
        return [(text, "")]
    signs = "|".join(re.escape(sign) for sign in sorted(styles, key=len, reverse=True))
    # What stands above or below a letter belongs to it, but for a power or a transpose.
    pattern = rf"(?<!\w)({signs})(?![^\W{RAISED}]|[\u0300-\u036f])"
    pieces = re.split(pattern, text)
    return [(piece, styles.get(piece, "")) for piece in pieces if piece]
