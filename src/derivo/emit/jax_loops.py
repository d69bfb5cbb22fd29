"""Loops over numbers as `jax.lax.fori_loop`: compiled once, not step by step.

The body of ``for i in range(n)`` becomes a function of the number and of what the
steps hand on. That is possible where nothing asks what number it is: an index may be
any, but slices and shapes need numbers that are known when JAX traces.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

STATEMENTS = (ast.Assign, ast.AugAssign)


@dataclass(frozen=True)
class Turns:
    """A loop that can be compiled once.

    Attributes
    ----------
    number
        The name of the number of the step.
    start, stop
        Expressions: from which number on, and before which.
    is_reverse
        The last number comes first.
    carried
        Names that the steps hand on.
    """

    number: str
    start: str
    stop: str
    is_reverse: bool
    carried: tuple[str, ...]


def turns_of(
    loop: ast.For, function: ast.FunctionDef, lists: Iterable[str]
) -> Turns | str:
    """Read a loop; give the reason where JAX must write it out step by step.

    Parameters
    ----------
    loop
        A statement of `function`.
    function
        Tells what is known before the loop, and what is read after it.
    lists
        Names that are lists or dicts, not arrays.
    """
    call = loop.iter
    is_reverse = _is_call(call, "reversed")
    if is_reverse:
        assert isinstance(call, ast.Call)  # noqa: S101
        (call,) = call.args
    reason = _reason_against(loop, call, lists)
    carried = _carried(loop, function)
    if not reason and not carried:
        reason = "what it leaves behind is not there before"
    if reason or carried is None:
        return reason
    assert isinstance(loop.target, ast.Name)  # noqa: S101
    assert isinstance(call, ast.Call)  # noqa: S101
    *before, stop = map(ast.unparse, call.args)
    start = before[0] if before else "0"
    return Turns(loop.target.id, start, stop, is_reverse, carried)


def _reason_against(loop: ast.For, call: ast.expr, lists: Iterable[str]) -> str:
    """Say why the body of a loop cannot be a function of the number; "" if it can."""
    if not isinstance(loop.target, ast.Name) or not _is_call(call, "range"):
        return "it does not go through numbers"
    assert isinstance(call, ast.Call)  # noqa: S101
    if len(call.args) > 2 or loop.orelse:
        return "it goes in larger steps"
    if not all(isinstance(s, STATEMENTS) for s in loop.body):
        return "a step is more than assignments"
    if {n.id for n in ast.walk(loop) if isinstance(n, ast.Name)} & set(lists):
        return "it fills a list"
    number = loop.target.id
    return f"{number} is more than an index" if any(
        _asks(s, number) for s in loop.body
    ) else ""  # fmt: skip


def _is_call(tree: ast.expr, name: str) -> bool:
    return (
        isinstance(tree, ast.Call)
        and isinstance(tree.func, ast.Name)
        and tree.func.id == name
    )


def _asks(tree: ast.AST, number: str) -> bool:
    """Tell whether a statement needs to know the number of the step.

    It does not where the number is an index by itself, plus or minus another number,
    and in the question which of two values is meant.
    """
    if isinstance(tree, ast.Name):
        return tree.id == number
    if isinstance(tree, ast.Subscript):
        entries = tree.slice.elts if isinstance(tree.slice, ast.Tuple) else [tree.slice]
        return _asks(tree.value, number) or any(
            _asks(e, number) for e in entries if not _is_shifted(e, number)
        )
    if isinstance(tree, ast.IfExp):
        return _asks(tree.body, number) or _asks(tree.orelse, number) or not (
            _is_question(tree.test)
        )  # fmt: skip
    return any(_asks(part, number) for part in ast.iter_child_nodes(tree))


def _is_shifted(tree: ast.expr, number: str) -> bool:
    """Tell ``i``, ``i + 1`` and ``n - 1 - i`` from other indices."""
    if isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.Add | ast.Sub):
        return _is_shifted(tree.left, number) and _is_shifted(tree.right, number)
    if isinstance(tree, ast.Name):
        return tree.id == number
    plain = isinstance(tree, ast.Constant) and isinstance(tree.value, int)
    return plain or ".shape[" in ast.unparse(tree)


def _is_question(tree: ast.expr) -> bool:
    """Tell a comparison of numbers, ``i > 0``, from other tests."""
    return isinstance(tree, ast.Compare) and len(tree.ops) == 1


def _carried(loop: ast.For, function: ast.FunctionDef) -> tuple[str, ...] | None:
    """Give the names that one step hands to the next, or that are read afterwards.

    None: one of them has no value before the loop.
    """
    first: dict[str, bool] = {}  # name to whether a step reads it before it is assigned
    written: dict[str, None] = {}
    for statement in loop.body:
        for name in _read(statement):
            first.setdefault(name, True)
        for name in _assigned(statement):
            first.setdefault(name, False)
            written[name] = None
    inside = {id(n) for n in ast.walk(loop)}
    later = {
        n.id for n in ast.walk(function)
        if isinstance(n, ast.Name) and id(n) not in inside
        and isinstance(n.ctx, ast.Load) and n.lineno > _first_line(loop, function)
    }  # fmt: skip
    carried = tuple(n for n in written if first[n] or n in later)
    arguments = function.args
    known = {a.arg for a in (*arguments.args, *arguments.kwonlyargs)} | {
        n.id for n in ast.walk(function)
        if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
        and n.lineno < loop.lineno
    }  # fmt: skip
    return carried if known.issuperset(carried) else None


def _first_line(loop: ast.For, function: ast.FunctionDef) -> int:
    """Give the line from which on names are read after the loop.

    That is the first of the outermost loop that it stands in.
    """
    return next(
        n.lineno for n in ast.walk(function)
        if isinstance(n, ast.For | ast.While) and loop in ast.walk(n)
    )  # fmt: skip


def choices_of(tree: ast.AST, numbers: Iterable[str]) -> list[ast.IfExp]:
    """Give the choices that depend on the number of a step."""
    asked = set(numbers)
    return [
        n for n in ast.walk(tree) if isinstance(n, ast.IfExp)
        and asked & {m.id for m in ast.walk(n.test) if isinstance(m, ast.Name)}
    ]  # fmt: skip


def _read(statement: ast.stmt) -> Iterator[str]:
    """Give the names that a statement reads; a part that is written is read, too."""
    for node in ast.walk(statement):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            yield node.id
    if isinstance(statement, ast.AugAssign) and isinstance(statement.target, ast.Name):
        yield statement.target.id


def _assigned(statement: ast.stmt) -> Iterator[str]:
    """Give the names that a statement gives new values."""
    targets = statement.targets if isinstance(statement, ast.Assign) else [
        getattr(statement, "target", None)
    ]  # fmt: skip
    for target in targets:
        parts = target.elts if isinstance(target, ast.Tuple) else [target]
        for part in parts:
            whole = part.value if isinstance(part, ast.Subscript) else part
            if isinstance(whole, ast.Name):
                yield whole.id
