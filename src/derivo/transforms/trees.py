"""Nests of arrays: the numbers in dicts, lists and objects, and what stays as it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import copy
from typing import Any

import numpy as np

from derivo.graph.nest import Record, holds_values
from derivo.trace.arguments.specs import as_nest


def is_traced(value: Any) -> bool:
    """Tell a traced value by its class: a module may have a `record`, too."""
    return hasattr(type(value), "record")


def is_array(value: Any) -> bool:
    """Tell whether a value is numbers to compute with: whole Python numbers are not.

    They count, pick or switch, and a function may ask for them (``if n``).
    """
    if is_traced(value):
        return True
    if isinstance(value, np.ndarray | np.generic):
        return value.dtype.kind in "fiub"
    return isinstance(value, float)


def parts(tree: Any) -> Iterator[tuple[str, Any]] | None:
    """Give the parts of a nest by name; None if it is no nest."""
    if isinstance(tree, dict):
        return ((str(k), v) for k, v in tree.items())
    record = _record(tree)
    if record is not None:
        return iter(record.parts.items())
    if isinstance(tree, tuple | list):
        return ((str(i), v) for i, v in enumerate(tree))
    return None


def _record(tree: Any) -> Record | None:
    """Give an object that does nothing but hold values as a record of them."""
    if isinstance(tree, type) or not holds_values(type(tree)):
        return None
    found: Record | None = as_nest(tree)
    return found


def leaves(
    tree: Any, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Give each value in a nest with the way to it."""
    inner = parts(tree)
    if inner is None:
        yield path, tree
        return
    for name, part in inner:
        yield from leaves(part, (*path, name))


def rebuilt(tree: Any, change: Callable[[Any], Any]) -> Any:
    """Give a nest of the same form with each value in it replaced, in order."""
    if isinstance(tree, dict):
        same = copy(tree) if type(tree) is not dict else {}  # of its own class
        same.update((k, rebuilt(v, change)) for k, v in tree.items())
        return same
    record = _record(tree)
    if record is not None:
        new = {k: rebuilt(v, change) for k, v in record.parts.items()}
        return Record(record.kind, new).made()
    if isinstance(tree, tuple | list):
        return type(tree)(rebuilt(v, change) for v in tree)
    return change(tree)


def form(tree: Any) -> Any:
    """Describe the form of a nest, so that equal ones can be looked up."""
    inner = parts(tree)
    if inner is not None:
        return type(tree), tuple((name, form(part)) for name, part in inner)
    if not is_array(tree):
        try:
            hash(tree)
        except TypeError:
            return "one", id(tree)
        return type(tree), tree
    spec = tree.node.spec if is_traced(tree) else None
    if spec is not None:
        return spec
    array = np.asarray(tree)
    return array.shape, array.dtype.kind


def shapes(tree: Any) -> list[tuple[tuple[str, ...], Any]]:
    """Give the shape of every number in a nest, with the way to it."""
    return [(path, _shape(value)) for path, value in leaves(tree) if is_number(value)]


def is_number(value: Any) -> bool:
    """Tell whether a value may be a direction: whole Python numbers are one, too."""
    return is_array(value) or isinstance(value, int)


def _shape(value: Any) -> Any:
    return tuple(value.shape) if is_traced(value) else np.shape(value)


def told(tree: Any) -> str:
    """Say what a nest is, for an error."""
    found = shapes(tree)
    if len(found) == 1 and not found[0][0]:
        shape = found[0][1]
        return f"an array of shape {shape}" if shape else "a number"
    return "a nest of shapes " + ", ".join(f"{'.'.join(p)}: {s}" for p, s in found)
