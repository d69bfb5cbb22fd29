"""From the text of one element to JavaScript: Python's syntax trees, printed.

What an operation means for one element is said once, in its record, in Python's words.
Here these words are written as JavaScript has them.
"""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections.abc import Callable
from typing import Any

from derivo.errors import InternalError

# How strongly an expression holds together, by the grammar of JavaScript.
CHOICE, OR, AND, BIT_OR, BIT_XOR, BIT_AND, EQUAL, ORDER, SUM, PRODUCT = range(2, 12)
POWER, UNARY, CALL = 14, 15, 18

_OPERATORS: dict[type, tuple[str, int]] = {
    ast.Add: ("+", SUM), ast.Sub: ("-", SUM), ast.Mult: ("*", PRODUCT),
    ast.Div: ("/", PRODUCT), ast.Pow: ("**", POWER), ast.BitAnd: ("&", BIT_AND),
    ast.BitOr: ("|", BIT_OR), ast.BitXor: ("^", BIT_XOR), ast.And: ("&&", AND),
    ast.Or: ("||", OR), ast.Eq: ("==", EQUAL), ast.NotEq: ("!=", EQUAL),
    ast.Lt: ("<", ORDER), ast.LtE: ("<=", ORDER), ast.Gt: (">", ORDER),
    ast.GtE: (">=", ORDER), ast.USub: ("-", UNARY), ast.UAdd: ("+", UNARY),
    ast.Not: ("!", UNARY), ast.Invert: ("!", UNARY),
}  # fmt: skip
_CALLED: dict[type, str] = {ast.Mod: "R.mod", ast.FloorDiv: "R.floorDivide"}
# What NumPy's functions of numbers are called; the others have the name in `Math`.
_NAMES = {
    "arcsin": "Math.asin", "arccos": "Math.acos", "arctan": "Math.atan",
    "arcsinh": "Math.asinh", "arccosh": "Math.acosh", "arctanh": "Math.atanh",
    "arctan2": "Math.atan2", "maximum": "Math.max", "minimum": "Math.min",
    "rint": "R.rint", "round": "R.roundTo", "isnan": "Number.isNaN",
    "isfinite": "Number.isFinite", "logaddexp": "R.logAddExp", "fmax": "R.fmax",
    "fmin": "R.fmin", "clip": "R.clip", "signbit": "R.isNegative",
    "copysign": "R.copySign", "fmod": "R.remainder",
    "nan_to_num": "R.nanToNum",
}  # fmt: skip
# Those that are an expression in JavaScript, in Python's words.
_SPELLED = {
    "exp2": "2.0 ** {0}", "deg2rad": "{0} * (np.pi / 180)",
    "rad2deg": "{0} * (180 / np.pi)", "isinf": "abs({0}) == np.inf",
    "ones_like": "1", "zeros_like": "0", "where": "{1} if {0} else {2}",
}  # fmt: skip
# Functions that JavaScript has in `Math` by the name they have in NumPy.
_IN_MATH_TEXT = """
abs cbrt ceil cos cosh exp expm1 floor hypot log log10 log1p log2 sign sin sinh sqrt tan
tanh trunc
"""
_IN_MATH = frozenset(_IN_MATH_TEXT.split())
_CONSTANTS = {"pi": "Math.PI", "inf": "Infinity", "nan": "NaN"}


class Printer:
    """Prints Python expressions as JavaScript."""

    def __call__(self, tree: ast.expr) -> str:
        """Print an expression."""
        return self.print(tree)[0]

    def at_least(self, tree: ast.expr, level: int) -> str:
        """Print an operand, in brackets if it holds together less strongly."""
        text, own = self.print(tree)
        return text if own >= level else f"({text})"

    def print(self, tree: ast.expr) -> tuple[str, int]:
        """Print an expression; tell how strongly it holds together."""
        printer: Callable[[Any], tuple[str, int]] | None
        printer = getattr(self, f"_{type(tree).__name__.lower()}", None)
        if printer is None:
            message = f"no JavaScript for {ast.unparse(tree)}"
            raise InternalError(message)
        text, level = printer(tree)
        return text, level

    def _constant(self, tree: ast.Constant) -> tuple[str, int]:
        value = tree.value
        if value is None or isinstance(value, bool):
            return {None: "null", True: "true", False: "false"}[value], CALL
        if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
            return str(int(value)), CALL
        return (f'"{value}"' if isinstance(value, str) else repr(value)), CALL

    def _name(self, tree: ast.Name) -> tuple[str, int]:
        return tree.id, CALL

    def _attribute(self, tree: ast.Attribute) -> tuple[str, int]:
        return _CONSTANTS[tree.attr], CALL

    def _binop(self, tree: ast.BinOp) -> tuple[str, int]:
        name = _CALLED.get(type(tree.op))
        if name:
            return f"{name}({self(tree.left)}, {self(tree.right)})", CALL
        sign, level = _OPERATORS[type(tree.op)]
        if isinstance(tree.op, ast.Pow):  # a minus sign below a power needs brackets
            left, right = (
                self.at_least(tree.left, CALL),
                self.at_least(tree.right, level),
            )
        else:
            left = self.at_least(tree.left, level)
            right = self.at_least(tree.right, level + 1)
        return f"{left} {sign} {right}", level

    def _unaryop(self, tree: ast.UnaryOp) -> tuple[str, int]:
        sign, level = _OPERATORS[type(tree.op)]
        inner = self.at_least(tree.operand, level)
        return f"{sign}({inner})" if inner.startswith(sign) else sign + inner, level

    def _boolop(self, tree: ast.BoolOp) -> tuple[str, int]:
        sign, level = _OPERATORS[type(tree.op)]
        return f" {sign} ".join(self.at_least(v, level + 1) for v in tree.values), level

    def _compare(self, tree: ast.Compare) -> tuple[str, int]:
        (op,), (right,) = tree.ops, tree.comparators
        sign, level = _OPERATORS[type(op)]
        left = self.at_least(tree.left, level + 1)
        return f"{left} {sign} {self.at_least(right, level + 1)}", level

    def _ifexp(self, tree: ast.IfExp) -> tuple[str, int]:
        parts = (
            self.at_least(tree.test, OR), self.at_least(tree.body, OR),
            self.at_least(tree.orelse, CHOICE),
        )  # fmt: skip
        return "{} ? {} : {}".format(*parts), CHOICE

    def _call(self, tree: ast.Call) -> tuple[str, int]:
        function, values = tree.func, [*tree.args, *(k.value for k in tree.keywords)]
        if isinstance(function, ast.Attribute) and function.attr == "astype":
            return self.print(function.value)
        if isinstance(function, ast.Name):
            if function.id in ("_dtype", "float"):
                return self.print(values[0])
            words = ("abs", "min", "max")
            name = f"Math.{function.id}" if function.id in words else function.id
            return f"{name}({', '.join(map(self, values))})", CALL
        name = function.attr  # type: ignore[attr-defined]
        if name in _SPELLED:
            return self.print(filled(_SPELLED[name], dict(enumerate(values))))
        if name == "round" and len(values) == 1:
            name = "rint"
        name = _NAMES.get(name, f"Math.{name}")
        return f"{name}({', '.join(map(self, values))})", CALL

    def _tuple(self, tree: ast.Tuple) -> tuple[str, int]:
        return f"[{', '.join(map(self, tree.elts))}]", CALL

    def _subscript(self, tree: ast.Subscript) -> tuple[str, int]:
        row, at = self.at_least(tree.value, CALL), tree.slice
        if isinstance(at, ast.Tuple) and not at.elts:
            return self.print(tree.value)  # [()] gives a number as a number
        if isinstance(at, ast.Slice) and at.step is not None:  # [:0:-1]
            return f"{row}.slice(1).reverse()", CALL
        return f"{row}[{self(at)}]", CALL


write = Printer()


def filled(text: str, values: dict[int, ast.expr]) -> ast.expr:
    """Fill expressions into the text of another, as ``{0}``."""
    named = text
    for k in values:
        named = named.replace(f"{{{k}}}", f"_{k}")
    filling = _Filling({f"_{k}": v for k, v in values.items()})
    result: ast.expr = filling.visit(ast.parse(named, mode="eval").body)
    return result


class _Filling(ast.NodeTransformer):
    def __init__(self, values: dict[str, ast.expr]) -> None:
        self.values = values

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self.values.get(node.id, node)


def is_of_numbers(text: str) -> bool:
    """Tell whether NumPy's text of an operation can be read as one of numbers."""
    called = re.findall(r"np\.(\w+)\(", text)
    return all(c in _NAMES or c in _SPELLED or c in _IN_MATH for c in called)


# --- functions of several lines ------------------------------------------------------


def function(of: Callable[..., Any]) -> str:
    """Write a function of numbers: one of plain arithmetic, sums and simple loops."""
    (tree,) = ast.parse(textwrap.dedent(inspect.getsource(of))).body
    if not isinstance(tree, ast.FunctionDef):
        message = f"{of} is not written as a function"
        raise InternalError(message)
    given = [a.arg for a in tree.args.args]
    own = dict.fromkeys(
        n.id for n in ast.walk(tree)
        if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
    )  # fmt: skip
    for name in given:
        own.pop(name, None)
    lines = [f"function {tree.name}({', '.join(given)}) {{"]
    lines += [f"  let {', '.join(own)};"] if own else []
    for statement in tree.body:
        lines += [f"  {line}" for line in _statement(statement)]
    return "\n".join([*lines, "}"])


def _statement(tree: ast.stmt) -> list[str]:
    match tree:
        case ast.Expr():
            return []  # the docstring
        case ast.Return(value=ast.expr() as value):
            return [f"return {write(value)};"]
        case ast.Assign(targets=targets, value=value):
            left = " = ".join(write(t) for t in targets)
            return [f"{left} = {write(value)};"]
        case ast.AugAssign(target=target, op=op, value=value):
            return [f"{write(target)} {_OPERATORS[type(op)][0]}= {write(value)};"]
        case ast.With(body=body):
            return [line for s in body for line in _statement(s)]
        case ast.For():
            return _loop(tree)
        case _:
            message = f"no JavaScript for {ast.unparse(tree)}"
            raise InternalError(message)


def _loop(tree: ast.For) -> list[str]:
    inner = [f"  {line}" for s in tree.body for line in _statement(s)]
    call = tree.iter
    if isinstance(call, ast.Call) and isinstance(call.func, ast.Name):
        arguments = [write(a) for a in call.args]
        if call.func.id == "range":
            k = write(tree.target)
            start, stop = (["0", *arguments])[-2:]
            return [f"for ({k} = {start}; {k} < {stop}; {k}++) {{", *inner, "}"]
        k, value = (write(t) for t in tree.target.elts)  # type: ignore[attr-defined]
        count = [f"  {k}++;"]
        row, first = arguments
        head = [f"{k} = {first} - 1;", f"for ({value} of {row}) {{"]
        return [*head, *count, *inner, "}"]
    return [f"for ({write(tree.target)} of {write(call)}) {{", *inner, "}"]
