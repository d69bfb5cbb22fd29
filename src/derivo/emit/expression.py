"""From a node to a Python expression, by filling in its operation's own text.

Expressions are Python's syntax trees, so brackets follow from the grammar: no text is
looked at to decide them.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from derivo.graph.dim import Size
from derivo.graph.node import Node
from derivo.graph.op import fields, python_names


@lru_cache(maxsize=4096)
def parsed(text: str) -> tuple[ast.stmt, ...]:
    """Parse an operation's text; the trees are shared and must not be changed."""
    return tuple(ast.parse(python_names(text)).body)


class _Fill(ast.NodeTransformer):
    """Replaces fields by expressions; leaves out keywords that have their default."""

    def __init__(self, values: Mapping[str, Any], defaults: frozenset[str]) -> None:
        self.values = values
        self.defaults = defaults

    def visit_Name(self, node: ast.Name) -> ast.expr:
        value = self.values.get(node.id, node)
        filled: ast.expr = value() if callable(value) else value
        return filled

    def visit_Call(self, node: ast.Call) -> ast.expr:
        kept = [
            k for k in node.keywords
            if not (isinstance(k.value, ast.Name) and k.value.id in self.defaults)
        ]  # fmt: skip
        call = ast.Call(node.func, node.args, kept)
        self.generic_visit(call)
        return call


def fill(tree: Any, values: Mapping[str, Any], defaults: frozenset[str]) -> Any:
    """Copy a parsed text with its fields filled in."""
    return _Fill(values, defaults).visit(_copy(tree))


def written(text: str, *operands: ast.expr) -> ast.expr:
    """Write an expression by its pattern: ``written("{0}[{1}]", array, t)``."""
    values = {f"_{k}": e for k, e in enumerate(operands)}
    expression: ast.expr = fill(parsed(text)[0], values, frozenset()).value
    return expression


def _copy(tree: Any) -> Any:
    if isinstance(tree, ast.AST):
        return type(tree)(
            **{name: _copy(getattr(tree, name, None)) for name in tree._fields}
        )
    return [_copy(t) for t in tree] if isinstance(tree, list) else tree


def field_values(
    node: Node, operands: list[ast.expr], scope: Any, out: str | None = None
) -> tuple[dict[str, Any], frozenset[str]]:
    """Give what the fields of a node's text stand for, and those left at default."""
    values: dict[str, Any] = {f"_{i}": e for i, e in enumerate(operands)}
    defaults = set()
    for name, value in fields(node.attrs).items():
        if name == "shape":
            values["_shape"] = lambda value=value: scope.shape(value)
        else:
            values[f"_{name}"] = lambda value=value: literal(value, scope)
        usual = node.op.attrs.get(name)
        if type(value) is type(usual) and value == usual and name != "shape":
            defaults.add(f"_{name}")
    values["_dtype"] = scope.dtype
    if out is not None:
        values["_out"] = ast.Name(out)
    return values, frozenset(defaults)


def literal(value: Any, scope: Any) -> ast.expr:
    """Write the value of an attribute; dimensions are read off an array at hand."""
    if isinstance(value, Size):
        size: ast.expr = scope.dim(value)
        return size
    if isinstance(value, tuple):
        return ast.Tuple([literal(v, scope) for v in value], ast.Load())
    if isinstance(value, int | float) and not isinstance(value, bool):
        return number(value)
    return ast.Constant(value)


# Numbers that a person writes by what they are; each is a Python float, as the number.
_KNOWN: dict[float, str] = {
    np.pi: "np.pi",
    2 * np.pi: "2 * np.pi",
    4 * np.pi: "4 * np.pi",
    np.pi / 2: "np.pi / 2",
    np.pi**0.5: "np.pi ** 0.5",
    (2 * np.pi) ** 0.5: "(2 * np.pi) ** 0.5",
    1 / (2 * np.pi) ** 0.5: "1 / (2 * np.pi) ** 0.5",
    (2 / np.pi) ** 0.5: "(2 / np.pi) ** 0.5",
    float(np.log(2 * np.pi)): "float(np.log(2 * np.pi))",
    np.e: "np.e",
}


def number(value: float) -> ast.expr:
    """Write a number; a negative one is a minus sign and a number, by the grammar."""
    if value != value or value in (float("inf"), float("-inf")):  # noqa: PLR0124
        name = "nan" if value != value else "inf"  # noqa: PLR0124
        constant: ast.expr = ast.Attribute(ast.Name("np"), name)
    elif abs(value) in _KNOWN:
        constant = written(_KNOWN[abs(value)])
    else:
        constant = ast.Constant(abs(value))
    is_below = value < 0 or (value == 0 and str(value) == "-0.0")
    return ast.UnaryOp(ast.USub(), constant) if is_below else constant
