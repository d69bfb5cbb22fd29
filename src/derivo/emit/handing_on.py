"""The lines of a step, so that each hands the carries on under their own names."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from derivo.emit.statement import Statement

if TYPE_CHECKING:
    from derivo.emit.body import Body


def stored_at_once(statements: list[Statement], ends: Iterable[str]) -> list[Statement]:
    """Leave out names that are there only to be stored in the next breath."""
    lines = list(statements)
    read_later = {name for end in ends for name in names_in(end)}
    for k, store in enumerate(lines):
        place, _, name = store.code.rpartition(" = " if "[" in store.code else " += ")
        mine = [s for s in lines if s.name == name]
        if (
            store.name
            or not name.isidentifier()
            or len(mine) != 1
            or name in read_later
        ):
            continue
        (only,) = mine
        readers = [s for s in lines if s is not only and name in names_in(s.code)]
        if readers == [store] and only.code.startswith(f"{name} = "):
            sign = store.code[len(place) : -len(name)]
            code = f"{place}{sign}{only.code.removeprefix(f'{name} = ')}"
            lines[k] = replace(store, code=code)
            lines = [s for s in lines if s is not only]
            return stored_at_once(lines, read_later)
    return lines


def last_things_last(
    statements: list[Statement], ends: Iterable[str]
) -> list[Statement]:
    """Move what only the next step reads to the end, behind what this one reads."""
    lines = list(statements)
    for end in ends:
        mine = [s for s in lines if s.name == end]
        if len(mine) == 1 and not any(
            end in names_in(s.code) for s in lines if s is not mine[0]
        ):
            lines = [s for s in lines if s is not mine[0]] + mine
    return lines


def in_place(
    statements: list[Statement], ends: dict[str, str], may_take: dict[str, set[str]]
) -> list[Statement]:
    """Hand the carries on: by writing over their names where that changes nothing else.

    Parameters
    ----------
    statements
        The lines of a step; each name is written once.
    ends
        Name of a carry, as the step finds it, and the expression of what it becomes.
    may_take
        Name of a carry to those of values that may be called so, too.
    """
    ends, lines = dict(ends), list(statements)
    for carry in ends:
        lines, ends = _overwritten(carry, lines, ends, may_take[carry])
    moves = {c: e for c, e in ends.items() if c != e}
    lines = [s for s in lines if s.code != f"{s.name} = {s.name}"]
    for k, c in enumerate(moves):
        later = list(moves.values())[k + 1 :]
        if any(c in names_in(e) for e in later):
            left, right = ", ".join(moves), ", ".join(moves.values())
            return [*lines, Statement(f"{left} = {right}")]
    return [*lines, *(Statement(f"{c} = {e}") for c, e in moves.items())]


def _overwritten(
    carry: str, lines: list[Statement], ends: dict[str, str], may_take: set[str]
) -> tuple[list[Statement], dict[str, str]]:
    """Let values take a carry's name from where the carry is read no more."""
    for i, line in enumerate(lines):
        again = any(s.name == line.name for s in lines[:i])
        if again or line.name not in may_take or line.code.startswith(" "):
            continue
        later = [s.code for s in lines[i + 1 :]]
        others = [e for c, e in ends.items() if c != carry or e != line.name]
        if any(carry in names_in(text) for text in (*later, *others)):
            continue
        old = line.name
        lines = [*lines[:i], *(_renamed(s, old, carry) for s in lines[i:])]
        ends = {c: _word(old).sub(carry, e) for c, e in ends.items()}
    return lines, ends


def tidy(body: Body) -> None:
    """Drop the number from names that are free without it."""
    for name in [s.name for s in body.statements]:
        plain = re.sub(r"_\d+$", "", name)
        if plain and plain not in body.names.taken and plain.isidentifier():
            body.names.taken.add(plain)
            body.statements[:] = [_renamed(s, name, plain) for s in body.statements]
            body.bound.update({n: plain for n, b in body.bound.items() if b == name})


def _renamed(statement: Statement, old: str, new: str) -> Statement:
    name = new if statement.name == old else statement.name
    return replace(statement, code=_word(old).sub(new, statement.code), name=name)


def _word(name: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w.]){re.escape(name)}\b")


def names_in(code: str) -> set[str]:
    """Give the names that stand in a line of code, but not those of attributes."""
    return set(re.findall(r"(?<![\w.])[^\W\d]\w*", code))
