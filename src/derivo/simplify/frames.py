"""Axes for the inside of a total: their order, and their sizes."""

from __future__ import annotations

from derivo.graph.dim import Dim, Shape
from derivo.simplify.factor import (
    Atom,
    Base,
    Exp,
    Log,
    Product,
    Total,
    labels_of,
)


def frame_order(t: Total) -> list[int]:
    """Choose an order of axes for the inside of a total: that of its largest value."""
    everything = labels_of(t.inner)
    atoms = [f for f in _atoms(t.inner) if f.labels() <= everything]
    largest = max(atoms, key=lambda f: (len(f.labels()), -f.node.index), default=None)
    order = [a for a in largest.axes if a is not None] if largest is not None else []
    missing = sorted(everything - set(order))
    return [*missing, *order]


def _atoms(m: Product) -> list[Atom]:
    found: list[Atom] = []
    for f, _ in m:
        if isinstance(f, Atom):
            found.append(f)
        elif isinstance(f, Base):
            found += [a for n, _ in f.terms for a in _atoms(n)]
        elif isinstance(f, Total | Exp):
            found += _atoms(f.inner)
        elif isinstance(f, Log):
            found += _atoms(((f.inner, 1),))
    return found


def sizes_of(t: Total) -> dict[int, Dim] | None:
    """Give the size of each bound label of a total."""
    sizes = _label_sizes(t.inner)
    return {b: sizes[b] for b in t.bound} if set(t.bound) <= sizes.keys() else None


def _label_sizes(m: Product) -> dict[int, Dim]:
    sizes: dict[int, Dim] = {}
    for f in _atoms(m):
        for a, d in zip(f.axes, f.node.spec.shape, strict=True):
            if a is not None:
                sizes.setdefault(a, d)
    return sizes


def frame_shape(m: Product, rank: int) -> Shape:
    """Give the sizes of a frame's axes; 1 where nothing depends on an axis."""
    sizes = _label_sizes(m)
    return tuple(sizes.get(i - rank, 1) for i in range(rank))
