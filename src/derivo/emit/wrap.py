"""Breaking long lines of code inside their brackets."""

from __future__ import annotations

import io
import tokenize
from itertools import pairwise

WIDEST_CODE = 88
STEP = "    "
_OPEN, _CLOSE = "([{", ")]}"


def wrapped(code: str) -> list[str]:
    """Break a line that is too long: what stands in brackets goes to lines of its own.

    A line without brackets to break, such as ``a, b, c = saved``, gets them. A line
    that cannot be broken stays as it is.
    """
    if len(code) <= WIDEST_CODE:
        return [code]
    indent = code[: len(code) - len(code.lstrip())]
    commas, groups = _structure(code)
    outer = [g for g in groups if not any(_within(g, o) for o in groups)]
    breakable = [g for g in outer if not _is_index(code, g[0])]
    # Tuples first: a call stays whole where that is enough.
    for start, end in sorted(
        breakable, key=lambda g: (_is_call(code, g[0]), g[0] - g[1])
    ):
        head, tail = code[: start + 1], code[end:]
        if len(head) <= WIDEST_CODE and len(indent + tail) <= WIDEST_CODE:
            inside = [c for c in commas if _is_directly(c, (start, end), groups)]
            items = _parts(code[start + 1 : end], [c - start - 1 for c in inside])
            body = _filled(items, indent + STEP)
            if len(body) == 1 and len(items) > 1:
                body = [body[0].rstrip(",")]
            return [head, *body, *wrapped(indent + tail)]
    bare = [c for c in commas if not any(s < c < e for s, e in outer)]
    bracketed = _bracketed(code, bare)
    if bracketed:
        return wrapped(bracketed)
    left, sign, right = code.partition(" = ")
    if sign and len(indent + STEP + right) <= WIDEST_CODE:
        return [f"{left} = (", f"{indent}{STEP}{right}", f"{indent})"]
    return [code]


def _structure(code: str) -> tuple[list[int], list[tuple[int, int]]]:
    """Find the commas and the pairs of brackets of a line."""
    commas, groups, stack = [], [], []
    indent = len(code) - len(code.lstrip())
    for token in tokenize.generate_tokens(io.StringIO(code[indent:]).readline):
        place = token.start[1] + indent
        if token.string == "," and token.type == tokenize.OP:
            commas.append(place)
        elif token.string and token.string in _OPEN:
            stack.append(place)
        elif token.string and token.string in _CLOSE:
            groups.append((stack.pop(), place))
    return commas, groups


def _is_call(code: str, start: int) -> bool:
    return code[start] == "(" and _ends_a_name(code[:start])


def _is_index(code: str, start: int) -> bool:
    before = code[:start]
    is_value = _ends_a_name(before) or (before[-1:] and before[-1:] in _CLOSE)
    return code[start] == "[" and bool(is_value)


def _ends_a_name(code: str) -> bool:
    return code[-1:].isalnum() or code[-1:] == "_"


def _within(inner: tuple[int, int], outer: tuple[int, int]) -> bool:
    return outer[0] < inner[0] and inner[1] < outer[1]


def _is_directly(
    comma: int, group: tuple[int, int], groups: list[tuple[int, int]]
) -> bool:
    """Tell whether a comma parts the items of a group, not those of one inside it."""
    around = [g for g in groups if g[0] < comma < g[1]]
    return max(around, default=(-1, -1)) == group


def _parts(text: str, commas: list[int]) -> list[str]:
    """Part the inside of brackets at its commas."""
    bounds = [-1, *commas, len(text)]
    items = [text[a + 1 : b].strip() for a, b in pairwise(bounds)]
    items = [item for item in items if item]
    # A comma at the end changes nothing where there was one before.
    return [f"{item}," if commas else item for item in items]


def _filled(items: list[str], indent: str) -> list[str]:
    """Put as many items into a line as there is room for."""
    lines: list[str] = []
    is_whole = False
    for item in items:
        longer = f"{lines[-1]} {item}" if lines else ""
        if is_whole and len(longer) <= WIDEST_CODE:
            lines[-1] = longer
        else:
            new = _item(indent + item)
            is_whole = len(new) == 1
            lines += new
    return lines


def _item(line: str) -> list[str]:
    if not line.endswith(","):
        return wrapped(line)
    *before, last = wrapped(line[:-1])
    return [*before, f"{last},"]


def _bracketed(code: str, commas: list[int]) -> str:
    """Put brackets around a tuple that has none, on the side where it stands."""
    if not commas:
        return ""
    left, sign, right = code.partition(" = ")
    if sign and commas[-1] < len(left):
        indent = code[: len(code) - len(code.lstrip())]
        return f"{indent}({left.strip()}){sign}{right}"
    if sign:
        return f"{left}{sign}({right})"
    indent, word, rest = code.partition("return ")
    return f"{indent}{word}({rest})" if word and not indent.strip() else ""
