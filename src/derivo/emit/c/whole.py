"""Arithmetic on whole numbers in C: places of elements, and sizes."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable

from derivo.emit.c.place import LARGER, Body
from derivo.emit.expression import parsed
from derivo.errors import NotSupportedError

_SIGNS: dict[type[ast.AST], str] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.FloorDiv: "/", ast.Mod: "%",
    ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==",
}  # fmt: skip
# What changes nothing on the right.
_NEUTRAL: dict[type[ast.AST], str] = {
    ast.Add: "0", ast.Sub: "0", ast.Mult: "1", ast.FloorDiv: "1",
}  # fmt: skip


def tree_of(text: str) -> ast.expr:
    """Read the text of an element or a place."""
    (statement,) = parsed(text)
    assert isinstance(statement, ast.Expr)  # noqa: S101
    return statement.value


class WholePrinter:
    """Prints places and sizes.

    Parameters
    ----------
    body
        Notes the sizes that are read.
    element
        Writes an element of an operand, where a place is read from an array.
    """

    def __init__(self, body: Body, element: Callable[[ast.expr], str]) -> None:
        self.body = body
        self.element = element

    def print(self, tree: ast.expr) -> str:
        """Print a whole number, or a question about some.

        Raises
        ------
        NotSupportedError
            What is neither.
        """
        if isinstance(tree, ast.Constant):
            return str(int(tree.value))  # type: ignore[arg-type]
        if isinstance(tree, ast.Name) and not tree.id.startswith("_"):
            return self._place_or_size(tree.id)
        if isinstance(tree, ast.Subscript | ast.Name):
            return f"(long){self.element(tree)}"
        if isinstance(tree, ast.BoolOp):
            sign = " && " if isinstance(tree.op, ast.And) else " || "
            return sign.join(self.print(v) for v in tree.values)
        return self._arithmetic(tree)

    def _place_or_size(self, name: str) -> str:
        if name.startswith("size_"):
            name = name.removeprefix("size_")
            self.body.sizes[name] = None
        return name

    def _arithmetic(self, tree: ast.expr) -> str:
        if isinstance(tree, ast.Compare):
            a, b = self.print(tree.left), self.print(tree.comparators[0])
            return f"{a} {_SIGNS[type(tree.ops[0])]} {b}"
        if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.USub):
            return f"-{_bracketed(self.print(tree.operand))}"
        if isinstance(tree, ast.Call) and isinstance(tree.func, ast.Name):
            given = ", ".join(self.print(a) for a in tree.args)
            return f"{LARGER.get(tree.func.id, tree.func.id)}({given})"
        if not isinstance(tree, ast.BinOp):
            message = f"has no form in C ({ast.unparse(tree)})"
            raise NotSupportedError(message)
        a, b = self.print(tree.left), self.print(tree.right)
        if b == _NEUTRAL.get(type(tree.op)):
            return a
        if a == "0" and isinstance(tree.op, ast.Add):
            return b
        return f"{_bracketed(a)} {_SIGNS[type(tree.op)]} {_bracketed(b)}"


def _bracketed(text: str) -> str:
    return text if re.fullmatch(r"\w+", text) else f"({text})"
