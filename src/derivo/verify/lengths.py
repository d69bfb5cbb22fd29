"""What named sizes are taken to be in a check: on both sides of where slices end."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence

from derivo.graph.dim import Dim, Excess, Size, evaluate, names
from derivo.graph.node import Graph
from derivo.graph.sizes import inverse, unknown_of

# Small, and different from each other, so that a transpose too many does not fit. The
# later lists are for functions that need even sizes, larger ones, or equal ones.
SIZES = (
    (5, 3, 4, 2, 7, 6), (4, 3, 5, 2, 6, 7), (6, 4, 8, 2, 10, 12),
    (12, 8, 16, 4, 20, 24), (9, 11, 13, 7, 17, 19), (4, 4, 4, 4, 4, 4),
    (3, 2, 2, 2, 2, 2), (16, 16, 16, 16, 16, 16),
)  # fmt: skip


def choices(
    graph: Graph, given: Mapping[str, int], before: Sequence[Mapping[str, int]]
) -> list[dict[str, int]]:
    """Give what the names may be, the plainest first.

    A size such as ``min(N, 10)`` has a kink at 10: where the draws `before` were on one
    side of it alone, sizes on the other side come first.

    Parameters
    ----------
    graph
        Its arguments have the names.
    given
        Names with sizes that the user chose.
    before
        The sizes of earlier draws.
    """
    symbols = dict.fromkeys(
        name for n in graph.inputs for d in n.spec.shape for name in names(d)
    )
    plain = [
        {
            s: given.get(s, n)
            for s, n in zip(symbols, itertools.cycle(row), strict=False)
        }
        for row in SIZES
    ]
    ends = dict.fromkeys(
        e for n in graph.nodes() for d in n.spec.shape for e in _excesses(d)
    )
    if not ends:
        return plain
    beside = [
        {**plain[0], name: size}
        for end in ends
        for name, size in _around(end)
        if name in symbols and name not in given
    ]
    reached = {side for sizes in before for side in _sides(ends, sizes)}
    fitting = [s for s in (*plain, *beside) if _fits(graph, s)]
    missing = [len(_sides(ends, s) - reached) for s in fitting]
    first = max(range(len(fitting)), key=missing.__getitem__, default=0)
    if fitting and missing[first]:
        return [fitting[first], *plain]
    return plain


def _excesses(dim: Dim) -> Iterator[Dim]:
    """Give what sizes in a dimension are cut off where it is below 0."""
    for factors, _ in dim.terms if isinstance(dim, Size) else ():
        for f in factors:
            if isinstance(f, Excess):
                yield f.of
                yield from _excesses(f.of)


def _around(end: Dim) -> Iterator[tuple[str, int]]:
    """Give a name with a size on each side of an end, and just there."""
    name = unknown_of(end, ())
    if name is None:
        return
    by, rest = (evaluate(d, {}) for d in inverse(end, name))
    for size in (-rest // by + 2, -rest // by - 1, -rest // by):
        yield name, max(size, 1)


def _sides(ends: Iterable[Dim], sizes: Mapping[str, int]) -> set[tuple[Dim, bool]]:
    return {(e, evaluate(e, sizes) > 0) for e in ends}


def _fits(graph: Graph, sizes: Mapping[str, int]) -> bool:
    shapes = (d for n in graph.inputs for d in n.spec.shape)
    return all(r.holds(sizes) for r in graph.requires) and all(
        evaluate(d, sizes) > 0 for d in shapes
    )
