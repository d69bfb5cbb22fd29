"""All the ways from one value to another."""

from __future__ import annotations

from derivo.explain.factors import Factor
from derivo.graph.node import Node

Path = list[Factor]


def paths_between(
    start: Node, end: Node, nodes: tuple[Node, ...], active: set[Node], most: int
) -> tuple[list[Path], int]:
    """Give the paths from one value to another, from the end backwards.

    Parameters
    ----------
    start, end
        Values.
    nodes
        The graph, operands before readers.
    active
        Values that a path may go through.
    most
        How many paths to give at most.

    Returns
    -------
    tuple
        The paths, each a list of factors, and how many there are beyond these.
    """
    count: dict[Node, int] = {start: 1}
    for node in nodes:
        if node is not start:
            ways = sum(count.get(i, 0) for i in node.inputs if i in active)
            if ways and node in active:
                count[node] = ways
    total = count.get(end, 0)
    found: list[Path] = []

    def walk(node: Node, path: Path) -> None:
        if len(found) >= most:
            return
        if node is start:
            found.append(path)
            return
        for position, operand in enumerate(node.inputs):
            if count.get(operand) and operand in active:
                walk(operand, [*path, Factor("", 0, 0, node, position)])

    if total:
        walk(end, [])
    return found, total - len(found)
