"""The lines of a step, so that each hands the carries on under their own names."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping

from derivo.emit.statement import (
    Statement,
    definition,
    definitions,
    is_name,
    names_in,
    renamed,
)  # fmt: skip


def stored_at_once(
    statements: list[Statement], ends: Iterable[ast.expr]
) -> list[Statement]:
    """Leave out names that are there only to be stored in the next breath."""
    lines = list(statements)
    read_later = names_in(*ends)
    for store in statements:
        value = store.value
        if store.name or store.depth or not isinstance(value, ast.Name):
            continue
        mine = [s for s in lines if s.name == value.id]
        if value.id in read_later or len(mine) != 1 or not _defines(mine[0]):
            continue
        readers = [s for s in lines if s is not mine[0] and value.id in s.names]
        if readers == [store]:
            assert mine[0].value is not None  # noqa: S101
            whole = store.with_value(mine[0].value)
            lines = [whole if s is store else s for s in lines if s is not mine[0]]
    return lines


def put_into_sums(statements: list[Statement]) -> list[Statement]:
    """Add what is zero but for a few places to a sum at these places.

    ``part = zeros; part[i] = v; total += part`` is ``total[i] += v``: a table whose
    rows are picked one at a time is not gone through at every step.
    """
    lines = list(statements)
    for add in statements:
        part, total = add.value, add.target
        if not isinstance(add.tree, ast.AugAssign) or not isinstance(part, ast.Name):
            continue
        mine = [s for s in lines if s.name == part.id]
        others = [s for s in lines if s not in mine and part.id in s.names]
        if others != [add] or not isinstance(total, ast.Name):
            continue
        written = [_written_into(s, part.id, total) for s in mine[1:]]
        if not written or None in written or not _makes_zeros(mine[0], part.id):
            continue
        whole = [Statement(tree) for tree in written if tree is not None]
        whole[0] = Statement(whole[0].tree, add.node)
        at = lines.index(add)
        lines = [*lines[:at], *whole, *lines[at + 1 :]]
        lines = [s for s in lines if s not in mine]
    return lines


def _makes_zeros(line: Statement, name: str) -> bool:
    value = line.value
    is_call = isinstance(value, ast.Call) and _is_of_numpy(value.func, "zeros")
    return line.is_definition and is_name(line.target, name) and is_call


def _written_into(line: Statement, part: str, total: ast.Name) -> ast.stmt | None:
    """Write a line that fills places of `part` as one that adds to those of a sum."""
    tree, target = line.tree, line.target
    if isinstance(target, ast.Subscript) and is_name(target.value, part):
        value = line.value
        if value is None or part in names_in(value, target.slice):
            return None
        is_plus = isinstance(tree, ast.Assign) or isinstance(tree.op, ast.Add)  # type: ignore[attr-defined]
        place = ast.Subscript(total, target.slice)
        return ast.AugAssign(place, ast.Add(), value) if is_plus else None
    call = tree.value if isinstance(tree, ast.Expr) else None
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
        return None
    if call.func.attr != "at" or not _is_of_numpy(call.func.value, "add"):
        return None
    array, *rest = call.args
    if not is_name(array, part) or part in names_in(*rest):
        return None
    return ast.Expr(ast.Call(call.func, [total, *rest], []))


def _is_of_numpy(tree: ast.expr, name: str) -> bool:
    return isinstance(tree, ast.Attribute) and ast.unparse(tree) == f"np.{name}"


def last_things_last(
    statements: list[Statement], ends: Iterable[ast.expr]
) -> list[Statement]:
    """Move what only the next step reads to the end, behind what this one reads."""
    lines = list(statements)
    for end in ends:
        mine = [s for s in lines if is_name(end, s.name)]
        if len(mine) == 1 and not any(
            mine[0].name in s.names for s in lines if s is not mine[0]
        ):
            lines = [s for s in lines if s is not mine[0]] + mine
    return lines


def in_place(
    statements: list[Statement], ends: Mapping[str, ast.expr],
    may_take: Mapping[str, set[str]],
) -> list[Statement]:  # fmt: skip
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
    moves = {c: e for c, e in ends.items() if not is_name(e, c)}
    lines = [s for s in lines if not (_defines(s) and is_name(s.value, s.name))]
    for k, c in enumerate(moves):
        later = list(moves.values())[k + 1 :]
        if c in names_in(*later):
            return [*lines, definitions(list(moves), list(moves.values()))]
    return [*lines, *(definition(c, e) for c, e in moves.items())]


def _overwritten(
    carry: str, lines: list[Statement], ends: dict[str, ast.expr], may_take: set[str]
) -> tuple[list[Statement], dict[str, ast.expr]]:
    """Let values take a carry's name from where the carry is read no more."""
    for i, line in enumerate(lines):
        own = line.binds | {line.name}
        again = any(own & (s.binds | {s.name}) & may_take for s in lines[:i])
        if again or own.isdisjoint(may_take) or line.depth:
            continue
        old = min(own & may_take)
        others = [e for c, e in ends.items() if c != carry or not is_name(e, old)]
        later = {name for s in lines[i + 1 :] for name in s.names}
        if carry in later | names_in(*others):
            continue
        lines = [*lines[:i], *(s.renamed(old, carry) for s in lines[i:])]
        ends = {c: renamed(e, old, carry) for c, e in ends.items()}
    return lines, ends


def _defines(line: Statement) -> bool:
    """Tell whether a line of the step, and not of a loop in it, names a value."""
    return line.is_definition and not line.depth
