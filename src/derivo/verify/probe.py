"""A function of the user's with every value it assigns seen, and changed if asked."""

from __future__ import annotations

import ast
import copy
import inspect
import linecache
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import FunctionType, MethodType
from typing import Any

import numpy as np

from derivo.graph.node import Line

_PROBE = "__derivo_probe"
_OUTER = "__derivo_outer"


@dataclass(frozen=True)
class Place:
    """A value that the function assigns or returns.

    Attributes
    ----------
    number
        Counts the places of the function.
    name
        What is assigned to; "" in a return.
    line
        The statement.
    statement
        Where the statement is in the function's tree, counted as `statements` does.
    """

    number: int
    name: str
    line: Line
    statement: int


@dataclass
class Probed:
    """The user's function, recompiled so that it shows its values.

    Attributes
    ----------
    function
        The user's function.
    tree
        Its definition.
    """

    function: FunctionType
    tree: ast.FunctionDef
    places: list[Place] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.owner: Any = None
        self._seen: dict[int, list[Any]] = {}
        self._changed: Mapping[int, Any] = {}
        self.run_probed = self.compile(self.tree)

    def compile(self, tree: ast.FunctionDef) -> Callable[..., Any]:
        """Compile a definition that takes the function's place, with probes."""
        self.places = []
        body = copy.deepcopy(tree)
        for number, statement in enumerate(statements(body)):
            self._watch(statement, number)
        body.body = _spliced(body.body)
        return self.built(self.module(body))

    def module(self, body: ast.FunctionDef) -> ast.Module:
        """Put a definition into a function that gives it its surroundings."""
        free = self.function.__code__.co_freevars
        names = [ast.arg(n) for n in (_PROBE, *free)]
        body.decorator_list, body.returns = [], None
        body.args.defaults = []
        body.args.kw_defaults = [None] * len(body.args.kwonlyargs)
        outer = ast.FunctionDef(
            _OUTER,
            ast.arguments(posonlyargs=[], args=names, kwonlyargs=[], kw_defaults=[],
                          defaults=[]),
            [body, ast.Return(ast.Name(body.name, ast.Load()))], [], None,
        )  # fmt: skip
        return ast.fix_missing_locations(ast.Module([outer], []))

    def built(self, module: ast.Module) -> Callable[..., Any]:
        """Compile what `module` gave."""
        space: dict[str, Any] = {}
        file = self.function.__code__.co_filename
        exec(compile(module, file, "exec"), self.function.__globals__, space)  # noqa: S102
        cells = [c.cell_contents for c in self.function.__closure__ or ()]
        made: FunctionType = space[_OUTER](self._probe, *cells)
        made.__defaults__ = self.function.__defaults__
        made.__kwdefaults__ = self.function.__kwdefaults__
        return made

    def _probe(self, number: int, value: Any) -> Any:
        if number in self._changed:
            value = np.copy(self._changed[number])[()]  # it may be written to
        kept = value.copy() if isinstance(value, np.ndarray) else value
        self._seen.setdefault(number, []).append(kept)
        return value

    def run(
        self, arguments: Mapping[str, Any], changed: Mapping[int, Any] | None = None,
        function: Callable[..., Any] | None = None,
    ) -> tuple[Any, dict[int, list[Any]]]:  # fmt: skip
        """Run on arguments by name, with some values replaced as they are assigned.

        Returns
        -------
        result, seen
            What the function returns, and for each place what came by, in order.
        """
        self._seen, self._changed = {}, changed or {}
        given = {k: copy.deepcopy(v) for k, v in arguments.items()}
        owner = [] if self.owner is None else [self.owner]
        run = function or self.run_probed
        only = [a.arg for a in self.tree.args.posonlyargs][len(owner) :]
        first = [given.pop(k) for k in only]
        return run(*owner, *first, **given), self._seen

    def seen_by_name(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Give the last value of each name that is assigned."""
        seen = self.seen(arguments)
        return {p.name: seen[p.number][-1] for p in self.places
                if p.name and p.number in seen}  # fmt: skip

    def seen(self, arguments: Mapping[str, Any]) -> dict[int, list[Any]]:
        """Give what comes by at each place, up to an error if there is one."""
        try:
            return self.run(arguments)[1]
        except Exception:  # noqa: BLE001  it is the user's code
            return self._seen

    def _watch(self, statement: ast.stmt, number: int) -> None:
        """Put a probe behind each assignment, and around each returned value."""
        after: list[ast.stmt] = []
        if isinstance(statement, ast.Return) and statement.value is not None:
            self._watch_return(statement, number)
        elif isinstance(statement, ast.Assign | ast.AugAssign | ast.AnnAssign):
            if isinstance(statement, ast.Assign):
                targets = statement.targets
            else:
                targets = [statement.target]
            for name in dict.fromkeys(n for t in targets for n in _names(t)):
                value = self._wrapped(
                    ast.Name(name, ast.Load()), statement, number, name
                )
                after.append(ast.Assign([ast.Name(name, ast.Store())], value))
        statement.derivo_after = after  # type: ignore[attr-defined]

    def _watch_return(self, statement: ast.Return, number: int) -> None:
        value = statement.value
        if isinstance(value, ast.Tuple | ast.List):
            value.elts = [
                e if isinstance(e, ast.Name | ast.Starred)
                else self._wrapped(e, statement, number, "")
                for e in value.elts
            ]  # fmt: skip
        elif isinstance(value, ast.Dict):
            value.values = [
                self._wrapped(e, statement, number, "") for e in value.values
            ]
        elif not isinstance(value, ast.Name) and value is not None:
            statement.value = self._wrapped(value, statement, number, "")

    def _wrapped(
        self, value: ast.expr, statement: ast.stmt, number: int, name: str
    ) -> ast.expr:
        code = self.function.__code__
        first = getattr(value, "lineno", statement.lineno)
        text = linecache.getline(code.co_filename, first).strip()
        line = Line(code.co_filename, first, self.function.__name__, text)
        k = len(self.places)
        self.places.append(Place(k, name, line, number))
        call = ast.Call(ast.Name(_PROBE, ast.Load()), [ast.Constant(k), value], [])
        return ast.copy_location(call, statement)


def statements(tree: ast.AST) -> Iterator[ast.stmt]:
    """Give the statements of a function in the order of its text, not of inner ones."""
    for block in ("body", "orelse", "handlers", "finalbody"):
        for inner in getattr(tree, block, ()):
            if isinstance(inner, ast.stmt):
                yield inner
            if not isinstance(inner, ast.FunctionDef | ast.ClassDef):
                yield from statements(inner)


class Changeable:
    """A definition whose statements can be exchanged one at a time."""

    def __init__(self, probed: Probed, tree: ast.FunctionDef) -> None:
        self.probed = probed
        self.tree = copy.deepcopy(tree)
        self._module = probed.module(self.tree)
        self.places = [
            (block, block.index(s))
            for s in statements(self.tree)
            for block in [_block_of(self.tree, s)]
        ]

    def compiled(self, number: int, new: ast.stmt) -> Callable[..., Any]:
        """Compile with one statement replaced."""
        block, place = self.places[number]
        old, block[place] = block[place], new
        try:
            return self.probed.built(self._module)
        finally:
            block[place] = old

    def changed(self, number: int, new: ast.stmt) -> ast.FunctionDef:
        """Give the definition with one statement replaced."""
        block, place = self.places[number]
        old, block[place] = block[place], new
        made = copy.deepcopy(self.tree)
        block[place] = old
        return made


def _block_of(tree: ast.AST, statement: ast.stmt) -> list[ast.stmt]:
    """Find the list that a statement stands in."""
    for parent in ast.walk(tree):
        for name in ("body", "orelse", "finalbody"):
            block = getattr(parent, name, None)
            if isinstance(block, list) and any(s is statement for s in block):
                return block
    raise LookupError(statement)


def _spliced(block: list[ast.stmt]) -> list[ast.stmt]:
    """Put the probes behind their statements."""
    result: list[ast.stmt] = []
    for statement in block:
        if not isinstance(statement, ast.FunctionDef | ast.ClassDef):
            for inner in ("body", "orelse", "finalbody"):
                if getattr(statement, inner, None):
                    setattr(statement, inner, _spliced(getattr(statement, inner)))
        result += [statement, *getattr(statement, "derivo_after", [])]
    return result


def _names(target: ast.expr) -> list[str]:
    if isinstance(target, ast.Name):
        return [target.id]
    if isinstance(target, ast.Tuple | ast.List):
        return [n for t in target.elts for n in _names(t)]
    if isinstance(target, ast.Subscript | ast.Starred):
        return _names(target.value)
    return []


def probed(function: Callable[..., Any]) -> Probed | None:
    """Read a function's source and recompile it with probes; None if that fails."""
    owner = None
    if isinstance(function, MethodType):
        owner, function = function.__self__, function.__func__
    if not isinstance(function, FunctionType):
        return None
    try:
        tree = _definition(function)
        if tree is None:
            return None
        found = Probed(function, tree)
    except (OSError, SyntaxError, TypeError, ValueError, NameError):
        return None
    found.owner = owner
    return found


def _definition(function: FunctionType) -> ast.FunctionDef | None:
    """Find the function's definition in its file."""
    code = function.__code__
    lines = linecache.getlines(code.co_filename) or inspect.findsource(function)[0]
    tree = ast.parse("".join(lines))
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name == code.co_name:
            first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
            if first == code.co_firstlineno and not _is_generator(node):
                return node
    alike = [
        n for n in ast.walk(tree)
        if isinstance(n, ast.Lambda) and n.body.lineno <= _first_line(code)
        <= (n.body.end_lineno or n.body.lineno)
        and [a.arg for a in n.args.args] == list(code.co_varnames[: code.co_argcount])
    ]  # fmt: skip
    if code.co_name != "<lambda>" or len(alike) != 1:
        return None
    found = alike[0]
    body = ast.copy_location(ast.Return(found.body), found.body)
    made = ast.FunctionDef("backward", found.args, [body], [], None)
    return ast.copy_location(made, found)


def _first_line(code: Any) -> int:
    lines = [line for *_, line in code.co_lines() if line]
    return int(lines[-1]) if lines else int(code.co_firstlineno)


def _is_generator(node: ast.FunctionDef) -> bool:
    return any(
        isinstance(n, ast.Yield | ast.YieldFrom | ast.Await) for n in ast.walk(node)
    )
