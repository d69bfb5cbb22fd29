"""Lines that fit a terminal: of text, with and without spaces, and of code."""

from __future__ import annotations

import re
import unicodedata

WIDE = r"\u3000-\u9fff\uff00-\uffef"  # scripts without spaces, and their punctuation
PIECE = re.compile(rf"[^ \t\n{WIDE}]+[ \t\n]*|[{WIDE}]|[ \t\n]+")
STRING = re.compile(r""" "(?:\\.|[^"\\])*" | '(?:\\.|[^'\\])*' """, re.VERBOSE)
# What a line of code may end after: a space that stands in no string, and a bracket.
WORD = re.compile(rf"(?:{STRING.pattern}|[^\s(])+[(]*\s*|[(]+\s*", re.VERBOSE)
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


def continued(text: str, room: int, depth: int) -> tuple[list[str], int]:
    """Break a line of Python as Python goes on: with a backslash outside of brackets.

    Parameters
    ----------
    text
        The line; a word that is longer than the room stays whole.
    room
        In columns.
    depth
        Brackets that earlier lines have opened.

    Returns
    -------
    tuple
        The lines, and how many brackets are open behind them.
    """
    indent = " " * (len(text) - len(text.lstrip()))
    if text.lstrip().startswith("#") and width_of(text) > room:
        said = wrapped(text.lstrip("# "), max(room - len(indent) - 2, 20))
        return [f"{indent}# {line}" for line in said], depth
    if width_of(text) <= room:
        return [text], depth + _opened(text)
    further = indent + " " * (8 if text.endswith(":") else 4)
    lines, line = [], indent
    *words, last = WORD.findall(text.strip())
    for word in (*words, last):
        after = depth + _opened(word)
        mark = "" if after or word is last else " \\"
        if line.strip() and width_of(line + word.rstrip() + mark) > room:
            lines.append(line.rstrip() + ("" if depth else " \\"))
            line = further
        line, depth = line + word, after
    return [*lines, line.rstrip()], depth


def _opened(text: str) -> int:
    """Tell how many more brackets a piece of code opens than it closes."""
    bare = STRING.sub("", text)
    return sum((c in "([{") - (c in ")]}") for c in bare)
