"""How what a nest holds is written: ``blocks[0]["w"]``, or the whole by its name."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from derivo.graph.nest import rebuilt

NOBODYS = "_"


def places_of(signature: Iterable[tuple[str, Any]]) -> dict[str, ast.expr]:
    """Give the expression for each leaf among parameters, by its path."""
    return {
        path: place
        for name, nest in signature
        for path, place, part in _parts(name, nest, ast.Name(name))
        if not isinstance(part, dict | list | tuple)
    }


def _parts(
    path: str, nest: Any, place: ast.expr
) -> Iterator[tuple[str, ast.expr, Any]]:
    """Give each part of a nest with its path and its expression, the whole first."""
    yield path, place, nest
    for key, part in items_of(nest):
        yield from _parts(f"{path}.{key}", part, below(place, key))


def items_of(nest: Any) -> Iterable[tuple[Any, Any]]:
    """Give the parts of a nest by key or number; none of a leaf."""
    if isinstance(nest, dict):
        return nest.items()
    return enumerate(nest) if isinstance(nest, tuple | list) else ()


def below(place: ast.expr, key: Any) -> ast.expr:
    """Write a part of a nest."""
    return ast.Subscript(place, key_of(key))


def key_of(key: Any) -> ast.expr:
    """Write a key: a word in the quotes that code formatters use."""
    plain = isinstance(key, str) and key.isprintable() and not set(key) & set('"\\')
    return ast.Name(f'"{key}"') if plain else ast.Constant(key)


@dataclass
class Wholes:
    """Nests that lie somewhere as a whole: arguments, and what calls handed back.

    Attributes
    ----------
    keys
        Text for a nest to the keys that it has.
    """

    keys: dict[str, tuple[Any, ...]] = field(default_factory=dict)

    def add(self, place: ast.expr, nest: Any) -> None:
        """Note that a nest, and so each part of it, lies at a place."""
        for _, where, part in _parts("", nest, place):
            if isinstance(part, dict | list | tuple):
                self.keys[ast.unparse(where)] = tuple(k for k, _ in items_of(part))

    def lists_in(self, expression: ast.expr) -> ast.expr:
        """Give an expression with ``[out[0], out[1], ...]`` written as ``out``."""
        changed: ast.expr = _Lists(self).visit(expression)
        return changed

    def find(self, nest: Any, *, exactly: bool) -> ast.expr | None:
        """Give the expression for a nest; None if its parts lie here and there.

        The leaves are expressions. With `exactly`, the whole has no other parts.
        """
        if not isinstance(nest, dict | list | tuple):
            found: ast.expr = nest
            return found
        parts = {k: self.find(v, exactly=exactly) for k, v in items_of(nest)}
        for key, part in parts.items():
            if not isinstance(part, ast.Subscript):
                return None
            if ast.unparse(part.slice) != ast.unparse(key_of(key)):
                return None
        whole = next(iter(parts.values())).value  # type: ignore[union-attr]
        text = ast.unparse(whole)
        if any(ast.unparse(p.value) != text for p in parts.values()):  # type: ignore[union-attr]
            return None
        has = set(self.keys.get(text, ()))
        return (
            whole if has == set(parts) or (not exactly and has > set(parts)) else None
        )


class _Lists(ast.NodeTransformer):
    """Writes a list of all parts of another list by the name of that one."""

    def __init__(self, wholes: Wholes) -> None:
        self.wholes = wholes

    def visit_List(self, node: ast.List) -> ast.expr:
        self.generic_visit(node)
        return self.wholes.find(list(node.elts), exactly=True) or node


def nest_expression(
    nest: Any, write: Callable[[Any], ast.expr], wholes: Wholes | None = None,
    *, exactly: bool = False,
) -> ast.expr:  # fmt: skip
    """Write a nest: by the name of the whole if it has one, else part by part.

    Parameters
    ----------
    write
        Gives the expression of a leaf.
    wholes
        Knows nests that lie somewhere as they are.
    exactly
        A whole that has other parts, too, will not do.
    """
    return _written(rebuilt(nest, write), wholes, exactly=exactly)


def _written(nest: Any, wholes: Wholes | None, *, exactly: bool) -> ast.expr:
    if not isinstance(nest, dict | list | tuple):
        leaf: ast.expr = nest
        return leaf
    whole = wholes.find(nest, exactly=exactly) if wholes is not None else None
    if whole is not None:
        return whole
    parts = [_written(v, wholes, exactly=exactly) for _, v in items_of(nest)]
    if isinstance(nest, dict):
        return ast.Dict([key_of(k) for k in nest], parts)
    return ast.List(parts) if isinstance(nest, list) else ast.Tuple(parts)
