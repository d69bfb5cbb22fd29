"""How what a nest holds is written: ``blocks[0]["w"]``, or the whole by its name."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from derivo.graph.nest import Record, is_nest, parts_of, rebuilt

NOBODYS = "_"


def places_of(signature: Iterable[tuple[str, Any]]) -> dict[str, ast.expr]:
    """Give the expression for each leaf among parameters, by its path."""
    return {
        path: place
        for name, nest in signature
        for path, place, part in _parts(name, nest, ast.Name(name))
        if not is_nest(part)
    }


def _parts(
    path: str, nest: Any, place: ast.expr
) -> Iterator[tuple[str, ast.expr, Any]]:
    """Give each part of a nest with its path and its expression, the whole first."""
    yield path, place, nest
    for key, part in parts_of(nest):
        yield from _parts(f"{path}.{key}", part, below(place, key, nest))


def below(place: ast.expr, key: Any, nest: Any = None) -> ast.expr:
    """Write a part of a nest; without the nest itself, of a list or dict."""
    if isinstance(nest, Record):
        return ast.Attribute(place, key)
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
            if is_nest(part):
                self.keys[ast.unparse(where)] = tuple(k for k, _ in parts_of(part))

    def lists_in(self, expression: ast.expr) -> ast.expr:
        """Give an expression with ``[out[0], out[1], ...]`` written as ``out``."""
        changed: ast.expr = _Lists(self).visit(expression)
        return changed

    def find(self, nest: Any, *, exactly: bool) -> ast.expr | None:
        """Give the expression for a nest; None if its parts lie here and there.

        The leaves are expressions. With `exactly`, the whole has no other parts.
        """
        if not is_nest(nest):
            found: ast.expr = nest
            return found
        wholes: dict[str, ast.expr] = {}
        for key, part in parts_of(nest):
            place = self.find(part, exactly=exactly)
            if not isinstance(place, ast.Subscript | ast.Attribute):
                return None
            whole = place.value
            if ast.unparse(place) != ast.unparse(below(whole, key, nest)):
                return None
            wholes[ast.unparse(whole)] = whole
        if len(wholes) != 1:
            return None
        ((text, whole),) = wholes.items()
        has, wanted = set(self.keys.get(text, ())), {k for k, _ in parts_of(nest)}
        return whole if has == wanted or (not exactly and has > wanted) else None


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

    A record that is put together from parts is a plain object with its attributes.

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
    if nest is None:
        return ast.Constant(None)
    if not is_nest(nest):
        leaf: ast.expr = nest
        return leaf
    whole = wholes.find(nest, exactly=exactly) if wholes is not None else None
    if whole is not None:
        return whole
    keys = [key for key, _ in parts_of(nest)]
    parts = [_written(v, wholes, exactly=exactly) for _, v in parts_of(nest)]
    if isinstance(nest, Record):
        pairs = zip(keys, parts, strict=True)
        attributes = [ast.keyword(key, part) for key, part in pairs]
        return ast.Call(ast.Name(SimpleNamespace.__name__), [], attributes)
    if isinstance(nest, dict):
        return ast.Dict([key_of(k) for k in keys], parts)
    return ast.List(parts) if isinstance(nest, list) else ast.Tuple(parts)
