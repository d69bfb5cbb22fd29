"""Boxes as text for a terminal: in one line, or in two dimensions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from derivo.explain.formula import boxes as b
from derivo.explain.formula.layout import layout
from derivo.explain.formula.tree import Formula
from derivo.explain.writers.wrapping import width_of

SUBSCRIPTS = dict(zip("0123456789+-=()aehijklmnoprstuvx",
                      "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ", strict=True))  # fmt: skip
SUPERSCRIPTS = dict(zip("0123456789+-−=()nix⊤′", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ⁿⁱˣᵀ′",
                        strict=True))  # fmt: skip
COMBINING = {"hat": "\u0302", "bar": "\u0304", "tilde": "\u0303", "dot": "\u0307",
             "vec": "\u20d7"}  # fmt: skip
SPACED = {"+", "−", "=", "⊙", "·", "×", "⊗", "∗", "mod", "/", "<", ">", "≤", "≥", "≠",
          "∧", "∨", "⊕", "≈", "→", "⋆"}  # fmt: skip
BREAKS = ({"+", "−"}, {"×", "·", "⊙"})  # where a line that is too wide is broken
SIDES = {"(": "⎛⎜⎝", ")": "⎞⎟⎠", "[": "⎡⎢⎣", "]": "⎤⎥⎦", "{": "⎧⎨⎩", "|": "│││",
         "⌊": "│││", "⌋": "│││", "⌈": "│││", "⌉": "│││", "‖": "║║║"}  # fmt: skip
Piece = tuple[str, str]


@dataclass(frozen=True)
class Block:
    """Lines of equal width, each a row of pieces of text with their factors.

    Attributes
    ----------
    lines
        Pieces ``(text, factor)``; the factor is empty for plain text.
    base
        Number of the line that stands on the baseline.
    width
        In characters.
    """

    lines: tuple[tuple[Piece, ...], ...]
    base: int
    width: int


def inline(formula: Formula) -> str:
    """Write a formula in one line."""
    return flat(layout(formula))


def block(formula: Formula) -> Block:
    """Write a formula in two dimensions: fractions stacked, braces below."""
    return stack(layout(formula))


def broken(formula: Formula, room: int) -> list[Block]:
    """Write a formula in two dimensions, below each other what is too wide."""
    return [stack(line) for line in lines_of(layout(formula), room)]


def lines_of(
    box: b.Box, room: int, signs: tuple[set[str], ...] = BREAKS
) -> list[b.Box]:
    """Break what is wider than so many characters into lines.

    A line is broken before a sign that stands in no bracket: first between terms, then,
    where one is still too wide, between factors.
    """
    if not signs or stack(box).width <= room:
        return [box]
    lines: list[list[b.Box]] = [[]]
    for part in b.cut(box, signs[0]):
        longer = [*lines[-1], *part]
        if lines[-1] and stack(b.Line(tuple(longer))).width > room:
            lines.append(part)
        else:
            lines[-1] = longer
    whole = [b.Line(tuple(line)) for line in lines]
    return [part for line in whole for part in lines_of(line, room, signs[1:])]


def plain(shown: Block) -> list[str]:
    """Give the lines of a block without their factors."""
    return ["".join(text for text, _ in line).rstrip() for line in shown.lines]


# --- one line -------------------------------------------------------------------------


def flat(box: b.Box) -> str:  # noqa: C901  a case for each box
    """Write a box in one line."""
    match box:
        case b.Line(parts):
            return _joined(parts)
        case b.Letter("1", "double"):
            return "𝟙"
        case b.Letter(text) | b.Digits(text) | b.Said(text) | b.Sign(text):
            return text
        case b.Fraction(over, under):
            return f"{_simple(over)}/{_simple(under)}"
        case b.Script(base, low, high):
            return flat(base) + _scripts(low, high)
        case b.Large(sign, low, high):
            return f"{sign}{_scripts(low, high)} "
        case b.Root(body, degree):
            inner = flat(body)
            is_short = isinstance(body, b.Letter | b.Digits)
            inner = inner if is_short else f"({inner})"
            return f"{_script(degree, SUPERSCRIPTS, '')}√{inner}"
        case b.Fence(left, body, right):
            return f"{left}{flat(body)}{right}"
        case b.Grid(rows):
            return "; ".join(" ".join(map(flat, line)) for line in rows)
        case b.Hat(body, accent):
            return flat(body) + COMBINING[accent]
        case b.Brace(body) | b.Coloured(body):
            return flat(body)
        case b.Gap(_, number):
            return f"[({number})____]"


def _simple(box: b.Box) -> str:
    """Write half of a fraction: a name or a number alone needs no brackets."""
    text = flat(box)
    match box:
        case b.Letter() | b.Digits() | b.Script() | b.Root() | b.Hat():
            return text
        case b.Said(name) if name.isidentifier():
            return text
        case b.Line((b.Sign("∂") | b.Script(b.Sign("∂")), *_)):  # ∂y/∂n
            return text
        case _:
            return f"({text})"


def _scripts(low: b.Box | None, high: b.Box | None) -> str:
    below = "" if low is None else _script(flat(low), SUBSCRIPTS, "_")
    return below + ("" if high is None else _script(flat(high), SUPERSCRIPTS, "^"))


def _script(text: str, table: dict[str, str], mark: str) -> str:
    """Write an index or exponent with small signs, if there is one for each sign."""
    if text.startswith("["):
        return text
    close = text.replace(",", "").replace(" ", "")
    alone = all(len(part) == 1 for part in text.replace(" ", "").split(","))
    if close and all(c in table for c in close) and (alone or "," not in text):
        return "".join(table[c] for c in close)
    is_clear = len(text) == 1 or (mark == "_" and text.isidentifier())
    return mark + (text if is_clear else f"({text})") if text else ""


def _joined(parts: tuple[b.Box, ...]) -> str:
    result = ""
    for k, part in enumerate(parts):
        is_apart = k and result and not result.endswith((" ", "("))
        result += (_gap(parts[k - 1], part) if is_apart else "") + flat(part)
    return result


def _gap(left: b.Box, right: b.Box) -> str:  # noqa: C901  a case for each pair
    """Tell what stands between two parts of a line."""
    head = left.base if isinstance(left, b.Script) else left
    match head, right:
        case (b.Sign("," | ";", "infix"), _):
            return " "
        case (_, b.Sign("," | ";", "infix")):
            return ""
        case (b.Sign(text, "infix"), _) | (_, b.Sign(text, "infix")):
            return " " if text in SPACED else ""
        case (_, b.Fence("[")):  # a part of an array: x[2:]
            return ""
        case (_, b.Said(text)) if text.startswith(("[", " ")):
            return ""
        case (b.Said(text), _) if text.endswith(" "):
            return ""
        case (b.Sign(_, "prefix"), _):
            return ""
        case (b.Sign() | b.Letter(), b.Fence()):  # σ(n)
            return ""
        case (b.Letter(_, "upright"), _) if left is head:  # the d of an adjoint
            return ""
        case (b.Said(), b.Digits()) if left is head:
            return ""
        case _:
            return " "


# --- two dimensions ----------------------------------------------------------------


def stack(box: b.Box) -> Block:
    """Write a box in two dimensions."""
    match box:
        case b.Line(parts):
            blocks: list[Block] = []
            for k, part in enumerate(parts):
                gap = _gap(parts[k - 1], part) if k else ""
                blocks += [text(gap), stack(part)] if gap else [stack(part)]
            return beside(blocks)
        case b.Fraction(over, under):
            top, bottom = stack(over), stack(under)
            bar = text("─" * (max(top.width, bottom.width) + 2))
            return above([top, bar, bottom], len(top.lines))
        case b.Fence(left, body, right):
            inner = stack(body)
            is_tall = len(inner.lines) > 1 and _is_tall(body)
            side = _side if is_tall else lambda sign, _: text(sign)
            return beside([side(left, inner), inner, side(right, inner)])
        case b.Grid(rows, is_left):
            return _grid(rows, is_left=is_left)
        case b.Large(sign, low, high):
            parts_ = [text("" if high is None else flat(high)), text(sign)]
            parts_ += [] if low is None else [text(flat(low).replace(" = ", "="))]
            return above(parts_, 1)
        case b.Brace(body, label):
            inner = stack(body)
            brace = text("╰" + "─" * max(inner.width - 2, 1) + "╯")
            return above([inner, brace, text(f" {label} ")], inner.base)
        case b.Coloured(body, factor):
            inner = stack(body)
            shown = above([inner, text(str(b.factor_number(factor)))], inner.base)
            lines = tuple(tuple((t, f or factor) for t, f in ln) for ln in shown.lines)
            return Block(lines, shown.base, shown.width)
        case b.Script(base, low, high) if _is_tall(base):
            return beside([stack(base), text(_scripts(low, high))])
        case _:
            return text(flat(box))


def _is_tall(box: b.Box) -> bool:
    """Tell whether a box needs more than a line, numbers and braces below aside."""
    match box:
        case b.Line(parts):
            return any(map(_is_tall, parts))
        case b.Fraction() | b.Grid() | b.Large():
            return True
        case b.Fence(_, inner, _) | b.Coloured(inner) | b.Brace(inner):
            return _is_tall(inner)
        case b.Script(inner):
            return _is_tall(inner)
        case _:
            return False


def text(words: str) -> Block:
    """Write words, or a space."""
    return Block((((words, ""),),), 0, width_of(words))


def _blank(width: int) -> tuple[Piece, ...]:
    return ((" " * width, ""),) if width else ()


def beside(blocks: Sequence[Block]) -> Block:
    """Put blocks side by side, on one baseline."""
    top = max((k.base for k in blocks), default=0)
    below = max((len(k.lines) - k.base for k in blocks), default=1)
    lines: list[tuple[Piece, ...]] = []
    for row in range(-top, below):
        pieces: list[Piece] = []
        for k in blocks:
            inside = 0 <= row + k.base < len(k.lines)
            pieces += k.lines[row + k.base] if inside else _blank(k.width)
        lines.append(tuple(pieces))
    return Block(tuple(lines), top, sum(k.width for k in blocks))


def above(blocks: Sequence[Block], base: int) -> Block:
    """Put blocks below each other, centred; `base` is the line of the baseline."""
    width = max(k.width for k in blocks)
    lines = [line for k in blocks for line in _placed(k, width).lines]
    return Block(tuple(lines), base, width)


def _placed(block: Block, width: int, left: int | None = None) -> Block:
    left = (width - block.width) // 2 if left is None else left
    right = width - block.width - left
    lines = ((*_blank(left), *line, *_blank(right)) for line in block.lines)
    return Block(tuple(lines), block.base, width)


def _side(sign: str, inner: Block) -> Block:
    """Give a bracket that is as tall as a block."""
    if not sign:
        return Block(tuple(() for _ in inner.lines), inner.base, 0)
    side = SIDES[sign]
    signs = [side[0], *[side[1]] * (len(inner.lines) - 2), side[2]]
    return Block(tuple(((s, ""),) for s in signs), inner.base, 1)


def _grid(rows: tuple[tuple[b.Box, ...], ...], *, is_left: bool) -> Block:
    cells = [[stack(cell) for cell in row] for row in rows]
    if not cells or not cells[0]:
        return text(" ")
    widths = [max(cell.width for cell in column) for column in zip(*cells, strict=True)]
    lines = []
    for row in cells:
        left = 0 if is_left else None
        parts = [_placed(cell, w, left) for cell, w in zip(row, widths, strict=True)]
        gap = Block((_blank(2),), 0, 2)
        lines.append(beside([p for part in parts for p in (gap, part)][1:]))
    whole = above(lines, 0)
    return Block(whole.lines, len(whole.lines) // 2, whole.width)
