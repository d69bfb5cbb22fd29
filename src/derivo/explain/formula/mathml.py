"""Boxes as MathML Core, coloured by classes: the page's style decides the colours."""

from __future__ import annotations

from html import escape

from derivo.explain.formula import boxes as b
from derivo.explain.formula.layout import layout
from derivo.explain.formula.signs import printable
from derivo.explain.formula.tree import Formula

APPLY = "\u2061"
ACCENTS = {"hat": "^", "bar": "\u00af", "tilde": "~", "dot": "\u02d9", "vec": "\u2192"}
# Unicode's mathematical letters; `mathvariant` is no longer part of MathML Core.
BOLD = (
    ("A", "Z", 0x1D468),
    ("a", "z", 0x1D482),
    ("Α", "Ω", 0x1D71C),
    ("α", "ω", 0x1D736),
)
# Signs that never grow, so that this need not be said; signs that may stand between two
# values as well as before one.
STILL, BOTH = "∂·×⊙+−,=", "+−"
PREFIX, UPRIGHT = ' form="prefix"', ' mathvariant="normal"'
DOUBLE = {"1": "𝟙", "R": "ℝ", "E": "𝔼"}


def math(formula: Formula, *, display: bool = False) -> str:
    """Write a formula as a ``<math>`` element."""
    block = ' display="block"' if display else ""
    return f"<math{block}>{mathml(formula)}</math>"


def mathml(formula: Formula) -> str:
    """Write what stands within a ``<math>`` element."""
    return write(layout(formula))


def pieces(formula: Formula) -> list[str]:
    """Write a formula in pieces: where it is too long a line is broken between them.

    Those are its terms, or the arguments of a function.
    """
    box = layout(formula)
    first, *others = b.cut(box, {"+", "−"})
    if not others:
        return _arguments(box)
    return [
        write(b.Line(tuple(first))),
        *(f'<mo form="infix" lspace="0">{sign.text}</mo>{write(b.Line(tuple(rest)))}'
          for sign, *rest in others if isinstance(sign, b.Sign)),
    ]  # fmt: skip


def _arguments(box: b.Box) -> list[str]:
    """Write a function in pieces: a comma, and a bracket, stay with an argument."""
    match box:
        case b.Line((inner,)):
            return _arguments(inner)
        case b.Line((b.Sign() | b.Script() as head, b.Fence("(", inner, ")"))):
            found: list[str] = []
            for k, (comma, *rest) in enumerate(b.cut(inner, {","})):
                found += _arguments(b.Line((comma, *rest) if not k else tuple(rest)))
                found[-1] += "<mo>,</mo>"
            found[0] = (
                f'{write(head)}<mo>{APPLY}</mo><mo form="prefix">(</mo>{found[0]}'
            )
            found[-1] = (
                f'{found[-1].removesuffix("<mo>,</mo>")}<mo form="postfix">)</mo>'
            )
            return found
        case _:
            return [write(box)]


def row(inner: str) -> str:
    """Group elements into one; `write` gives one already."""
    return f"<mrow>{inner}</mrow>"


def write(box: b.Box) -> str:  # noqa: C901, PLR0912  a case for each box
    """Write a box."""
    match box:
        case b.Line(parts):
            return _line(parts)
        case b.Letter(text, style):
            return _letter(text, style)
        case b.Digits(text):
            return f"<mn>{escape(text)}</mn>"
        case b.Sign(text, "function"):
            # Several letters are upright by themselves, one alone is not.
            upright = UPRIGHT if len(text) == 1 else ""
            return f"<mi{upright}>{_text(text)}</mi>"
        case b.Sign(text, role):
            form = PREFIX if role == "prefix" and text in BOTH else ""
            still = "" if text in STILL else ' stretchy="false"'
            return f"<mo{form}{still}>{escape(text)}</mo>"
        case b.Said(text):
            return f"<mtext>{_text(text)}</mtext>"
        case b.Fraction(over, under):
            return f"<mfrac>{write(over)}{write(under)}</mfrac>"
        case b.Script(base, low, high):
            return _scripts(("msub", "msup", "msubsup"), write(base), low, high)
        case b.Large(sign, low, high):
            large = f'<mo largeop="true" movablelimits="false">{escape(sign)}</mo>'
            return _scripts(("munder", "mover", "munderover"), large, low, high)
        case b.Root(body, ""):
            return f"<msqrt>{write(body)}</msqrt>"
        case b.Root(body, degree):
            return f"<mroot>{write(body)}<mn>{escape(degree)}</mn></mroot>"
        case b.Fence(left, body, right):
            # A bracket that opens and one that closes are known by their places.
            opens, closes = ("", "") if left and right else (PREFIX, ' form="postfix"')
            first = f"<mo{opens}>{escape(left)}</mo>" if left else ""
            last = f"<mo{closes}>{escape(right)}</mo>" if right else ""
            return row(f"{first}{write(body)}{last}")
        case b.Grid(rows, cases):
            cells = ("".join(f"<mtd>{write(c)}</mtd>" for c in line) for line in rows)
            lines = "".join(f"<mtr>{line}</mtr>" for line in cells)
            return f'<mtable class="{"cases" if cases else "grid"}">{lines}</mtable>'
        case b.Brace(body, label):
            inner = f'<munder>{write(body)}<mo stretchy="true">\u23df</mo></munder>'
            below = f"\u00a0{_text(label)}\u00a0"  # words side by side do not touch
            return f'<munder>{inner}<mtext class="under">{below}</mtext></munder>'
        case b.Hat(body, accent):
            above = f'<mo stretchy="false">{ACCENTS[accent]}</mo>'
            return f'<mover accent="true">{write(body)}{above}</mover>'
        case b.Coloured(body, factor):
            kinds, name = b.factor_classes(factor), escape(factor, quote=True)
            number = f'<mtext class="n">{b.factor_number(factor)}</mtext>'
            inner = write(body) + number
            return f'<munder class="{kinds}" data-f="{name}">{inner}</munder>'
        case b.Gap(_, number):
            # Blanks are in the page without their answers: those are in the key.
            box_ = f'<mtext class="box">({number})\u2003\u2003\u2003</mtext>'
            return f'<mrow class="blank" data-blank="{number}">{box_}</mrow>'


def _line(boxes: tuple[b.Box, ...]) -> str:
    parts: list[str] = []
    for k, part in enumerate(boxes):
        if k and b.stand_apart(boxes[k - 1], part):
            parts.append('<mspace width="0.2em"/>')
        parts.append(write(part))
        head = part.base if isinstance(part, b.Script) else part
        is_function = isinstance(head, b.Sign) and head.role == "function"
        if is_function and k + 1 < len(boxes):
            parts.append(f"<mo>{APPLY}</mo>")
            if not _is_fenced(boxes[k + 1]):
                parts.append('<mspace width="0.17em"/>')
    return parts[0] if len(parts) == 1 else row("".join(parts))


def _is_fenced(box: b.Box) -> bool:
    """Tell whether a box begins with a bracket."""
    first = box.parts[0] if isinstance(box, b.Line) and box.parts else box
    first = first.base if isinstance(first, b.Script) else first
    return isinstance(first, b.Fence)


def _scripts(
    tags: tuple[str, str, str], base: str, low: b.Box | None, high: b.Box | None
) -> str:
    below = "" if low is None else write(low)
    above = "" if high is None else write(high)
    if not below and not above:
        return base
    tag = tags[2 if below and above else 0 if below else 1]
    return f"<{tag}>{base}{below}{above}</{tag}>"


def _letter(text: str, style: str) -> str:
    if style == "double":
        text = DOUBLE.get(text, text)
    elif style == "bold":
        text = bold_italic(text)
    return f"<mi{UPRIGHT if style == 'upright' else ''}>{escape(text)}</mi>"


def bold_italic(letter: str) -> str:
    """Give the bold italic form of a letter, where Unicode has one."""
    for first, last, bold in BOLD:
        if first <= letter <= last:
            return chr(bold + ord(letter) - ord(first))
    return letter


def _text(text: str) -> str:
    """Escape; what would look like markup left over is spelled with other signs."""
    swaps = {"\\": "⧵", "$": "＄", "&": "＆"}
    return escape("".join(swaps.get(c, c) for c in printable(text)))
