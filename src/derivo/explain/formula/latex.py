"""Boxes as LaTeX; the document defines the colours ``dvC0`` to ``dvC7``."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from derivo.explain.formula import boxes as b
from derivo.explain.formula.layout import layout
from derivo.explain.formula.signs import FUNCTIONS, SIGNS, printable
from derivo.explain.formula.tree import Formula
from derivo.explain.formula.unicode import SUBSCRIPTS, SUPERSCRIPTS

ESCAPED = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&",
    "#": r"\#", "%": r"\%", "_": r"\_", "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "…": r"\ldots{}", "−": r"\ensuremath{-}",
    "\u202f": r"\,", "’": "'", "“": "``", "”": "''", "–": "--", "—": "---",  # noqa: RUF001
    "█": r"\rule{.5em}{1.4ex}", "▏": r"\rule{.1em}{1.4ex}",
}  # fmt: skip
IN_BROWSERS = {
    "\\": r"\backslash ", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#",
    "%": r"\%", "_": r"\_", "^": r"\wedge ", "~": r"\sim ",
    "·": r"\cdot ", "×": r"\times ", "−": "-",
}  # fmt: skip
COMMANDS = {sign: command for command, sign in SIGNS.items()}
COMMANDS |= {"−": "-", "": ".", "𝟙": r"\mathbb{1}"}
LOWERED = {small: letter for letter, small in SUBSCRIPTS.items()}
RAISED = {small: COMMANDS.get(c, c) for c, small in SUPERSCRIPTS.items()}


def latex(formula: Formula, *, colours: Mapping[int, str] | None = None) -> str:
    r"""Write a formula, for use within ``\( \)`` or a display.

    Parameters
    ----------
    formula
        What to write.
    colours
        Colour by index, such as ``"#0072B2"``, where the names ``dvC0`` are not
        defined; none are named if left out.
    """
    return Writer(colours).write(layout(formula))


def aligned(
    rows: Sequence[tuple[Formula | None, str, Formula]],
    *, colours: Mapping[int, str] | None = None,
) -> str:  # fmt: skip
    """Write the lines of an ``aligned`` environment: left, sign and right."""
    write = Writer(colours).write
    lines = []
    for left, sign, right in rows:
        first = "" if left is None else write(layout(left)) + " "
        lines.append(f"{first}&{COMMANDS.get(sign, sign)} {write(layout(right))}")
    return " \\\\\n".join(lines)


def escape(text: str) -> str:
    """Write text so that LaTeX takes every character as it is."""
    return "".join(ESCAPED.get(c) or _sign_of(c) for c in text)


def _sign_of(c: str) -> str:
    """Write a character that stock fonts may lack as a sign of mathematics."""
    if c in COMMANDS and not c.isascii():
        return f"\\ensuremath{{{COMMANDS[c]}}}"
    if c in LOWERED:
        return f"\\ensuremath{{_{{{LOWERED[c]}}}}}"
    if c in RAISED:
        return f"\\ensuremath{{^{{{RAISED[c]}}}}}"
    if ord(c) < 32 or 0x7F <= ord(c) < 0xA0:
        return " "
    # pdflatex shows the number of a character that it has no font for.
    return c if ord(c) < 0x180 else f"\\dvother{{{ord(c):X}}}{{{c}}}"


@dataclass(frozen=True)
class Writer:
    """Writes boxes."""

    colours: Mapping[int, str] | None = None

    def write(self, box: b.Box) -> str:  # noqa: C901, PLR0912  a case for each box
        """Write a box."""
        match box:
            case b.Line(parts):
                return " ".join(
                    "\\, " * (k > 0 and b.stand_apart(parts[k - 1], part))
                    + self.write(part)
                    for k, part in enumerate(parts)
                )
            case b.Letter(text, style):
                return self.letter(text, style)
            case b.Digits(text):
                return COMMANDS.get(text, text).replace(",", "{,}")
            case b.Sign(text, role):
                return self.sign(text, role)
            case b.Said(text):
                return self.said(text)
            case b.Fraction(over, under):
                return f"\\frac{{{self.write(over)}}}{{{self.write(under)}}}"
            case b.Script(base, low, high):
                return f"{{{self.write(base)}}}" + self.scripts(low, high)
            case b.Root(body, degree):
                small = f"[{degree}]" if degree else ""
                return f"\\sqrt{small}{{{self.write(body)}}}"
            case b.Fence(left, body, right):
                left, right = COMMANDS.get(left, left), COMMANDS.get(right, right)
                return f"\\left{left} {self.write(body)} \\right{right}"
            case b.Large(sign, low, high):
                return COMMANDS[sign] + "\\limits" + self.scripts(low, high)
            case b.Grid(rows, cases):
                lines = [" & ".join(self.write(cell) for cell in line) for line in rows]
                columns = ("l" if cases else "c") * max(map(len, rows), default=1)
                inner = r" \\ ".join(lines)
                return f"\\begin{{array}}{{{columns}}}{inner}\\end{{array}}"
            case b.Brace(body, label):
                # With space around them words side by side do not touch.
                below = f"\\;{self.said(label)}\\;"
                return f"\\underbrace{{{self.write(body)}}}_{{{below}}}"
            case b.Hat(body, accent):
                return f"\\{accent}{{{self.write(body)}}}"
            case b.Coloured(body, factor):
                return self.coloured(self.write(body), factor)
            case b.Gap(_, number):
                return f"\\boxed{{({number})\\qquad\\qquad}}"

    def scripts(self, low: b.Box | None, high: b.Box | None) -> str:
        """Write an index and an exponent, where there are any."""
        below = "" if low is None else f"_{{{self.write(low)}}}"
        return below + ("" if high is None else f"^{{{self.write(high)}}}")

    def coloured(self, body: str, factor: str) -> str:
        """Write a factor in its colour, its number below it."""
        k, number = b.factor_colour(factor), b.factor_number(factor)
        if self.colours is None:
            colour = f"\\color{{dvC{k}}}"
        else:
            colour = f"\\color{{{self.colours[k]}}}"
        return f"{{{colour}\\underset{{{number}}}{{{body}}}}}"

    def letter(self, text: str, style: str) -> str:
        """Write a letter."""
        shown = COMMANDS.get(text, text)
        if shown == text and not text.isascii():
            shown = self.said(text)
        if style == "bold":
            return f"\\boldsymbol{{{shown}}}"
        if style == "double":
            return "\\mathbb{1}" if text == "1" else f"\\mathbb{{{text}}}"
        if style == "upright" and shown.isalpha():
            return f"\\mathrm{{{shown}}}"
        return shown

    def sign(self, text: str, role: str) -> str:
        """Write an operator or the name of a function."""
        if role == "function":
            if text in FUNCTIONS:
                return f"\\{text}"
            if self.colours is not None and not text.isalnum():
                return f"\\mathop{{{self.said(text)}}}"
            return f"\\operatorname{{{escape(text)}}}"
        return COMMANDS.get(text, text)

    def said(self, text: str) -> str:
        r"""Write words, upright.

        What renders formulas in a browser takes every letter as it is, but knows no
        command within ``\text``.
        """
        if self.colours is None:
            return f"\\text{{{escape(text)}}}"
        pieces = re.findall(r"[\\{}$&#%_^~·×−]|[^\\{}$&#%_^~·×−]+", printable(text))
        return "".join(IN_BROWSERS.get(p) or f"\\text{{{p}}}" for p in pieces)
