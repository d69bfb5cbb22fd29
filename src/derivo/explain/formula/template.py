r"""Templates of operations, such as ``\frac{1}{1 + e^{-{0}}}``, filled with operands.

A template is read into boxes once more than printing it would need: so the brackets
around an operand follow from how strongly it holds together, and never from looking at
text.
"""

from __future__ import annotations

import re

from derivo.explain.formula.boxes import (
    ADD,
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
from derivo.explain.formula.signs import FUNCTIONS, SIGNS
from derivo.explain.formula.spoken import decimal, word

TOKEN = re.compile(r"\\[A-Za-z]+|\\.|#\d+#|\d+(?:\.\d+)?|[A-Za-z]|\S")
READ = {"-": "−", "*": "∗"} | {k: v for k, v in SIGNS.items() if k[1] not in "{}"}
LISTING = {",", ";"}
# Signs between operands, with the strength of the result.
INFIX = dict.fromkeys([*"+−=<>≤≥≠∧∨⊕,;"], ADD)
INFIX |= dict.fromkeys([*"⊙∗⊗·×/⋆", "mod"], PRODUCT)
PAIRS = {"(": ")", "[": "]", "⌊": "⌋", "⌈": "⌉", "|": "|", "‖": "‖"}


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


def read(text: str) -> Bound:
    """Read a formula as LaTeX writes it, in the words that templates are written in."""
    return _Parser(text, ()).read()


class _Parser:
    def __init__(self, text: str, operands: tuple[Bound, ...]) -> None:
        # Brackets grow with what is in them: that need not be said.
        found = TOKEN.findall(text)
        self.tokens = [t for t in found if t not in {r"\left", r"\right"}]
        self.operands = operands
        self.at = 0

    def read(self) -> Bound:
        result = self.expression(ADD)
        if self.peek():
            message = f"a template ends before {self.tokens[self.at :]}"
            raise ValueError(message)
        return result

    def peek(self) -> str:
        token = self.tokens[self.at] if self.at < len(self.tokens) else ""
        return READ.get(token, token)

    def take(self, expected: str = "") -> str:
        token = self.peek()
        if expected and token != expected:
            message = f"a template has {token!r} where {expected!r} belongs"
            raise ValueError(message)
        self.at += 1
        return token

    def until(self, end: str) -> str:
        """Read words up to a bracket, letter by letter."""
        start = self.at
        while self.take() not in {end, ""}:
            pass
        return "".join(self.tokens[start : self.at - 1])

    # --- operands and signs, the weakest first ----------------------------------------

    def expression(self, strength: int) -> Bound:
        """Read operands with signs between them that bind at least so strongly."""
        if self.peek() == "−":
            self.take()
            left = negative(self.side_by_side())
        else:
            left = self.side_by_side()
        while INFIX.get(self.peek(), -1) >= strength:
            sign = self.take()
            right = self.expression(BIG if sign in LISTING else INFIX[sign] + 1)
            left = join(left, sign, right)
        return left

    def side_by_side(self) -> Bound:
        """Read a product without a sign."""
        left = self.scripted()
        while self.peek() and self.peek() not in {*INFIX, *PAIRS.values(), "}"}:
            parts = bracketed(left, MATRIX), bracketed(self.scripted(), MATRIX)
            left = Bound(Line(parts), MATRIX)
        return left

    def scripted(self) -> Bound:
        is_operand = self.peek().startswith("#")
        base = self.atom()
        while True:
            if is_operand and self.is_part():
                part = Line((bracketed(base, POWER), self.atom().box))
                base = Bound(part, POWER)
            elif self.peek() == "^":
                inner = bracketed(base, POWER + 1)
                base = Bound(Script(inner, high=self.script("^")), POWER)
            elif self.peek() == "_":
                inner = bracketed(base, POWER)
                base = Bound(Script(inner, low=self.script("_")), POWER)
            else:
                return base

    def is_part(self) -> bool:
        """Tell whether an index in square brackets follows: a part of an array."""
        ahead = "".join(self.tokens[self.at : self.at + 3])
        return ahead.startswith(("[", r"\text{["))

    def scripts(self) -> tuple[Box | None, Box | None]:
        """Read an index and an exponent, in any order, where there are any."""
        found: dict[str, Box | None] = {"_": None, "^": None}
        while (place := self.peek()) in found:
            found[place] = self.script(place)
        return found["_"], found["^"]

    def script(self, place: str) -> Box:
        self.take(place)
        # A^+
        return Sign(self.take()) if self.peek() in {"+", "−"} else self.group().box

    def group(self) -> Bound:
        """Read what stands in braces, or one token."""
        if self.peek() != "{":
            return self.atom()
        self.take("{")
        inner = self.expression(ADD)
        self.take("}")
        return inner

    # --- what holds together by itself ------------------------------------------------

    def atom(self) -> Bound:  # noqa: C901, PLR0912  a case for each word
        match self.peek():
            case "{":
                return self.group()
            case token if token.startswith("#"):
                return self.operands[int(self.take().strip("#"))]
            case left if left in PAIRS:
                self.take()
                body = self.expression(ADD).box
                return Bound(Fence(left, body, self.take(PAIRS[left])))
            case "∑" | "∏":
                large = Large(self.take(), *self.scripts())
                body = bracketed(self.scripted(), FUNCTION)
                return Bound(Line((large, body)), BIG)
            case "∀" | "∃" | "¬":
                sign = Sign(self.take(), "prefix")
                return Bound(Line((sign, bracketed(self.scripted(), POWER))), FUNCTION)
            case r"\frac" | r"\tfrac":
                self.take()
                return Bound(Fraction(self.group().box, self.group().box), FRACTION)
            case r"\sqrt":
                self.take()
                degree = ""
                if self.peek() == "[":
                    self.take()
                    degree = self.until("]")
                return Bound(Root(self.group().box, degree), POWER)
            case r"\cases":
                return self.cases()
            case r"\text" | r"\mathbb" | r"\operatorname":
                return self.words(self.take())
            case token if token[1:] in FUNCTIONS:
                return self.applied(Sign(self.take()[1:], "function"))
            case token if token[:1].isdigit():
                return Bound(Digits(decimal(self.take())))
            case token if token.isalpha() or token in {"∞", "⊤"}:
                upright = "upright" if token in {"e", "⊤"} else "italic"
                letter = Letter(self.take(), upright)
                return self.applied(letter) if self.peek() == "(" else Bound(letter)
            case token:
                message = f"a template has {token!r}, which is not known"
                raise ValueError(message)

    def words(self, command: str) -> Bound:
        self.take("{")
        text = self.until("}").replace("axis", word("axis")).strip()
        if command == r"\text":
            return Bound(Said(text))
        is_letter = command == r"\mathbb"
        return self.applied(
            Letter(text, "double") if is_letter else Sign(text, "function")
        )

    def cases(self) -> Bound:
        """Read a value, when it holds, and the value otherwise."""
        self.take()
        first, condition, second = self.group(), self.group(), self.group()
        before, _, after = word("if").partition("{condition}")
        when = (Said(before), condition.box) if before else (condition.box, Said(after))
        rows = (
            (first.box, Line(when)),
            (second.box, Said(word("else"))),
        )
        return Bound(Fence("{", Grid(rows, cases=True), ""), FRACTION)

    def applied(self, head: Box) -> Bound:
        """Read the argument of a function."""
        low, high = self.scripts()
        shown = Script(head, low, high) if low or high else head
        if self.peek() in {"(", "["}:
            return Bound(Line((shown, self.atom().box)), POWER)
        if not self.peek() or self.peek() in {"}", *INFIX}:
            return Bound(shown)
        body = self.scripted()
        # One bare name needs no brackets: log p. All else does: log(a b).
        return Bound(Line((shown, bracketed(body, POWER))), FUNCTION)


def negative(body: Bound) -> Bound:
    """Put a minus before a box."""
    return Bound(Line((Sign("−", "prefix"), bracketed(body, BIG))), NEG)


def join(left: Bound, sign: str, right: Bound) -> Bound:
    """Put a sign between two boxes, with brackets where they are needed."""
    strength = INFIX[sign]
    if sign in LISTING:
        first, second = left.box, right.box
    elif strength == ADD:
        is_sum = sign in {"+", "−"}
        first, second = bracketed(left, ADD if is_sum else BIG), bracketed(right, BIG)
    else:
        # A function or a sum reaches as far right as it can: first, it needs brackets.
        is_product = sign in {"⊙", "·"} and left.strength == PRODUCT
        loose = PRODUCT if sign in {"·", "×"} else FRACTION
        first = left.box if is_product else bracketed(left, loose)
        reaches = sign == "·" and right.strength in {BIG, FUNCTION}
        second = right.box if reaches else bracketed(right, FRACTION)
    return Bound(Line((first, Sign(sign), second)), strength)
