"""Why gradients vanish: slopes below 1, one after the other on a path."""

from __future__ import annotations

import numpy as np

from derivo.explain.document import (
    Block,
    Display,
    Mono,
    Paragraph,
    Row,
    Runs,
    Section,
    Table,
)  # fmt: skip
from derivo.explain.factors import Factor
from derivo.explain.formula.local import prime
from derivo.explain.formula.tree import Formula, Mark, Number, Times
from derivo.explain.levels.tell import Telling
from derivo.explain.subject import Subject
from derivo.explain.words import Words as Sentences
from derivo.graph.node import Node

GRID = np.linspace(-40.0, 40.0, 80_001)
LEAST = 2  # slopes on a path that are worth a word
DIGITS = 4
LONGEST_BAR = 24  # characters


def sections(subject: Subject, words: Sentences) -> tuple[Section, ...]:
    """Tell of the path with the most functions whose slope stays below 1."""
    whole, subject = subject, subject.written_out
    # Factors within functions have numbers of their own: here they are but numbers.
    marked = Mark if subject is whole else lambda f, _id: f
    t = Telling(subject, words)
    flat = {f.reader: f for f in subject.factors if steepest(f) is not None}
    path = longest(subject, flat)
    if len(path) < LEAST:
        return ()
    bounds: list[Formula] = []
    for factor in path:
        bound = steepest(factor)
        assert bound is not None  # noqa: S101
        bounds.append(marked(Number(bound, DIGITS), factor.id))
    product = float(np.prod([b for f in path if (b := steepest(f)) is not None]))
    slopes = tuple(
        marked(p, f.id) for f in path if (p := prime(f, t.names)) is not None
    )
    rows = [
        Row(
            Times(slopes, "·"),
            Times(tuple(bounds), "·"),
            words.runs("vanishing.most"),
            "≤",
        ),
        Row(None, Number(product, DIGITS)),
    ]
    if subject.values:
        largest = [slope_here(f, subject) for f in path]
        parts = tuple(
            marked(Number(x, DIGITS), f.id) for x, f in zip(largest, path, strict=True)
        )
        rows.append(Row(None, Times(parts, "·"), words.runs("vanishing.here"), "→"))
        rows.append(Row(None, Number(float(np.prod(largest)), DIGITS)))
    blocks = (
        Paragraph(words.runs("vanishing.about", count=str(len(path)))),
        Display(tuple(rows)), *_over_depth(path, t),
        Paragraph(words.runs("vanishing.then")),
    )  # fmt: skip
    return (Section("vanishing", words.runs("vanishing.title"), blocks, "matrix"),)


def _over_depth(path: list[Factor], t: Telling) -> list[Block]:
    """Draw how large the gradient still is before each function on the path."""
    adjoints, values = t.subject.raw.adjoints, t.subject.values
    if not values:
        return []
    nodes = [path[0].reader, *(f.operand for f in path)]
    sizes = [float(np.mean(np.abs(values[adjoints[n]]))) for n in nodes]
    if not np.isfinite(sizes).all() or not any(sizes):
        return []
    head = t.words.runs("vanishing.value"), t.words.runs("vanishing.size")
    rows: list[tuple[Runs, ...]] = [(*head, ("",))]
    for node, size in zip(nodes, sizes, strict=True):
        bar = "█" * round(LONGEST_BAR * size / max(sizes))
        rows.append(((t.adjoint(node),), (Number(size, 3),), (Mono(bar or "▏"),)))
    return [Paragraph(t.words.runs("vanishing.sizes")), Table(tuple(rows))]


def steepest(factor: Factor) -> float | None:
    """Give the largest slope of a smooth function of one value, if it is below 1."""
    largest = largest_slope(factor)
    return largest if largest is not None and largest < 1 else None


def largest_slope(factor: Factor) -> float | None:
    """Give the largest slope of a smooth function of one value, if it is finite.

    It is looked for on a grid from -40 to 40 in steps of 0.001, which holds the place
    where the slope of every activation in use is largest.
    """
    reader = factor.reader
    smooth = {"elementwise", "analytic"} <= reader.op.traits
    if not smooth or len(reader.inputs) != 1 or reader.op.vjp is None:
        return None
    with np.errstate(all="ignore"):
        y = reader.op.compute(GRID, **reader.attrs)
        slopes = reader.op.vjp(np.ones_like(GRID), y, GRID, **reader.attrs)[0]
    largest = np.max(np.abs(np.broadcast_to(slopes, GRID.shape)))
    return float(largest) if np.isfinite(largest) else None


def slope_here(factor: Factor, subject: Subject) -> float:
    """Give the largest slope at the actual values."""
    reader = factor.reader
    assert reader.op.vjp is not None  # noqa: S101
    x, y = subject.values[factor.operand], subject.values[reader]
    slopes = reader.op.vjp(np.ones_like(y), y, x, **reader.attrs)[0]
    return float(np.max(np.abs(slopes))) if np.size(slopes) else 0.0


def longest(subject: Subject, flat: dict[Node, Factor]) -> list[Factor]:
    """Give the path with the most of these functions, from the result backwards."""
    best: dict[Node, list[Factor]] = {}
    active = subject.raw.adjoints
    for node in subject.graph.nodes():
        before = [best[i] for i in node.inputs if i in best and i in active]
        path = max(before, key=len, default=[])
        best[node] = [flat[node], *path] if node in flat else path
    ends = [best[n] for n in subject.graph.outputs]
    return max(ends, key=len, default=[])
