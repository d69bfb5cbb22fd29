"""Emitted NumPy text as text for JAX: the same lines under ``jax.numpy``.

Arrays of JAX are never written to. What NumPy's text writes in place is printed, from
the syntax tree of its statement, as a new array under the old name:
``x[i] += v`` as ``x = x.at[i].add(v)``. All other lines stay as they are.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from derivo.emit.expression import written
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

    # --- statements -------------------------------------------------------------------

    def module(self, tree: ast.Module) -> None:
        for statement in tree.body:
            self.statement(statement)

    def statement(self, tree: ast.stmt) -> None:
        """Note what is printed otherwise in a statement."""
        if isinstance(tree, ast.FunctionDef):
            outer, self.lists = self.lists, self.lists | set(_lists(tree))
            self.body(tree.body)
            self.lists = outer
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
        if new is None:
            self.expressions(tree)
            return
        self.needed |= {name: None for name, _ in _lacking(tree)}
        code = " " * tree.col_offset + ast.unparse(_Instead().visit(new))
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
        functions = "".join(f"\n\n{t}" for t in texts if not t.startswith("from "))
        head, line, rest = text.partition("import jax.numpy as np\n")
        return f"{head}{line}{imports}{functions}{rest}"


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
