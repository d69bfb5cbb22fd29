"""Lines of emitted source as data: names and expressions until they are printed."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from derivo.emit.expression import fill
from derivo.graph.builder import Constant
from derivo.graph.node import Node

INDENT = "    "
LONGEST_OF_LISTS = 76
MOST_IN_A_LIST = 6


@dataclass(frozen=True)
class Statement:
    """A line of code, and the value it computes.

    Attributes
    ----------
    tree
        An assignment, an addition to a value, a call, an error that is raised, or the
        head of a loop or a condition (an ``ast.For`` or ``ast.If`` without a body: what
        follows one step deeper is the body).
    node
        The value that the line is about; None where a line before it said so.
    name
        Name of the value that it computes or helps to compute; empty for lines that
        write into an array of every step, or add to a sum over the steps.
    depth
        In how many loops the line stands.
    """

    tree: ast.stmt
    node: Node | None = None
    name: str = ""
    depth: int = 0

    @property
    def target(self) -> ast.expr | None:
        """What is written to, if there is one place."""
        if isinstance(self.tree, ast.Assign):
            return self.tree.targets[0]
        return self.tree.target if isinstance(self.tree, ast.AugAssign) else None

    @property
    def value(self) -> ast.expr | None:
        """What is written there."""
        is_written = isinstance(self.tree, ast.Assign | ast.AugAssign)
        return self.tree.value if is_written else None  # type: ignore[attr-defined]

    @cached_property
    def binds(self) -> frozenset[str]:
        """The names that the line gives to values, one or several in tuples."""
        return frozenset(_names_bound(self.target))

    @property
    def is_definition(self) -> bool:
        """Whether the line gives its value a name: ``name = ...``."""
        return isinstance(self.tree, ast.Assign) and is_name(self.target, self.name)

    @cached_property
    def names(self) -> frozenset[str]:
        """Every name that stands in the line."""
        return names_in(self.tree)

    @cached_property
    def reads(self) -> frozenset[str]:
        """The names whose values the line needs."""
        if isinstance(self.tree, ast.Assign):
            places = (n for t in self.tree.targets for n in ast.walk(t))
            indices = [n.slice for n in places if isinstance(n, ast.Subscript)]
            return names_in(self.tree.value, *indices)
        return (
            names_in(self.tree.iter) if isinstance(self.tree, ast.For) else self.names
        )

    def renamed(self, old: str, new: str) -> Statement:
        """Call one name otherwise."""
        if old not in self.names:
            return self
        name = new if self.name == old else self.name
        return replace(self, tree=renamed(self.tree, old, new), name=name)

    def with_value(self, value: ast.expr) -> Statement:
        """Write something else to the same place."""
        assert isinstance(self.tree, ast.Assign | ast.AugAssign)  # noqa: S101
        if isinstance(self.tree, ast.Assign):
            return replace(self, tree=ast.Assign(self.tree.targets, value))
        tree = ast.AugAssign(self.tree.target, self.tree.op, value)
        return replace(self, tree=tree)

    def deeper(self) -> Statement:
        """Move the line into a loop."""
        return replace(self, depth=self.depth + 1)

    @cached_property
    def code(self) -> str:
        """The line as text."""
        return INDENT * self.depth + _text(self.tree)


def _names_bound(target: ast.expr | None) -> Iterator[str]:
    if isinstance(target, ast.Name):
        yield target.id
    elif isinstance(target, ast.Tuple | ast.List):
        for part in target.elts:
            yield from _names_bound(part)


def definition(name: str, value: ast.expr, node: Node | None = None) -> Statement:
    """Give a value a name: ``name = value``."""
    return Statement(ast.Assign([ast.Name(name)], value), node, name)


def definitions(
    names: Sequence[str], values: ast.expr | Sequence[ast.expr]
) -> Statement:
    """Name several values in one line: ``a, b = saved``, ``a, b = b, a``."""
    value = values if isinstance(values, ast.expr) else ast.Tuple(list(values))
    return Statement(ast.Assign([ast.Tuple([ast.Name(n) for n in names])], value))


def append(name: str, value: ast.expr) -> Statement:
    """Put a value at the end of a list."""
    call = ast.Call(ast.Attribute(ast.Name(name), "append"), [value], [])
    return Statement(ast.Expr(call))


def insert_first(name: str, value: ast.expr) -> Statement:
    """Put a value at the beginning of a list."""
    call = ast.Call(
        ast.Attribute(ast.Name(name), "insert"), [ast.Constant(0), value], []
    )
    return Statement(ast.Expr(call))


def tuple_of(parts: Sequence[ast.expr]) -> ast.expr:
    """Write several values as a tuple, and one as itself."""
    return parts[0] if len(parts) == 1 else ast.Tuple(list(parts))


def empty_lists_together(statements: Sequence[Statement]) -> list[Statement]:
    """Write ``a = []`` and ``b = []``, one after the other, as ``a, b = [], []``."""
    lines: list[Statement] = []
    for s in statements:
        before = lines[-1] if lines else s
        if (
            lines
            and _makes_lists(s)
            and _makes_lists(before)
            and s.depth == before.depth
        ):
            names = [*_names_made(before), *_names_made(s)]
            empty = [ast.List([]) for _ in names]
            together = replace(definitions(names, empty), depth=s.depth)
            if len(together.code) <= LONGEST_OF_LISTS:
                lines[-1] = together
                continue
        lines.append(s)
    return lines


def _makes_lists(line: Statement) -> bool:
    """Tell whether a line gives names to empty lists, and does nothing else."""
    value = line.value
    parts = value.elts if isinstance(value, ast.Tuple) else [value]
    return isinstance(line.tree, ast.Assign) and all(
        isinstance(p, ast.List) and not p.elts for p in parts
    )


def _names_made(line: Statement) -> list[str]:
    target = line.target
    parts = target.elts if isinstance(target, ast.Tuple) else [target]
    return [p.id for p in parts if isinstance(p, ast.Name)]


def names_in(*trees: ast.AST) -> frozenset[str]:
    """Give the names that stand in expressions or statements."""
    nodes = (n for tree in trees for n in ast.walk(tree))
    return frozenset(n.id for n in nodes if isinstance(n, ast.Name))


def is_name(tree: ast.AST | None, name: str) -> bool:
    """Tell whether an expression is a name alone, and this one."""
    return isinstance(tree, ast.Name) and tree.id == name


def renamed(tree: Any, old: str, new: str) -> Any:
    """Copy an expression or a statement with one name exchanged."""
    return fill(tree, {old: ast.Name(new)}, frozenset())


def listed(parts: Iterable[str], *, bare: bool = False) -> str:
    """Write a tuple; a bare one has brackets only where the grammar wants them."""
    parts = list(parts)
    if len(parts) == 1:
        return f"({parts[0]},)"
    return ", ".join(parts) if bare else f"({', '.join(parts)})"


def is_number(node: Node) -> bool:
    """Tell whether a value is a number that is written where it is read."""
    return node.op.name in ("constant", "size") and not node.spec.rank


def is_short_array(node: Node) -> bool:
    """Tell whether a value is a row of a few whole numbers that are known."""
    value = node.attrs.get("value")
    return (
        isinstance(value, Constant)
        and value.array.dtype.kind == "i"
        and value.array.ndim == 1
        and 0 < value.array.size <= MOST_IN_A_LIST
    )


def _text(tree: ast.stmt) -> str:
    if isinstance(tree, ast.Assign):
        (target,) = tree.targets
        if isinstance(target, ast.Tuple):
            return f"{_bare(target)} = {_bare(tree.value)}"
        return f"{ast.unparse(target)} = {ast.unparse(tree.value)}"
    if isinstance(tree, ast.AugAssign) and isinstance(tree.op, ast.Add):
        value = tree.value
        if isinstance(value, ast.UnaryOp) and isinstance(value.op, ast.USub):
            return f"{ast.unparse(tree.target)} -= {ast.unparse(value.operand)}"
    if isinstance(tree, ast.If) and not tree.body:
        return f"if {ast.unparse(tree.test)}:"
    if isinstance(tree, ast.For):
        return f"for {_bare(tree.target)} in {ast.unparse(tree.iter)}:"
    return ast.unparse(tree)


def _bare(tree: ast.expr) -> str:
    if isinstance(tree, ast.Tuple):
        return listed(map(ast.unparse, tree.elts), bare=True)
    return ast.unparse(tree)


def _read_for_others(line: Statement) -> frozenset[str]:
    """Give what a line reads; what fills places of an array reads it for nobody."""
    return line.reads if line.is_definition else line.reads - {line.name}


def without_unread(
    statements: Iterable[Statement], results: Iterable[str]
) -> list[Statement]:
    """Leave out definitions of values that nothing reads, and the results neither.

    A value may have been computed for its size, which is then read off another one.
    """
    wanted = names_in(*(ast.parse(r, mode="eval") for r in results))
    kept = list(statements)
    while True:
        read = wanted.union(*(_read_for_others(s) for s in kept))
        left = [s for s in kept if not s.name or s.name in read]
        if len(left) == len(kept):
            return left
        kept = left
