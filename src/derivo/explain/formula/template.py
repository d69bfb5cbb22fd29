r"""From an operation's template, ``\frac{{{0}}}{{{1}}}``, to boxes with its operands.

The templates are a small part of LaTeX. They are read as formulas, with binding
strengths, so that brackets come from structure and never from looking at text.
"""

from __future__ import annotations

import re

from derivo.explain.formula.boxes import (
    ADD,
    ATOM,
    BIG,
    FRACTION,
    FUNCTION,
    MATRIX,
    NEG,
    POWER,
    PRODUCT,
    Bound,
    Box,
    Digits,
    Fence,
    Fraction,
    Grid,
    Large,
    Letter,
    Line,
    Root,
    Said,
    Script,
    Sign,
    bracketed,
)  # fmt: skip

TOKEN = re.compile(r"\\[A-Za-z]+|\\.|#\d+#|\d+(?:\.\d+)?|[A-Za-z]|\S|\s+")
# Signs between operands, with the strength of the result.
INFIX = {
    "+": ("+", ADD), "-": ("−", ADD), r"\odot": ("⊙", PRODUCT), "*": ("∗", PRODUCT),
    r"\otimes": ("⊗", PRODUCT), r"\cdot": ("·", PRODUCT), "/": ("/", PRODUCT),
    r"\bmod": ("mod", PRODUCT), "=": ("=", ADD), "<": ("<", ADD), ">": (">", ADD),
    r"\le": ("≤", ADD), r"\ge": ("≥", ADD), r"\ne": ("≠", ADD), r"\land": ("∧", ADD),
    r"\lor": ("∨", ADD), r"\oplus": ("⊕", ADD), ",": (",", ADD), ";": (";", ADD),
    r"\star": ("⋆", PRODUCT),
}  # fmt: skip
LISTING = {",", ";"}
LARGE = {r"\sum": "∑", r"\prod": "∏"}
QUANTIFIERS = {r"\forall": "∀", r"\exists": "∃", r"\lnot": "¬"}
FUNCTIONS = {"log", "sin", "cos", "tan", "arcsin", "arccos", "arctan", "sinh", "cosh",
             "tanh", "det", "max", "min"}  # fmt: skip
LETTERS = {r"\sigma": "σ", r"\psi": "ψ", r"\Gamma": "Γ", r"\pi": "π", r"\top": "⊤",
           r"\infty": "∞", r"\lambda": "λ", r"\Phi": "Φ"}  # fmt: skip
FENCES = {"(": ")", "[": "]", r"\lfloor": r"\rfloor", r"\lceil": r"\rceil", "|": "|",
          r"\|": r"\|"}  # fmt: skip
SHOWN = {r"\lfloor": "⌊", r"\rfloor": "⌋", r"\lceil": "⌈", r"\rceil": "⌉",
         r"\|": "‖"}  # fmt: skip


def fill(template: str, operands: tuple[Bound, ...]) -> Bound:
    """Put operands into a template.

    Parameters
    ----------
    template
        As in the operation's record; ``{0}`` is the first operand.
    operands
        With their strengths.
    """
    text = template.format(*(f"#{k}#" for k in range(len(operands))))
    return _Parser(text, operands).read()


class _Parser:
    def __init__(self, text: str, operands: tuple[Bound, ...]) -> None:
        self.tokens = [t for t in TOKEN.findall(text) if not t.isspace()]
        self.operands = operands
        self.at = 0

    def read(self) -> Bound:
        result = self.expression(ADD)
        if self.at < len(self.tokens):
            message = f"a template ends before {self.tokens[self.at :]}"
            raise ValueError(message)
        return result

    def peek(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self, expected: str = "") -> str:
        token = self.peek()
        if expected and token != expected:
            message = f"a template has {token!r} where {expected!r} belongs"
            raise ValueError(message)
        self.at += 1
        return token

    def expression(self, strength: int) -> Bound:
        """Read operands with signs between them that bind at least so strongly."""
        left = self.prefixed()
        while (sign := INFIX.get(self.peek())) and sign[1] >= strength:
            self.take()
            right = self.expression(BIG if sign[0] in LISTING else sign[1] + 1)
            left = join(left, sign[0], right, sign[1])
        return left

    def prefixed(self) -> Bound:
        token = self.peek()
        if token == "-":
            self.take()
            return negative(self.side_by_side())
        return self.side_by_side()

    def side_by_side(self) -> Bound:
        """Read a product without a sign."""
        left = self.scripted()
        while self.peek() and self.peek() not in {
            *INFIX,
            *FENCES.values(),
            "}",
            r"\right",
        }:
            right = self.scripted()
            left = Bound(
                Line((bracketed(left, MATRIX), bracketed(right, MATRIX))), MATRIX
            )
        return left

    def scripted(self) -> Bound:
        is_operand = self.peek().startswith("#")
        base = self.atom()
        while self.peek() in {"^", "_"} or (is_operand and self.is_part()):
            if self.is_part():
                part = Line((bracketed(base, POWER), self.atom().box))
                base = Bound(part, POWER)
                continue
            place = self.take()
            script = self.group()
            inner = bracketed(base, POWER + (place == "^"))
            script_box = script.box
            base = Bound(
                Script(inner, high=script_box) if place == "^"
                else Script(inner, low=script_box),
                POWER,
            )  # fmt: skip
        return base

    def is_part(self) -> bool:
        """Tell whether an index in square brackets follows: a part of an array."""
        ahead = "".join(self.tokens[self.at : self.at + 3])
        return ahead.startswith(("[", r"\text{["))

    def group(self) -> Bound:
        """Read what stands in braces, or one token."""
        if self.peek() in {"+", "-"}:
            return Bound(Sign(self.take()))  # A^+
        if self.peek() != "{":
            return self.atom()
        self.take("{")
        inner = self.expression(ADD)
        self.take("}")
        return inner

    def atom(self) -> Bound:
        token = self.take()
        if token.startswith("#"):
            return self.operands[int(token.strip("#"))]
        if token == r"\left":
            return self.fence(self.take())
        if token in FENCES:
            return self.fence(token)
        if token == "{":
            self.at -= 1
            return self.group()
        if token in LARGE:
            return self.large(LARGE[token])
        if token in QUANTIFIERS:
            body = self.scripted()
            return Bound(
                Line((Sign(QUANTIFIERS[token], "prefix"), bracketed(body, POWER))),
                FUNCTION,
            )
        return self.command(token)

    def command(self, token: str) -> Bound:  # noqa: C901  a case for each word
        if token in {r"\frac", r"\tfrac"}:
            over, under = self.group(), self.group()
            return Bound(Fraction(over.box, under.box), FRACTION)
        if token == r"\cases":
            return self.cases()
        if token == r"\sqrt":
            degree = self.degree()
            return Bound(Root(self.group().box, degree), POWER)
        if token in {r"\operatorname", r"\text", r"\mathbb"}:
            word = self.word()
            if token == r"\text":
                return Bound(Said(word))
            if token == r"\mathbb":
                return self.applied(Letter(word, "double"))
            return self.applied(Sign(word, "function"))
        if token[1:] in FUNCTIONS:
            return self.applied(Sign(token[1:], "function"))
        if token in LETTERS:
            letter = Letter(LETTERS[token])
            return self.applied(letter) if self.peek() == "(" else Bound(letter)
        if token[0].isdigit():
            return Bound(Digits(token))
        if token.isalpha():
            letter = Letter(token, "upright" if token == "e" else "italic")
            return self.applied(letter) if self.peek() == "(" else Bound(letter)
        message = f"a template has {token!r}, which is not known"
        raise ValueError(message)

    def cases(self) -> Bound:
        """Read a value, when it holds, and the value otherwise."""
        first, condition, second = self.group(), self.group(), self.group()
        rows = (
            (first.box, Line((Said("if "), condition.box))),
            (second.box, Said("else")),
        )
        return Bound(Fence("{", Grid(rows, cases=True), ""), FRACTION)

    def word(self) -> str:
        self.take("{")
        parts = []
        while self.peek() != "}":
            parts.append(self.take())
        self.take("}")
        return "".join(parts).replace("axis", "axis ").strip()

    def degree(self) -> str:
        if self.peek() != "[":
            return ""
        self.take("[")
        degree = self.take()
        self.take("]")
        return degree

    def fence(self, left: str) -> Bound:
        body = self.expression(ADD)
        if self.peek() == r"\right":
            self.take()
        right = self.take(FENCES[left])
        fence = Fence(SHOWN.get(left, left), body.box, SHOWN.get(right, right))
        return Bound(fence, ATOM)

    def scripts(self, head: Box) -> Box:
        low = high = None
        while self.peek() in {"_", "^"}:
            if self.take() == "_":
                low = self.group().box
            else:
                high = self.group().box
        return Script(head, low, high) if low or high else head

    def applied(self, head: Box) -> Bound:
        """Read the argument of a function."""
        shown = self.scripts(head)
        if self.peek() in {"(", "["}:
            return Bound(Line((shown, self.atom().box)), POWER)
        if not self.peek() or self.peek() in {"}", *INFIX}:
            return Bound(shown)
        body = self.scripted()
        # One bare name needs no brackets: log p. All else does: log(a b).
        return Bound(Line((shown, bracketed(body, POWER))), FUNCTION)

    def large(self, sign: str) -> Bound:
        low = high = None
        while self.peek() in {"_", "^"}:
            if self.take() == "_":
                low = self.group().box
            else:
                high = self.group().box
        body = self.scripted()
        return Bound(Line((Large(sign, low, high), bracketed(body, FUNCTION))), BIG)


def negative(body: Bound) -> Bound:
    """Put a minus before a box."""
    return Bound(Line((Sign("−", "prefix"), bracketed(body, BIG))), NEG)


def join(left: Bound, sign: str, right: Bound, strength: int) -> Bound:
    """Put a sign between two boxes, with brackets where they are needed."""
    if sign in LISTING:
        return Bound(Line((left.box, Sign(sign), right.box)), ADD)
    if strength == ADD:
        if sign in {"+", "−"}:
            first = bracketed(left, ADD)
            second = bracketed(right, BIG)
        else:
            first, second = bracketed(left, BIG), bracketed(right, BIG)
        return Bound(Line((first, Sign(sign), second)), ADD)
    # A function or a sum reaches as far right as it can: first, it needs brackets.
    inner = FRACTION if sign in {"⊙", "∗", "⊗", "⋆", "/", "mod"} else PRODUCT
    own = PRODUCT if sign in {"⊙", "·"} else FRACTION
    first = left.box if left.strength == own == PRODUCT else bracketed(left, inner)
    second = (
        right.box
        if sign == "·" and right.strength in {BIG, FUNCTION}
        else bracketed(right, FRACTION)
    )
    return Bound(Line((first, Sign(sign), second)), PRODUCT)
