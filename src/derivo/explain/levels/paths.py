"""All the ways from one value to another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice

from derivo.explain.factors import Factor
from derivo.graph.node import Node

Path = list[Factor]


def paths_between(
    start: Node, end: Node, factors: Sequence[Factor], most: int
) -> tuple[list[Path], int]:
    """Give the paths from one value to another, from the end backwards.

    Parameters
    ----------
    start, end
        Values.
    factors
        The local derivatives that a path may go through, from the result backwards.
    most
        How many paths to give at most.

    Returns
    -------
    tuple
        The paths, each a list of factors, and how many there are beyond these.
    """
    count, into = Counter({start: 1}), dict[Node, list[Factor]]()
    for f in reversed(factors):
        if f.reader is not start and count[f.operand]:
            count[f.reader] += count[f.operand]
            into.setdefault(f.reader, []).insert(0, f)

    def walk(node: Node) -> Iterator[Path]:
        if node is start:
            yield []
        for f in into.get(node, ()):
            for rest in walk(f.operand):
                yield [f, *rest]

    found = list(islice(walk(end), most))
    return found, count[end] - len(found)
