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
    """Break a line behind a comma, or before an operator if there is none."""
    stripped = line.lstrip()
    if len(line) <= WIDTH or stripped.startswith(("#", "/*")):
        return [line]
    indent = line[: len(line) - len(stripped)]
    first = line[:WIDTH]
    at = first.rfind(", ") + 1
    if at < WIDTH // 2:
        at = max(first.rfind(" | "), at)
    if at < WIDTH // 2:
        at = first.rfind(" ")
        while at > 0 and line[at - 1] in "+-*/|&<>=?:!":
            at = first.rfind(" ", 0, at)
    if at <= len(indent):
        return [line]
    rest = f"{indent}    {line[at:].lstrip()}"
    return [line[:at].rstrip(), *_rest_broken(rest)]


def _rest_broken(line: str) -> list[str]:
    """Break what follows, which is indented already."""
    parts = _broken(line)
    return [parts[0], *(part.removeprefix("    ") for part in parts[1:])]
