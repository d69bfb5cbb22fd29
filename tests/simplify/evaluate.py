"""An evaluator of sums of products that shares no code with the simplifier.

Every factor becomes an array with one axis for each label there is, of size 1 where it
does not depend on the label; products and sums are NumPy's own broadcasting.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from derivo.graph.dim import evaluate as dim_value

Values = Mapping[Any, Any]
Sizes = Mapping[str, int]


def value_of(terms: Any, values: Values, sizes: Sizes) -> Any:
    """Give the value of terms, of their shape.

    Parameters
    ----------
    terms
        A sum of products, with ``items`` and ``shape``.
    values
        Node to array.
    sizes
        What the named sizes are.
    """
    shape = tuple(dim_value(d, sizes) for d in terms.shape)
    free = {label for m in terms.items for label in _all_labels(m)}
    order = sorted(free | set(range(-len(shape), 0)), key=lambda a: (a < 0, a))
    whole = Universe(order, values, sizes).sum(terms.items.items())
    # Bound labels come first and have been added up; then labels from far to near.
    extra = len(order) - len(shape)
    assert all(n == 1 for n in whole.shape[:extra]), "depends on an axis it has not"
    return np.broadcast_to(whole.reshape(whole.shape[extra:]), shape)


def product_value(m: Any, values: Values, sizes: Sizes, shape: tuple[int, ...]) -> Any:
    """Give the value of one product, broadcast to a frame of a known shape."""

    class One:
        items = {m: 1}  # noqa: RUF012

    One.shape = shape  # type: ignore[attr-defined]
    return value_of(One, values, sizes)


class Universe:
    """All labels that occur anywhere, each with an axis of its own."""

    def __init__(self, order: list[int], values: Values, sizes: Sizes) -> None:
        self.place = {label: k for k, label in enumerate(order)}
        self.values = values
        self.sizes = sizes

    def sum(self, items: Any) -> Any:
        total = np.zeros((1,) * len(self.place))
        for m, c in items:
            total = total + float(c) * self.product(m)
        return total

    def product(self, m: Any) -> Any:
        result = np.ones((1,) * len(self.place))
        for f, p in m:
            result = result * self.factor(f) ** float(p)
        return result

    def factor(self, f: Any) -> Any:
        return getattr(self, type(f).__name__.lower().strip("_"))(f)

    def atom(self, f: Any) -> Any:
        array = np.asarray(self.values[f.node], dtype=float)
        assert array.ndim == len(f.axes)
        labels = list(f.axes)
        for k in reversed([k for k, a in enumerate(labels) if a is None]):
            assert array.shape[k] == 1, "an axis without a label has size 1"
            array = array[(slice(None),) * k + (0,)]
            del labels[k]
        while len(set(labels)) < len(labels):  # a label twice is a diagonal
            i, j = next(
                (i, j)
                for j in range(len(labels)) for i in range(j) if labels[i] == labels[j]
            )  # fmt: skip
            array = np.diagonal(array, axis1=i, axis2=j)
            label = labels[i]
            labels = [a for k, a in enumerate(labels) if k not in (i, j)] + [label]
        places = [self.place[a] for a in labels]
        array = array.transpose(np.argsort(places))
        shape = [1] * len(self.place)
        for place, size in zip(sorted(places), array.shape, strict=True):
            shape[place] = size
        return array.reshape(shape)

    def size(self, f: Any) -> Any:
        return np.full((1,) * len(self.place), float(dim_value(f.dim, self.sizes)))

    def exp(self, f: Any) -> Any:
        return np.exp(self.product(f.inner))

    def log(self, f: Any) -> Any:
        return np.log(self.factor(f.inner))

    def total(self, f: Any) -> Any:
        inner = self.product(f.inner)
        axes = tuple(self.place[b] for b in f.bound)
        assert set(f.bound) <= _own_labels(f.inner), "an axis that nothing shows"
        return inner.sum(axis=axes, keepdims=True)

    def base(self, f: Any) -> Any:
        return self.sum(f.terms)


def _parts(f: Any) -> list[Any]:
    kind = type(f).__name__
    if kind in ("Exp", "Total"):
        return [g for g, _ in f.inner]
    if kind == "Log":
        return [f.inner]
    return [g for m, _ in f.terms for g, _ in m] if kind == "Base" else []


def _all_labels(m: Any) -> set[int]:
    """Give every label of a product, bound ones too."""
    found: set[int] = set()
    stack = [f for f, _ in m]
    while stack:
        f = stack.pop()
        found |= {a for a in getattr(f, "axes", ()) if a is not None}
        stack += _parts(f)
    return found


def _own_labels(m: Any) -> set[int]:
    """Give the labels that a product depends on: all that are not added up inside."""
    found: set[int] = set()
    for f, _ in m:
        if hasattr(f, "axes"):
            found |= {a for a in f.axes if a is not None}
        else:
            below = {a for g in _parts(f) for a in _own_labels(((g, 1),))}
            found |= below - set(getattr(f, "bound", ()))
    return found
