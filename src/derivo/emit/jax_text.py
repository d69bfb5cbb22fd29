"""Emitted NumPy text as text for JAX: the same lines under ``jax.numpy``.

Arrays of JAX are never written to. What NumPy's text writes in place is printed, from
the syntax tree of its statement, as a new array under the old name:
``x[i] += v`` as ``x = x.at[i].add(v)``. A loop over numbers is a function of a step,
see `derivo.emit.jax_loops`. All other lines stay as they are.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass

from derivo.emit.expression import written
from derivo.emit.jax_loops import Turns, choices_of, turns_of
from derivo.emit.wrap import wrapped
from derivo.errors import NotSupportedError

_ADDED: dict[type[ast.operator], str] = {
    ast.Add: "{0} = {0}.at[{1}].add({2})",
    ast.Sub: "{0} = {0}.at[{1}].subtract({2})",
    ast.Mult: "{0} = {0}.at[{1}].multiply({2})",
    ast.Div: "{0} = {0}.at[{1}].divide({2})",
}
_SET = "{0} = {0}.at[{1}].set({2})"
_WINDOWS = '''\
def sliding_window_view(x, window_shape, axis):
    """Give windows along some axes, as NumPy does: each window's axis comes last."""
    for size, k in zip(window_shape, axis, strict=True):
        first = np.arange(x.shape[k] - size + 1)
        places = first[:, None] + np.arange(size)
        x = np.moveaxis(np.take(x, places, axis=k), k + 1, -1)
    return x
'''
# What stands in for what jax.numpy lacks: the expression, and what it needs above.
_INSTEAD = {
    "np.lib.stride_tricks.sliding_window_view": ("sliding_window_view", _WINDOWS),
    "np.ndindex": ("ndindex", "from numpy import ndindex  # of sizes, not of arrays\n"),
}


@dataclass(frozen=True)
class _Edit:
    """Text that stands in place of another; lines from 1, columns in characters."""

    first: int
    start: int
    last: int
    end: int
    text: str


def jax_text(text: str) -> str:
    """Print a module that was emitted for NumPy as one for JAX.

    Parameters
    ----------
    text
        The module.

    Returns
    -------
    str
        A module with the same functions. They give the same results, and can be traced
        by ``jax.jit`` where no statement asks for the values of arrays.

    Raises
    ------
    NotSupportedError
        A statement that writes in place in a way that has no such form.
    """
    tree = ast.parse(text)
    printer = _Printer(text)
    printer.module(tree)
    return printer.text()


class _Printer:
    def __init__(self, text: str) -> None:
        self.lines = text.split("\n")
        self.edits: list[_Edit] = []
        self.needed: dict[str, None] = {}
        self.dedented: set[int] = set()
        self.lists: set[str] = set()
        self.taken = set(re.findall(r"\w+", text))
        self.function: ast.FunctionDef | None = None
        # The numbers of the steps that are compiled once.
        self.numbers: tuple[str, ...] = ()
        self.has_loops = False
        self.carried = ""  # what they call what the steps hand on

    # --- statements -------------------------------------------------------------------

    def module(self, tree: ast.Module) -> None:
        for statement in tree.body:
            self.statement(statement)

    def statement(self, tree: ast.stmt) -> None:
        """Note what is printed otherwise in a statement."""
        if isinstance(tree, ast.FunctionDef):
            outer, self.lists = self.lists, self.lists | set(_lists(tree))
            around, self.function = self.function, tree
            self.body(tree.body)
            self.lists, self.function = outer, around
        elif isinstance(tree, ast.Import | ast.ImportFrom):
            self.imported(tree)
        elif isinstance(tree, ast.If) and _refuses_values(tree):
            self.replace(tree, "# What stood here looks at values; it is tried before.")
        elif isinstance(tree, ast.With) and _sets_errors(tree):
            # JAX has no states of errors: what stands in there stands alone.
            first, last = tree.lineno, tree.body[0].lineno
            self.edits.append(_Edit(first, 0, last, 0, ""))
            self.dedented |= set(range(last, (tree.end_lineno or last) + 1))
            self.body(tree.body)
        elif isinstance(tree, ast.For) and self.function is not None:
            self.loop(tree, turns_of(tree, self.function, self.lists))
        elif isinstance(tree, ast.For | ast.If | ast.While | ast.With):
            for part in ast.iter_child_nodes(tree):
                if isinstance(part, ast.expr):
                    self.expressions(part)
            self.body(tree.body)
            self.body(getattr(tree, "orelse", []))
        else:
            self.line(tree)

    def body(self, statements: list[ast.stmt]) -> None:
        for statement in statements:
            self.statement(statement)

    def loop(self, tree: ast.For, turns: Turns | str) -> None:
        """Print a loop as a function of a step, or say why it stays as it is."""
        indent = " " * tree.col_offset
        if isinstance(turns, str):
            first, start = tree.lineno, tree.col_offset
            said = f"# JAX compiles each step of this loop by itself: {turns}."
            self.edits.append(_Edit(first, start, first, start, f"{said}\n{indent}"))
            self.expressions(tree.iter)
            self.body(tree.body)
            return
        self.has_loops = True
        name = self.fresh("turn")
        together = ", ".join(turns.carried)
        is_alone = len(turns.carried) == 1
        self.carried = self.carried or self.fresh("carried")
        given = together if is_alone else self.carried
        head = ["", f"{indent}def {name}({turns.number}, {given}):"]
        if not is_alone:
            head += wrapped(f"{indent}    {together} = {given}")
        if turns.is_reverse:
            head.append(f"{indent}    {turns.number} = {_from_the_end(turns)}")
        tail = wrapped(f"{indent}    return {together}")
        call = f"{given} = lax.fori_loop({turns.start}, {turns.stop}, {name}, {given})"
        calls = wrapped(f"{indent}{call}")
        if not is_alone:
            calls = [
                *wrapped(f"{indent}{given} = ({together})"), *calls,
                *wrapped(f"{indent}{together} = {given}"),
            ]  # fmt: skip
        tail += ["", *calls]
        end = tree.body[-1].end_lineno or 0
        width = len(self.lines[end - 1])
        # What stands behind the body is noted first: it is put in first.
        self.edits.append(_Edit(end, width, end, width, "\n".join(["", *tail])))
        last_line, column = tree.iter.end_lineno or 0, tree.iter.end_col_offset or 0
        column = _characters(self.lines[last_line - 1], column)
        colon = self.lines[last_line - 1].index(":", column) + 1
        self.edits.append(_Edit(tree.lineno, 0, last_line, colon, "\n".join(head)))
        outer, self.numbers = self.numbers, (*self.numbers, turns.number)
        self.body(tree.body)
        self.numbers = outer

    def fresh(self, wish: str) -> str:
        """Give a name that the module does not have."""
        name, number = wish, 2
        while name in self.taken:
            name, number = f"{wish}_{number}", number + 1
        self.taken.add(name)
        return name

    def imported(self, tree: ast.Import | ast.ImportFrom) -> None:
        """Import what JAX has under the same name."""
        if isinstance(tree, ast.ImportFrom):
            module = tree.module or ""
            if module.split(".")[0] not in {"numpy", "scipy"}:
                return
            text = ast.unparse(ast.ImportFrom(f"jax.{module}", tree.names, 0))
        else:
            names = [
                ast.alias(f"jax.{n.name}", n.asname or n.name)
                if n.name.split(".")[0] in {"numpy", "scipy"} else n
                for n in tree.names
            ]  # fmt: skip
            text = ast.unparse(ast.Import(names))
        self.replace(tree, text)

    def line(self, tree: ast.stmt) -> None:
        """Print a statement that writes into an array as one that makes a new array."""
        new = self.remade(tree)
        if new is None and choices_of(tree, self.numbers):
            new = tree
        if new is None:
            self.expressions(tree)
            return
        self.needed |= {name: None for name, _ in _lacking(tree)}
        new = _Instead(self.numbers).visit(new)
        code = " " * tree.col_offset + ast.unparse(new)
        self.replace(tree, "\n".join(wrapped(code)).lstrip())

    def remade(self, tree: ast.stmt) -> ast.stmt | None:
        """Give what is assigned instead; None if nothing is written in place."""
        if isinstance(tree, ast.AugAssign) and self.is_part(tree.target):
            pattern = _ADDED.get(type(tree.op))
            if pattern is None:
                message = f"`{ast.unparse(tree)}` has no form in JAX"
                raise NotSupportedError(message)
            return self.assigned(pattern, tree.target, tree.value)
        if isinstance(tree, ast.Assign) and self.is_part(tree.targets[0]):
            return self.assigned(_SET, tree.targets[0], tree.value)
        call = tree.value if isinstance(tree, ast.Expr) else None
        if not isinstance(call, ast.Call):
            return None
        if ast.unparse(call.func) == "np.add.at":
            array, index, value = call.args
            pattern = _ADDED[ast.Add]
            return _assignment(pattern, array, index, value)
        return None

    def is_part(self, target: ast.expr) -> bool:
        """Tell whether a target is a part of an array: not of a list."""
        if not isinstance(target, ast.Subscript):
            return False
        whole = target.value
        return not (isinstance(whole, ast.Name) and whole.id in self.lists)

    def assigned(self, pattern: str, target: ast.expr, value: ast.expr) -> ast.stmt:
        assert isinstance(target, ast.Subscript)  # noqa: S101
        return _assignment(pattern, target.value, target.slice, value)

    # --- expressions ------------------------------------------------------------------

    def expressions(self, tree: ast.AST) -> None:
        """Print what jax.numpy lacks otherwise; the statement stays."""
        for name, node in _lacking(tree):
            self.needed[name] = None
            self.replace(node, _INSTEAD[name][0])
        for part in ast.walk(tree):
            if isinstance(part, ast.Call) and _is_number_of_sizes(part):
                self.replace(part, ast.unparse(part.args[0]))
            for places in _listed(part):
                self.replace(places, f"np.array({ast.unparse(places)})")

    # --- text -------------------------------------------------------------------------

    def replace(self, tree: ast.stmt | ast.expr, text: str) -> None:
        assert tree.end_lineno is not None  # noqa: S101
        assert tree.end_col_offset is not None  # noqa: S101
        first, last = self.lines[tree.lineno - 1], self.lines[tree.end_lineno - 1]
        start = _characters(first, tree.col_offset)
        end = _characters(last, tree.end_col_offset)
        self.edits.append(_Edit(tree.lineno, start, tree.end_lineno, end, text))

    def text(self) -> str:
        """Give the module, edited from the end on so that places stay what they are."""
        lines = list(self.lines)
        for at in self.dedented:
            lines[at - 1] = lines[at - 1].removeprefix("    ")
        for edit in sorted(self.edits, key=lambda e: (e.first, e.start), reverse=True):
            shift = 4 if edit.first in self.dedented else 0
            start = max(edit.start - shift, 0)
            end = max(edit.end - (4 if edit.last in self.dedented else 0), 0)
            before, after = lines[edit.first - 1][:start], lines[edit.last - 1][end:]
            new = edit.text.replace("\n    ", "\n") if shift else edit.text
            lines[edit.first - 1 : edit.last] = f"{before}{new}{after}".split("\n")
        return self._with_needed("\n".join(lines))

    def _with_needed(self, text: str) -> str:
        """Put what stands in for functions of NumPy below the imports."""
        texts = [_INSTEAD[name][1] for name in self.needed]
        imports = "".join(t for t in texts if t.startswith("from "))
        if self.has_loops:
            imports = f"from jax import lax\n{imports}"
        functions = "".join(f"\n\n{t}" for t in texts if not t.startswith("from "))
        head, line, rest = text.partition("import jax.numpy as np\n")
        return f"{head}{line}{imports}{functions}{rest}"


def _from_the_end(turns: Turns) -> str:
    """Write the number of a step of a loop that goes backwards."""
    last = "{0} + {2} - 1 - {1}"
    if turns.start.isdigit():
        shift = int(turns.start) - 1
        sign = "+" if shift > 0 else "-"
        last = f"{{0}} {sign} {abs(shift)} - {{1}}" if shift else "{0} - {1}"
    operands = (turns.stop, turns.number, turns.start)
    trees = (ast.parse(o, mode="eval").body for o in operands)
    return ast.unparse(written(last, *trees))


def _lacking(tree: ast.AST) -> Iterator[tuple[str, ast.Attribute]]:
    """Give what jax.numpy lacks and a statement uses."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and ast.unparse(node) in _INSTEAD:
            yield ast.unparse(node), node


def _listed(node: ast.AST) -> list[ast.List]:
    """Give the lists in an index, as in ``x[:, [2, 1]]``: to JAX they are arrays."""
    if not isinstance(node, ast.Subscript):
        return []
    parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    return [part for part in parts if isinstance(part, ast.List)]


def _is_number_of_sizes(node: ast.Call) -> bool:
    """Tell whether a call turns what NumPy makes of sizes into a Python number.

    In JAX that is a number already, which takes the type of the arrays it meets.
    """
    return ast.unparse(node.func) == "float" and isinstance(node.args[0], ast.Call)


class _Instead(ast.NodeTransformer):
    """Writes what stands in for what jax.numpy lacks."""

    def __init__(self, numbers: tuple[str, ...]) -> None:
        self.numbers = numbers

    def visit_IfExp(self, node: ast.IfExp) -> ast.expr:
        is_choice = node in choices_of(node, self.numbers)
        self.generic_visit(node)
        if not is_choice:
            return node
        pattern = "lax.cond({0}, lambda: {1}, lambda: {2})"
        if isinstance(node.orelse, ast.Constant):
            # Both must have one type: that of the array.
            pattern = "lax.cond({0}, lambda: {1}, lambda: np.full_like({3}, {2}))"
        first = _First(self.numbers).visit(deepcopy(node.body))
        return written(pattern, node.test, node.body, node.orelse, first)

    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.generic_visit(node)
        return node.args[0] if _is_number_of_sizes(node) else node

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        places = _listed(node)
        self.generic_visit(node)
        for found in places:
            array = written("np.array({0})", found)
            if node.slice is found:
                node.slice = array
            elif isinstance(node.slice, ast.Tuple):
                parts = node.slice.elts
                parts[parts.index(found)] = array
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        name = ast.unparse(node)
        if name in _INSTEAD:
            return ast.Name(_INSTEAD[name][0])
        self.generic_visit(node)
        return node


class _First(ast.NodeTransformer):
    """Writes the first part of an array in place of the one of a step."""

    def __init__(self, numbers: tuple[str, ...]) -> None:
        self.numbers = numbers

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        return ast.Constant(0) if self._is_of_step(node) else node

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return ast.Constant(0) if node.id in self.numbers else node

    def _is_of_step(self, node: ast.expr) -> bool:
        return any(
            isinstance(n, ast.Name) and n.id in self.numbers for n in ast.walk(node)
        )


def _assignment(pattern: str, *operands: ast.expr) -> ast.stmt:
    """Write ``array = array.at[index].add(value)``."""
    array = operands[0]
    value = written(pattern.partition(" = ")[2], *operands)
    return ast.Assign([array], value, lineno=0)


def _lists(function: ast.FunctionDef) -> Iterator[str]:
    """Give the names of a function that are lists or dicts, not arrays."""
    kinds = (ast.List, ast.ListComp, ast.Dict, ast.DictComp)
    for node in ast.walk(function):
        if not isinstance(node, ast.Assign):
            continue
        (target,) = node.targets
        pairs = [(target, node.value)]
        if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
            pairs = [*zip(target.elts, node.value.elts, strict=False)]
        for name, value in pairs:
            is_repeated = isinstance(value, ast.BinOp) and isinstance(
                value.left, ast.List
            )
            if isinstance(name, ast.Name) and (isinstance(value, kinds) or is_repeated):
                yield name.id


def _refuses_values(tree: ast.If) -> bool:
    """Tell whether a statement raises an error that depends on the values of arrays."""
    asked = (
        ast.unparse(n.func) for n in ast.walk(tree.test) if isinstance(n, ast.Call)
    )
    return isinstance(tree.body[0], ast.Raise) and not {"np.any", "np.all"}.isdisjoint(
        asked
    )


def _sets_errors(tree: ast.With) -> bool:
    call = tree.items[0].context_expr
    return isinstance(call, ast.Call) and ast.unparse(call.func) == "np.errstate"


def _characters(line: str, column: int) -> int:
    """Give a place in a line in characters; syntax trees count bytes."""
    return len(line.encode()[:column].decode())
