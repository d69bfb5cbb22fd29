"""Nests: arrays in tuples, lists and dicts, as arguments and results hold them.

A nest is a plain tuple, list or dict of nests; anything else is a leaf. None holds
nothing. Where a nest describes a graph's arguments or results, its leaves are numbers:
places among the graph's inputs or outputs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from derivo.graph.node import Graph


def leaves(nest: Any) -> Iterator[Any]:
    """Give the leaves of a nest, in order."""
    if isinstance(nest, dict):
        nest = tuple(nest.values())
    if isinstance(nest, tuple | list):
        for part in nest:
            yield from leaves(part)
    elif nest is not None:
        yield nest


def rebuilt(nest: Any, change: Callable[[Any], Any]) -> Any:
    """Give a nest with each leaf replaced."""
    if isinstance(nest, dict):
        return {k: rebuilt(v, change) for k, v in nest.items()}
    if isinstance(nest, tuple | list):
        parts = [rebuilt(v, change) for v in nest]
        return parts if isinstance(nest, list) else tuple(parts)
    return None if nest is None else change(nest)


def pruned(nest: Any, keep: Callable[[Any], bool]) -> Any:
    """Give a nest without the leaves that are not kept; None if none is left."""
    if isinstance(nest, dict):
        parts = {k: p for k, v in nest.items() if (p := pruned(v, keep)) is not None}
        return parts or None
    if isinstance(nest, tuple | list):
        kept = [p for v in nest if (p := pruned(v, keep)) is not None]
        return (kept if isinstance(nest, list) else tuple(kept)) if kept else None
    return nest if nest is not None and keep(nest) else None


def paths(nest: Any, above: str = "") -> Iterator[tuple[str, Any]]:
    """Give each leaf with the way to it, such as ``blocks.0.w`` below ``blocks``."""
    if isinstance(nest, dict):
        items: Any = nest.items()
    elif isinstance(nest, tuple | list):
        items = enumerate(nest)
    else:
        if nest is not None:
            yield above, nest
        return
    for key, part in items:
        yield from paths(part, f"{above}.{key}" if above else str(key))


def short_name(path: str) -> str:
    """Name what lies at a path: ``w`` for ``mlp.w``, ``blocks_0`` for ``blocks.0``."""
    *_, last = path.split(".")
    return last if last.isidentifier() else path.replace(".", "_")


def nested(graph: Graph, values: Mapping[str, Any]) -> dict[str, Any]:
    """Give arguments as the function takes them, from arrays by path."""
    names = [n.attrs["name"] for n in graph.inputs]
    return {
        name: rebuilt(nest, lambda k: values[names[k]])
        for name, nest in graph.signature
    }


def gradient_nests(graph: Graph, wanted: Iterable[str]) -> dict[str, Any]:
    """Give what a backward pass hands back: parameter to a nest of paths.

    Parameters
    ----------
    graph
        The function.
    wanted
        Paths of the arguments whose gradients are wanted; the parameters come in the
        order in which they are first named.
    """
    wanted = tuple(wanted)
    paths_of = {
        name: rebuilt(nest, lambda k: graph.inputs[k].attrs["name"])
        for name, nest in graph.signature
    }
    owner = {path: name for name, nest in paths_of.items() for path in leaves(nest)}
    return {
        name: pruned(paths_of[name], wanted.__contains__)
        for name in dict.fromkeys(owner[path] for path in wanted)
    }
