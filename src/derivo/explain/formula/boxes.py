"""Boxes: how a formula looks, all brackets in place. Writers print them as they are."""

from __future__ import annotations

from dataclasses import dataclass

from derivo.explain.palette import COLOURS, MARKS

# Binding strengths. A part is put in brackets where it binds less than its place asks.
ADD, NEG, BIG, FUNCTION, PRODUCT, MATRIX, FRACTION, POWER, ATOM = range(9)


@dataclass(frozen=True, slots=True)
class Line:
    """Boxes side by side."""

    parts: tuple[Box, ...]


@dataclass(frozen=True, slots=True)
class Letter:
    """A name or a letter; `style` is "italic", "bold", "upright" or "double"."""

    text: str
    style: str = "italic"


@dataclass(frozen=True, slots=True)
class Digits:
    """A number as text."""

    text: str


@dataclass(frozen=True, slots=True)
class Sign:
    """An operator; `role` is "infix", "prefix" or "function"."""

    text: str
    role: str = "infix"


@dataclass(frozen=True, slots=True)
class Said:
    """Words, upright."""

    text: str


@dataclass(frozen=True, slots=True)
class Fraction:
    """One box over another, with a bar."""

    over: Box
    under: Box


@dataclass(frozen=True, slots=True)
class Script:
    """A base with an index below and an exponent above; either may be missing."""

    base: Box
    low: Box | None = None
    high: Box | None = None


@dataclass(frozen=True, slots=True)
class Root:
    """A root; `degree` is empty for a square root."""

    body: Box
    degree: str = ""


@dataclass(frozen=True, slots=True)
class Fence:
    """Brackets around a box."""

    left: str
    body: Box
    right: str


@dataclass(frozen=True, slots=True)
class Large:
    """A large sign (a sum) with limits below and above."""

    sign: str
    low: Box | None
    high: Box | None


@dataclass(frozen=True, slots=True)
class Grid:
    """Boxes in rows and columns; `cases` are left-aligned."""

    rows: tuple[tuple[Box, ...], ...]
    cases: bool = False


@dataclass(frozen=True, slots=True)
class Brace:
    """A box with a brace below it, and words below the brace."""

    body: Box
    label: str


@dataclass(frozen=True, slots=True)
class Hat:
    """A letter with an accent: "hat", "bar", "tilde", "dot" or "vec"."""

    body: Box
    accent: str


@dataclass(frozen=True, slots=True)
class Coloured:
    """A factor of the chain rule; its number stands below it."""

    body: Box
    factor: str


@dataclass(frozen=True, slots=True)
class Gap:
    """A place to write in, numbered; the answer is kept for the key."""

    answer: Box
    number: int


Box = (
    Line | Letter | Digits | Sign | Said | Fraction | Script | Root | Fence | Large
    | Grid | Brace | Hat | Coloured | Gap
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Bound:
    """A box, and how strongly it holds together."""

    box: Box
    strength: int = ATOM


def bracketed(part: Bound, need: int) -> Box:
    """Give a box that binds at least as strongly as is needed."""
    if part.strength >= need:
        return part.box
    return Fence("(", part.box, ")")


def cut(box: Box, signs: set[str]) -> list[list[Box]]:
    """Cut a line before each of these signs, where they stand in no bracket."""
    if not isinstance(box, Line):
        return [[box]]
    cuts: list[list[Box]] = [[]]
    for part in box.parts:
        if isinstance(part, Sign) and part.role == "infix" and part.text in signs:
            cuts.append([part])
        elif isinstance(part, Line) and all(isinstance(p, Sign) for p in cuts[-1]):
            first, *others = cut(part, signs)
            cuts = [*cuts[:-1], cuts[-1] + first, *others]
        else:
            cuts[-1].append(part)
    return cuts


LETTERS = "abcdefghijklmnopqrstuvwxyz"  # of colours and textures, in ids of factors


def stand_apart(left: Box, right: Box) -> bool:
    """Tell whether two boxes side by side need a space: for one ends in a word."""
    if isinstance(left, Sign) or isinstance(right, Sign | Fence):
        return False
    if _is_adjoint(left) or _is_adjoint(right):
        return True
    return _is_word(left, -1) or _is_word(right, 0)


def _is_adjoint(box: Box) -> bool:
    """Tell whether a box is an adjoint: ``dn w``, else the d seems to be a factor."""
    match box:
        case Line((Letter("d", "upright"), *_)):
            return True
        case Coloured(inner) | Brace(inner):
            return _is_adjoint(inner)
        case _:
            return False


def _is_word(box: Box, end: int) -> bool:
    match box:
        case Said(text):
            return len(text) > 1
        case Line(parts):
            return bool(parts) and _is_word(parts[end], end)
        case Script(inner) | Coloured(inner) | Brace(inner) | Hat(inner):
            return _is_word(inner, end)
        case _:
            return False


def factor_colour(factor: str) -> int:
    """Give the colour in a factor's id: 2 for "fc3" and for "layer-fc3"."""
    return _mark(factor) % COLOURS


def factor_texture(factor: str) -> int:
    """Give how often the colour of a factor came before: 1 is dashed, 2 is dotted."""
    return _mark(factor) // COLOURS


def factor_classes(factor: str) -> str:
    """Give the classes of a factor on a page: ``"f c2"``, dashed ``"f c2 t1"``."""
    texture = factor_texture(factor)
    return f"f c{factor_colour(factor)}" + f" t{texture}" * bool(texture)


def _mark(factor: str) -> int:
    letter = factor.rstrip("0123456789")[-1:]
    return LETTERS.index(letter) if letter in LETTERS[:MARKS] else 0


def factor_number(factor: str) -> int:
    """Give the number at the end of a factor's id: 3 for "fc3" and for "layer-fc3"."""
    digits = factor[len(factor.rstrip("0123456789")) :]
    return int(digits) if digits else 0
