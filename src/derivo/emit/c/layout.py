"""Laying C text out: blocks, indentation, lines that are not too long."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable

WIDTH = 88


def indented(lines: Iterable[str]) -> list[str]:
    """Indent lines, which may hold several each; what is for the preprocessor stays."""
    return [
        f"    {part}" if part and not part.startswith("#") else part
        for line in lines for part in line.split("\n")
    ]  # fmt: skip


def block(head: str, lines: Iterable[str]) -> str:
    """Write a head with its block."""
    return "\n".join([f"{head} {{", *indented(lines), "}"])


def comment(text: str) -> list[str]:
    """Write a comment."""
    lines = textwrap.wrap(text, WIDTH - 6)
    lines = [f"/* {lines[0]}", *(f"   {line}" for line in lines[1:])]
    return [*lines[:-1], f"{lines[-1]} */"]


def declared(head: str, words: Iterable[str]) -> list[str]:
    """Declare several things of one type, in lines."""
    lines = textwrap.wrap(", ".join(words), WIDTH - 8 - len(head))
    return [f"    {head} {line.rstrip(',')};" for line in lines]


def wrapped(text: str) -> str:
    """Break long lines where an operand begins."""
    return "\n".join(part for line in text.split("\n") for part in _broken(line))


def _broken(line: str) -> list[str]:
    stripped = line.lstrip()
    if len(line) <= WIDTH or stripped.startswith(("#", "/*")):
        return [line]
    indent = " " * (len(line) - len(stripped))
    parts = textwrap.wrap(
        stripped, WIDTH - len(indent), subsequent_indent="    ",
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip
    return [indent + part for part in parts]
