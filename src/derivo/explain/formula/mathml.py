"""Boxes as MathML Core, coloured by classes: the page's style decides the colours."""

from __future__ import annotations

from functools import singledispatch
from html import escape

from derivo.explain.formula import boxes as b
from derivo.explain.formula.layout import layout
from derivo.explain.formula.tree import Formula

APPLY = "\u2061"
ACCENTS = {"hat": "^", "bar": "\u00af", "tilde": "~", "dot": "\u02d9", "vec": "\u2192"}
# Unicode's mathematical letters; `mathvariant` is no longer part of MathML Core.
_BOLD = {"upper": 0x1D468, "lower": 0x1D482, "GREEK": 0x1D71C, "greek": 0x1D736}
# Signs that never grow, so that this need not be said; signs that may stand between two
# values as well as before one.
STILL, BOTH = "∂·×⊙+−,=", "+−"
_DOUBLE = {"1": "𝟙", "R": "ℝ", "E": "𝔼"}


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


@singledispatch
def write(box: b.Box) -> str:
    """Write a box."""
    message = f"no MathML for {type(box).__name__}"
    raise TypeError(message)


@write.register
def _(box: b.Line) -> str:
    parts: list[str] = []
    for k, part in enumerate(box.parts):
        if k and b.stand_apart(box.parts[k - 1], part):
            parts.append('<mspace width="0.2em"/>')
        parts.append(write(part))
        head = part.base if isinstance(part, b.Script) else part
        if (
            isinstance(head, b.Sign)
            and head.role == "function"
            and k + 1 < len(box.parts)
        ):
            parts.append(f"<mo>{APPLY}</mo>")
            if not _is_fenced(box.parts[k + 1]):
                parts.append('<mspace width="0.17em"/>')
    return parts[0] if len(parts) == 1 else row("".join(parts))


def _is_fenced(box: b.Box) -> bool:
    """Tell whether a box begins with a bracket."""
    first = box.parts[0] if isinstance(box, b.Line) and box.parts else box
    first = first.base if isinstance(first, b.Script) else first
    return isinstance(first, b.Fence)


@write.register
def _(box: b.Letter) -> str:
    text = box.text
    if box.style == "double":
        return f"<mi>{_DOUBLE.get(text, escape(text))}</mi>"
    if box.style == "bold":
        return f"<mi>{escape(bold_italic(text))}</mi>"
    upright = ' mathvariant="normal"' if box.style == "upright" else ""
    return f"<mi{upright}>{escape(text)}</mi>"


def bold_italic(letter: str) -> str:
    """Give the bold italic form of a letter, where Unicode has one."""
    if "A" <= letter <= "Z":
        return chr(_BOLD["upper"] + ord(letter) - ord("A"))
    if "a" <= letter <= "z":
        return chr(_BOLD["lower"] + ord(letter) - ord("a"))
    if "Α" <= letter <= "Ω":
        return chr(_BOLD["GREEK"] + ord(letter) - ord("Α"))
    if "α" <= letter <= "ω":
        return chr(_BOLD["greek"] + ord(letter) - ord("α"))
    return letter


@write.register
def _(box: b.Digits) -> str:
    return f"<mn>{escape(box.text)}</mn>"


@write.register
def _(box: b.Sign) -> str:
    if box.role == "function":
        # Several letters are upright by themselves, one alone is not.
        upright = ' mathvariant="normal"' if len(box.text) == 1 else ""
        return f"<mi{upright}>{_text(box.text)}</mi>"
    form = ' form="prefix"' if box.role == "prefix" and box.text in BOTH else ""
    still = "" if box.text in STILL else ' stretchy="false"'
    return f"<mo{form}{still}>{escape(box.text)}</mo>"


def _text(text: str) -> str:
    """Escape; what would look like markup left over is spelled with other signs."""
    swaps = {"\\": "⧵", "$": "＄", "&": "＆"}
    shown = (swaps.get(c, c) if c.isprintable() else " " for c in text)
    return escape("".join(shown))


@write.register
def _(box: b.Said) -> str:
    return f"<mtext>{_text(box.text)}</mtext>"


@write.register
def _(box: b.Fraction) -> str:
    return f"<mfrac>{write(box.over)}{write(box.under)}</mfrac>"


@write.register
def _(box: b.Script) -> str:
    base = write(box.base)
    low = "" if box.low is None else write(box.low)
    high = "" if box.high is None else write(box.high)
    if low and high:
        return f"<msubsup>{base}{low}{high}</msubsup>"
    tag = "msub" if low else "msup"
    return f"<{tag}>{base}{low}{high}</{tag}>"


@write.register
def _(box: b.Root) -> str:
    body = write(box.body)
    if box.degree:
        return f"<mroot>{body}<mn>{escape(box.degree)}</mn></mroot>"
    return f"<msqrt>{body}</msqrt>"


@write.register
def _(box: b.Fence) -> str:
    # A bracket that opens and one that closes are known by their places.
    form = ("", "") if box.left and box.right else (' form="prefix"', ' form="postfix"')
    left = f"<mo{form[0]}>{escape(box.left)}</mo>" if box.left else ""
    right = f"<mo{form[1]}>{escape(box.right)}</mo>" if box.right else ""
    return row(f"{left}{write(box.body)}{right}")


@write.register
def _(box: b.Large) -> str:
    sign = f'<mo largeop="true" movablelimits="false">{escape(box.sign)}</mo>'
    low = "" if box.low is None else write(box.low)
    high = "" if box.high is None else write(box.high)
    if low and high:
        return f"<munderover>{sign}{low}{high}</munderover>"
    if low:
        return f"<munder>{sign}{low}</munder>"
    return f"<mover>{sign}{high}</mover>" if high else sign


@write.register
def _(box: b.Grid) -> str:
    lines = "".join(
        "<mtr>" + "".join(f"<mtd>{write(cell)}</mtd>" for cell in line) + "</mtr>"
        for line in box.rows
    )
    kind = "cases" if box.cases else "grid"
    return f'<mtable class="{kind}">{lines}</mtable>'


@write.register
def _(box: b.Brace) -> str:
    brace = '<mo stretchy="true">\u23df</mo>'
    inner = f"<munder>{write(box.body)}{brace}</munder>"
    label = f"\u00a0{_text(box.label)}\u00a0"  # words side by side do not touch
    return f'<munder>{inner}<mtext class="under">{label}</mtext></munder>'


@write.register
def _(box: b.Hat) -> str:
    accent = f'<mo stretchy="false">{ACCENTS[box.accent]}</mo>'
    return f'<mover accent="true">{write(box.body)}{accent}</mover>'


@write.register
def _(box: b.Coloured) -> str:
    number = b.factor_number(box.factor)
    name = escape(box.factor, quote=True)
    inner = write(box.body)
    return (
        f'<munder class="{b.factor_classes(box.factor)}" data-f="{name}">{inner}'
        f'<mtext class="n">{number}</mtext></munder>'
    )


@write.register
def _(box: b.Gap) -> str:
    # Blanks are in the page without their answers: those are in the key.
    return (
        f'<mrow class="blank" data-blank="{box.number}"><mtext class="box">'
        f"({box.number})\u2003\u2003\u2003</mtext></mrow>"
    )
