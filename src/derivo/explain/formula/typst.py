"""Boxes as Typst; the picture defines ``f``, ``faint`` and ``blank``."""

from __future__ import annotations

import json

from derivo.explain.formula import boxes as b
from derivo.explain.formula.layout import layout
from derivo.explain.formula.mathml import ACCENTS
from derivo.explain.formula.signs import printable
from derivo.explain.formula.tree import Formula

THIN = "#h(3em/18)"
STYLES = {"bold": "bold", "upright": "upright", "double": "bb"}


def typst(formula: Formula) -> str:
    """Write a formula as it stands in a text."""
    return _math(layout(formula))


def quoted(text: str) -> str:
    """Write text so that Typst takes every character as it is."""
    return json.dumps(printable(text), ensure_ascii=False)


def _math(box: b.Box | None) -> str:
    return "none" if box is None else f"${write(box)}$"


def write(box: b.Box) -> str:  # noqa: C901, PLR0912  a case for each box
    """Write a box within a formula."""
    # Functions are called as in code: commas and brackets of a formula end no argument.
    match box:
        case b.Line(parts):
            spaces = ("", *map(_space, parts, parts[1:]))
            return "".join(s + write(p) for s, p in zip(spaces, parts, strict=True))
        case b.Letter(text, style):
            letter = text if text.isalpha() or not text.isascii() else quoted(text)
            return f"{STYLES[style]}({letter})" if style in STYLES else letter
        case b.Digits(text):
            return text if text.replace(".", "").isdigit() else f"#{quoted(text)}"
        case b.Sign(text, "function"):
            return f"#math.op({quoted(text)})"
        case b.Sign(text, "prefix"):
            return f'#math.class("unary", $\\{text}$)'
        case b.Sign(text) if text.isalpha():
            return f'#math.class("binary", {quoted(text)})'
        case b.Sign(text):
            return f"\\{text}"
        case b.Said(text):
            return f"#{quoted(text)}"
        case b.Fraction(over, under):
            return f"#math.frac({_math(over)}, {_math(under)})"
        case b.Script(base, low, high):
            return f"#math.attach({_math(base)}, b: {_math(low)}, t: {_math(high)})"
        case b.Root(body, degree):
            return f"#math.root({quoted(degree) if degree else 'none'}, {_math(body)})"
        case b.Fence(left, body, right):
            ends = [f"\\{sign}" if sign else "" for sign in (left, right)]
            return f"#math.lr(${ends[0]} {write(body)} {ends[1]}$)"
        case b.Large(sign, low, high):
            limits = f"b: {_math(low)}, t: {_math(high)}"
            return f"#math.attach(math.limits(${sign}$), {limits})"
        case b.Grid(rows, cases):
            # What stands behind the sign of an alignment begins at the left.
            cell = "$&{}$, " if cases else "${}$, "
            lines = ("".join(cell.format(write(c)) for c in line) for line in rows)
            return f"#math.mat(delim: none, ({'), ('.join(lines)}))"
        case b.Brace(body, label):
            return f"#math.underbrace({_math(body)}, faint({quoted(f' {label} ')}))"
        case b.Hat(body, accent):
            return f'#math.accent({_math(body)}, "{ACCENTS[accent]}")'
        case b.Coloured(body, factor):
            colour, number = b.factor_colour(factor), b.factor_number(factor)
            return f"#f({colour}, {number}, {_math(body)})"
        case b.Gap(_, number):
            return f"#blank({number})"


def _space(left: b.Box, right: b.Box) -> str:
    """Give what stands between two boxes: a space beside words would be seen."""
    if b.stand_apart(left, right):
        return THIN
    beside_words = any(isinstance(box, b.Said | b.Digits) for box in (left, right))
    return "" if beside_words else " "
