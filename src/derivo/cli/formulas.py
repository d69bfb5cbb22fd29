"""Formulas of single values, in the user's names: ``d_y * y * (1 - y)``."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from derivo.emit.expression import field_values, fill, parsed
from derivo.graph.dim import Dim, Shape
from derivo.graph.node import Node


class _Letters:
    """Writes a size by its own name: in a formula, N is N."""

    def dim(self, dim: Dim) -> ast.expr:
        return ast.parse(str(dim), mode="eval").body

    def shape(self, shape: Shape) -> ast.expr:
        return ast.Tuple([self.dim(d) for d in shape], ast.Load())

    def dtype(self) -> ast.expr:
        return ast.Name("float")


_LETTERS = _Letters()


def formula(node: Node, names: Mapping[Node, str]) -> str:
    """Write how a value is computed from others that have a name.

    Parameters
    ----------
    node
        The value; its own name is not used.
    names
        Names of values at which the formula stops.
    """
    return ast.unparse(_expression(node, names, top=True))


def _expression(
    node: Node, names: Mapping[Node, str], *, top: bool = False
) -> ast.expr:
    if not top and node in names:
        return ast.Name(names[node])
    if "dim" in node.attrs:
        return _LETTERS.dim(node.attrs["dim"])
    if not node.inputs:
        return _leaf(node)
    operands = [_expression(i, names) for i in node.inputs]
    if node.op.latex == "{0}":  # a change of shape that formulas do not write
        return operands[0]
    tree = parsed(node.op.text(node.attrs, *(i.spec for i in node.inputs)))
    if len(tree) != 1 or not isinstance(tree[0], ast.Expr):
        return ast.Call(ast.Name(node.op.name), operands, [])
    values, defaults = field_values(node, operands, _LETTERS)
    filled: ast.expr = fill(tree[0], values, defaults).value
    return filled


def _leaf(node: Node) -> ast.expr:
    value = node.attrs.get("value")
    if isinstance(value, bool | int | float):
        return ast.Constant(value)
    return ast.Name(node.attrs.get("name", "constant"))
