"""Lines of text that fit a terminal, in scripts with and without spaces."""

from __future__ import annotations

import re
import unicodedata

WIDE = r"\u3000-\u9fff\uff00-\uffef"  # scripts without spaces, and their punctuation
PIECE = re.compile(rf"[^ \t\n{WIDE}]+[ \t\n]*|[{WIDE}]|[ \t\n]+")
CLOSING = set("、。，．：；」』）〕？！ー々っゃゅょッャュョ")  # noqa: RUF001  begin no line


def width_of(text: str) -> int:
    """Give the width of a text in columns: signs of Chinese and Japanese take two."""
    columns = 0
    for c in text:
        if not unicodedata.combining(c):
            columns += 2 if unicodedata.east_asian_width(c) in "WF" else 1
    return columns


def wrapped(text: str, room: int) -> list[str]:
    """Break a text into lines of at most so many columns.

    A word that is longer stands alone on its line, whole.
    """
    # A narrow space that does not break stays with the sign that it belongs to.
    lines, line = [], ""
    for piece in PIECE.findall(text):
        fits = width_of(line + piece.rstrip()) <= room
        if line and not fits and piece not in CLOSING:
            lines.append(line.rstrip())
            line = ""
        line += piece if line else piece.lstrip(" \n")
    return [*lines, line.rstrip()] if line.strip() else lines
