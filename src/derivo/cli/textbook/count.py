"""Counting the operations of an emitted function, by the rule of the textbook table.

One operation is one binary or unary arithmetic operator, one comparison, or one call.
Free are ``.T``, indexing, ``reshape``, ``np.expand_dims``, unpacking what the forward
pass saved, ``x.shape[0]``, constants and plain renaming. Dividing by a shape is one.
"""

from __future__ import annotations

import ast

FREE_CALLS = frozenset({"reshape", "expand_dims"})


def count_operations(function: ast.AST) -> int:
    """Count the operations in a function's syntax tree."""
    return sum(_cost(node) for node in ast.walk(function))


def _cost(node: ast.AST) -> int:
    if isinstance(node, ast.BinOp | ast.UnaryOp | ast.AugAssign):
        return 1
    if isinstance(node, ast.Compare):
        return len(node.ops)
    if isinstance(node, ast.BoolOp):
        return len(node.values) - 1
    if isinstance(node, ast.Call):
        return int(_called(node) not in FREE_CALLS)
    return 0


def _called(call: ast.Call) -> str:
    if isinstance(call.func, ast.Attribute):
        return call.func.attr
    return call.func.id if isinstance(call.func, ast.Name) else ""


def functions(source: str) -> dict[str, ast.FunctionDef]:
    """Give the functions of a module's text by name."""
    body = ast.parse(source).body
    return {f.name: f for f in body if isinstance(f, ast.FunctionDef)}


def backward_operations(source: str, name: str) -> int:
    """Count the operations of the emitted backward pass of a function.

    For a loss that is ``NAME_gradient``: its adjoint is 1, as in the published forms.
    """
    found = functions(source)
    return count_operations(found.get(f"{name}_gradient") or found[f"{name}_backward"])


def saved_extras(source: str, name: str, own: frozenset[str]) -> list[str]:
    """Name what the forward pass computes for the backward pass only.

    Parameters
    ----------
    source, name
        Emitted text, and the name of the forward function.
    own
        Values that the user's own forward pass computes: those are no extras.

    Returns
    -------
    list of str
        Names of saved values that neither the result nor the user asked for.
    """
    function = functions(source)[name]
    made = {
        target.id: statement.value
        for statement in function.body if isinstance(statement, ast.Assign)
        for target in statement.targets if isinstance(target, ast.Name)
    }  # fmt: skip
    end = function.body[-1]
    assert isinstance(end, ast.Return) and isinstance(end.value, ast.Tuple)  # noqa: S101, PT018
    output, saved = end.value.elts
    needed: set[str] = set()
    stack = [n.id for n in ast.walk(output) if isinstance(n, ast.Name)]
    while stack:
        value = stack.pop()
        if value in made and value not in needed:
            needed.add(value)
            stack += [n.id for n in ast.walk(made[value]) if isinstance(n, ast.Name)]
    names = [n.id for n in ast.walk(saved) if isinstance(n, ast.Name)]
    return [n for n in names if n in made and n not in needed and n not in own]
