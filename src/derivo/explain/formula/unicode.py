"""Boxes as text for a terminal: in one line, or in two dimensions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from derivo.explain.formula import boxes as b
from derivo.explain.formula.layout import layout
from derivo.explain.formula.mathml import ACCENTS
from derivo.explain.formula.tree import Formula

SUBSCRIPTS = dict(zip("0123456789+-=()aehijklmnoprstuvx",
                      "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ", strict=True))  # fmt: skip
SUPERSCRIPTS = dict(zip("0123456789+-−=()nix⊤′", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ⁿⁱˣᵀ′",
                        strict=True))  # fmt: skip
COMBINING = {"hat": "\u0302", "bar": "\u0304", "tilde": "\u0303", "dot": "\u0307",
             "vec": "\u20d7"}  # fmt: skip
SPACED = {"+", "−", "=", "⊙", "·", "×", "⊗", "∗", "mod", "/", "<", ">", "≤", "≥", "≠",
          "∧", "∨", "⊕", "≈", "→", "⋆"}  # fmt: skip
BREAKS = ({"+", "−"}, {"×", "·", "⊙"})  # where a line that is too wide is broken
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


def lines_of(box: b.Box, room: int) -> list[b.Box]:
    """Break what is wider than so many characters into lines.

    A line is broken before a sign that stands in no bracket: first between terms, then
    between factors.
    """
    if stack(box).width <= room:
        return [box]
    for signs in BREAKS:
        parts = b.cut(box, signs)
        if len(parts) > 1:
            return _filled(parts, room)
    return [box]


def _filled(parts: list[list[b.Box]], room: int) -> list[b.Box]:
    """Put as many parts on a line as there is room for."""
    lines: list[list[b.Box]] = [[]]
    for part in parts:
        longer = [*lines[-1], *part]
        if lines[-1] and stack(b.Line(tuple(longer))).width > room:
            lines.append(list(part))
        else:
            lines[-1] = longer
    return [b.Line(tuple(line)) for line in lines]


def plain(shown: Block) -> list[str]:
    """Give the lines of a block without their factors."""
    return ["".join(text for text, _ in line).rstrip() for line in shown.lines]


# --- one line -------------------------------------------------------------------------


def flat(box: b.Box) -> str:  # noqa: C901  a case for each box
    """Write a box in one line."""
    match box:
        case b.Line(parts):
            return _joined([flat(part) for part in parts], parts)
        case b.Letter(text, _):
            return "𝟙" if box.style == "double" and text == "1" else text
        case b.Digits(text) | b.Said(text) | b.Sign(text):
            return text
        case b.Fraction(over, under):
            return f"{_simple(over)}/{_simple(under)}"
        case b.Script(base, low, high):
            low_text = "" if low is None else _script(flat(low), SUBSCRIPTS, "_")
            high_text = "" if high is None else _script(flat(high), SUPERSCRIPTS, "^")
            return flat(base) + low_text + high_text
        case b.Root(body, degree):
            inner = flat(body)
            is_short = isinstance(body, b.Letter | b.Digits)
            inner = inner if is_short else f"({inner})"
            return f"{_script(degree, SUPERSCRIPTS, '')}√{inner}"
        case b.Fence(left, body, right):
            return f"{left}{flat(body)}{right}"
        case b.Large(sign, low, high):
            low_text = "" if low is None else _script(flat(low), SUBSCRIPTS, "_")
            high_text = "" if high is None else _script(flat(high), SUPERSCRIPTS, "^")
            return sign + low_text + high_text + " "
        case b.Grid(rows):
            return "; ".join(" ".join(flat(cell) for cell in line) for line in rows)
        case b.Hat(body, accent):
            return flat(body) + COMBINING[accent]
        case b.Brace(body) | b.Coloured(body):
            return flat(body)
        case b.Gap(_, number):
            return f"[({number})____]"


def _simple(box: b.Box) -> str:
    text = flat(box)
    is_name = isinstance(box, b.Said) and text.isidentifier()
    is_simple = isinstance(box, b.Letter | b.Digits | b.Script | b.Root)
    is_simple |= _is_partial(box)
    return text if is_simple or is_name else f"({text})"


def _is_partial(box: b.Box) -> bool:
    """Tell whether a box is half of a partial derivative: ∂y/∂n needs no brackets."""
    if not isinstance(box, b.Line) or not box.parts:
        return False
    head = box.parts[0]
    head = head.base if isinstance(head, b.Script) else head
    return isinstance(head, b.Sign) and head.text == "∂"


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


def _joined(texts: list[str], parts: tuple[b.Box, ...]) -> str:
    result = ""
    for k, (text, part) in enumerate(zip(texts, parts, strict=True)):
        gap = ""
        if k and result and not result.endswith((" ", "(")):
            gap = _gap(parts[k - 1], part)
        result += gap + text
    return result


def _is_part(box: b.Box) -> bool:
    """Tell whether a box is an index in square brackets: x[2:]."""
    return (isinstance(box, b.Said) and box.text.startswith("[")) or (
        isinstance(box, b.Fence) and box.left == "["
    )


def _gap(left: b.Box, right: b.Box) -> str:
    """Tell what stands between two parts of a line."""
    for part in (left, right):
        if isinstance(part, b.Sign) and part.role == "infix":
            if part.text in {",", ";"}:
                return "" if part is right else " "
            return " " if part.text in SPACED else ""
    if _is_part(right):
        return ""
    head = left.base if isinstance(left, b.Script) else left
    if isinstance(head, b.Sign) and head.role == "prefix":
        return ""
    if isinstance(head, b.Sign) and head.role == "function":
        return "" if isinstance(right, b.Fence) else " "
    if isinstance(head, b.Letter) and isinstance(right, b.Fence):
        return ""  # a function of one letter: σ(n)
    if isinstance(left, b.Letter) and left.style == "upright":
        return ""  # the d of an adjoint
    if isinstance(left, b.Said) and isinstance(right, b.Digits):
        return ""
    return " "


# --- two dimensions ----------------------------------------------------------------


def _blank(width: int) -> tuple[Piece, ...]:
    return ((" " * width, ""),) if width else ()


def _text(text: str) -> Block:
    return Block((((text, ""),),), 0, len_(text))


def len_(text: str) -> int:
    """Give the width of a text: accents that combine take no room."""
    return sum(not 0x300 <= ord(c) <= 0x36F and ord(c) != 0x20D7 for c in text)


def beside(blocks: Sequence[Block]) -> Block:
    """Put blocks side by side, on one baseline."""
    above = max((k.base for k in blocks), default=0)
    below = max((len(k.lines) - k.base for k in blocks), default=1)
    lines: list[tuple[Piece, ...]] = []
    for row in range(above + below):
        pieces: list[Piece] = []
        for k in blocks:
            at = row - above + k.base
            inside = 0 <= at < len(k.lines)
            pieces += k.lines[at] if inside else _blank(k.width)
        lines.append(tuple(pieces))
    return Block(tuple(lines), above, sum(k.width for k in blocks))


def above(blocks: Sequence[Block], base: int) -> Block:
    """Put blocks below each other, centred; `base` is the line of the baseline."""
    width = max(k.width for k in blocks)
    lines: list[tuple[Piece, ...]] = []
    for k in blocks:
        left = (width - k.width) // 2
        lines += [
            (*_blank(left), *line, *_blank(width - k.width - left)) for line in k.lines
        ]
    return Block(tuple(lines), base, width)


def stack(box: b.Box) -> Block:
    """Write a box in two dimensions."""
    match box:
        case b.Line(parts):
            return _line(parts)
        case b.Fraction(over, under):
            top, bottom = stack(over), stack(under)
            bar = _text("─" * (max(top.width, bottom.width) + 2))
            return above([top, bar, bottom], len(top.lines))
        case b.Fence(left, body, right):
            inner = stack(body)
            if len(inner.lines) == 1 or not _is_tall(body):
                return beside([_text(left), inner, _text(right)])
            return beside([_side(left, inner), inner, _side(right, inner)])
        case b.Grid(rows):
            return _grid(rows)
        case b.Large(sign, low, high):
            parts_ = [_text("" if high is None else flat(high)), _text(sign)]
            parts_ += [] if low is None else [_text(flat(low).replace(" ", ""))]
            return above(parts_, 1)
        case b.Brace(body, label):
            inner = stack(body)
            brace = _text("╰" + "─" * max(inner.width - 2, 1) + "╯")
            return above([inner, brace, _text(f" {label} ")], inner.base)
        case b.Coloured(body, factor):
            inner = stack(body)
            number = str(b.factor_number(factor))
            shown = above([inner, _text(number)], inner.base)
            lines = tuple(tuple((t, f or factor) for t, f in ln) for ln in shown.lines)
            return Block(lines, shown.base, shown.width)
        case b.Script(base, low, high) if _is_tall(base):
            low_text = "" if low is None else _script(flat(low), SUBSCRIPTS, "_")
            high_text = "" if high is None else _script(flat(high), SUPERSCRIPTS, "^")
            return beside([stack(base), _text(low_text + high_text)])
        case _:
            return _text(flat(box))


def _is_tall(box: b.Box) -> bool:
    """Tell whether a box needs more than a line, numbers and braces below aside."""
    match box:
        case b.Line(parts):
            return any(_is_tall(part) for part in parts)
        case b.Fraction() | b.Grid() | b.Large():
            return True
        case b.Fence(_, body, _) | b.Coloured(body) | b.Brace(body):
            return _is_tall(body)
        case b.Script(base, _, _):
            return _is_tall(base)
        case _:
            return False


def _line(parts: tuple[b.Box, ...]) -> Block:
    blocks: list[Block] = []
    for k, part in enumerate(parts):
        gap = _gap(parts[k - 1], part) if k else ""
        blocks += [_text(gap)] if gap else []
        blocks.append(stack(part))
    return beside(blocks)


SIDES = {"(": "⎛⎜⎝", ")": "⎞⎟⎠", "[": "⎡⎢⎣", "]": "⎤⎥⎦", "{": "⎧⎨⎩", "|": "│││",
         "⌊": "│││", "⌋": "│││", "⌈": "│││", "⌉": "│││", "‖": "║║║"}  # fmt: skip


def _side(sign: str, inner: Block) -> Block:
    if not sign:
        return Block(tuple(() for _ in inner.lines), inner.base, 0)
    side = SIDES[sign]
    signs = [side[0], *[side[1]] * (len(inner.lines) - 2), side[2]]
    return Block(tuple(((s, ""),) for s in signs), inner.base, 1)


def _grid(rows: tuple[tuple[b.Box, ...], ...]) -> Block:
    cells = [[stack(cell) for cell in row] for row in rows]
    if not cells or not cells[0]:
        return _text(" ")
    widths = [max(row[k].width for row in cells) for k in range(len(cells[0]))]
    lines = []
    for row in cells:
        parts = []
        for k, (cell, width) in enumerate(zip(row, widths, strict=True)):
            left = (width - cell.width) // 2
            pads = (
                _text(" " * (left + (2 if k else 0))),
                _text(" " * (width - cell.width - left)),
            )
            parts += [pads[0], cell, pads[1]]
        lines.append(beside(parts))
    whole = above(lines, 0)
    return Block(whole.lines, len(whole.lines) // 2, whole.width)


__all__ = ["ACCENTS", "Block", "beside", "block", "flat", "inline", "plain", "stack"]
