"""Arithmetic on whole numbers in C: places of elements, and sizes.

Places are written as polynomials of letters and sizes where they are any: of
``(i*16 + j) // 16`` with j below 16 only i is left.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Mapping

from derivo.emit.c.place import LARGER, Body, size_name, size_text
from derivo.emit.expression import parsed
from derivo.errors import NotSupportedError
from derivo.graph.dim import (
    Dim,
    Size,
    divide,
    is_at_least,
    names,
    substituted,
    symbol,
)  # fmt: skip

_SIGNS: dict[type[ast.AST], str] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.FloorDiv: "/", ast.Mod: "%",
    ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==",
}  # fmt: skip
_ARITHMETIC: dict[type[ast.AST], Callable[[Dim, Dim], Dim]] = {
    ast.Add: lambda a, b: a + b, ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
}  # fmt: skip
# What changes nothing on the right.
_NEUTRAL: dict[type[ast.AST], str] = {
    ast.Add: "0", ast.Sub: "0", ast.Mult: "1", ast.FloorDiv: "1",
}  # fmt: skip
# Sizes are called so among the letters of a place.
_SIZE = "size_"


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
    ranges
        How far each letter of a loop runs.
    """

    def __init__(
        self, body: Body, element: Callable[[ast.expr], str], ranges: Mapping[str, Dim]
    ) -> None:
        self.body = body
        self.element = element
        self.ranges = {letter: _marked(d) for letter, d in ranges.items()}
        # Of parts of what is printed, which are asked for again and again.
        self.known: dict[ast.expr, Dim | None] = {}

    def print(self, tree: ast.expr) -> str:
        """Print a whole number, or a question about some.

        Raises
        ------
        NotSupportedError
            What is neither.
        """
        found = self._polynomial(tree)
        if found is not None:
            return self._written(found)
        if isinstance(tree, ast.Subscript | ast.Name):
            return f"(long){self.element(tree)}"
        if isinstance(tree, ast.BoolOp):
            sign = " && " if isinstance(tree.op, ast.And) else " || "
            return sign.join(self.print(v) for v in tree.values)
        return self._arithmetic(tree)

    def _written(self, dim: Dim) -> str:
        def called(name: str) -> str:
            if not name.startswith(_SIZE):
                return name  # the letter of a loop
            own = name.removeprefix(_SIZE)
            self.body.sizes[own] = None
            return size_name(own)

        return size_text(dim, called=called)

    def _arithmetic(self, tree: ast.expr) -> str:
        if isinstance(tree, ast.Compare):
            a, b = self.print(tree.left), self.print(tree.comparators[0])
            return f"{a} {_SIGNS[type(tree.ops[0])]} {b}"
        if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.USub):
            return f"-{bracketed(self.print(tree.operand))}"
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
        return f"{bracketed(a)} {_SIGNS[type(tree.op)]} {bracketed(b)}"

    # --- polynomials ------------------------------------------------------------------

    def _polynomial(self, tree: ast.expr) -> Dim | None:
        """Give a place as a polynomial of letters and sizes; None if it is none."""
        if tree not in self.known:
            self.known[tree] = self._read_as_polynomial(tree)
        return self.known[tree]

    def _read_as_polynomial(self, tree: ast.expr) -> Dim | None:
        if isinstance(tree, ast.Constant) and isinstance(tree.value, int):
            return int(tree.value)
        if isinstance(tree, ast.Name):
            known = tree.id in self.ranges or tree.id.startswith(_SIZE)
            return symbol(tree.id) if known else None
        if not isinstance(tree, ast.BinOp):
            return None
        a, b = self._polynomial(tree.left), self._polynomial(tree.right)
        if a is None or b is None:
            return None
        if isinstance(tree.op, ast.FloorDiv | ast.Mod):
            return self._divided(a, b, remains=isinstance(tree.op, ast.Mod))
        return _ARITHMETIC[type(tree.op)](a, b)

    def _divided(self, num: Dim, den: Dim, *, remains: bool) -> Dim | None:
        """Divide where what is left over is known to be less than the divisor."""
        even: Dim = 0
        rest: Dim = 0
        for term in _terms(num):
            part = divide(term, den)
            if part * den == term:
                even = even + part
            else:
                rest = rest + term
        least, most = self._bounds(rest)
        if is_at_least(least, 0) and is_at_least(den - most, 1):
            return rest if remains else even
        return None

    def _bounds(self, dim: Dim) -> tuple[Dim, Dim]:
        """Give what a polynomial of letters is at least, and at most."""
        least: Dim = 0
        most: Dim = 0
        for term in _terms(dim):
            first = substituted(term, dict.fromkeys(self.ranges, 0))
            last = substituted(term, {i: d - 1 for i, d in self.ranges.items()})
            if not is_at_least(last - first, 0):
                first, last = last, first
            least, most = least + first, most + last
        return least, most


class Lanes:
    """Tells what happens to a place when a letter goes from lane to lane.

    Parameters
    ----------
    letter
        It is a whole number of registers in the first lane.
    lanes
        Elements in a register.
    """

    def __init__(self, letter: str, lanes: int) -> None:
        self.letter = letter
        self.lanes = lanes

    def slope(self, tree: ast.expr) -> int | None:
        """Give 0 if the place stays, 1 if it moves along; None for anything else."""
        found = self._found(tree)
        return None if found is None else found[0]

    def is_whole(self, tree: ast.expr) -> bool:
        """Tell whether the first lane lies at a whole number of registers."""
        found = self._found(tree)
        return found is not None and found[1]

    def is_same(self, tree: ast.expr) -> bool:
        """Tell whether a place is the same in all lanes, or the answer to a question.

        Of whole numbers of registers the question which is less has one answer.
        """
        if isinstance(tree, ast.BoolOp):
            return all(map(self.is_same, tree.values))
        if not isinstance(tree, ast.Compare) or self.slope(tree) == 0:
            return self.slope(tree) == 0
        left, (right,) = tree.left, tree.comparators
        is_less = isinstance(tree.ops[0], ast.Lt | ast.GtE)
        along = self.slope(left) is not None and self.slope(right) == 0
        return is_less and along and self.is_whole(left) and self.is_whole(right)

    def _found(self, tree: ast.expr) -> tuple[int, bool] | None:
        if isinstance(tree, ast.Constant) and isinstance(tree.value, int):
            return 0, tree.value % self.lanes == 0
        if isinstance(tree, ast.Name) and tree.id == self.letter:
            return 1, True
        reads = any(
            isinstance(n, ast.Name) and n.id == self.letter for n in ast.walk(tree)
        )
        if isinstance(tree, ast.BinOp):
            a, b = self._found(tree.left), self._found(tree.right)
            if a is not None and b is not None:
                found = self._of_two(tree, a, b)
                if found is not None:
                    return found
        return None if reads else (0, False)

    def _of_two(
        self, tree: ast.BinOp, a: tuple[int, bool], b: tuple[int, bool]
    ) -> tuple[int, bool] | None:
        (slope, whole), (other, is_whole) = a, b
        if isinstance(tree.op, ast.Add):
            total = slope + other
            return (total, whole and is_whole) if total <= 1 else None
        if isinstance(tree.op, ast.Sub) and not other:
            return slope, whole and is_whole
        if isinstance(tree.op, ast.Mult) and _is_one(
            tree.left if other else tree.right
        ):
            return slope + other, whole if slope else is_whole
        if not slope + other:
            return 0, isinstance(tree.op, ast.Mult) and (whole or is_whole)
        # Of a whole number of registers, by a whole number of registers.
        divided = {ast.FloorDiv: (0, False), ast.Mod: (1, True)}
        is_even = slope and not other and whole and is_whole
        return divided.get(type(tree.op)) if is_even else None


def _is_one(tree: ast.expr) -> bool:
    return isinstance(tree, ast.Constant) and tree.value == 1


def bracketed(text: str) -> str:
    """Write a place as a factor."""
    return text if re.fullmatch(r"\w+", text) else f"({text})"


def _marked(dim: Dim) -> Dim:
    return substituted(dim, {n: symbol(f"{_SIZE}{n}") for n in names(dim)})


def _terms(dim: Dim) -> Iterable[Dim]:
    if not isinstance(dim, Size):
        return (dim,)
    return (n if not p else Size(((p, n),)) for p, n in dim.terms)
