"""Scalar level: every path as a product; where they are many, number by number."""

from __future__ import annotations

import numpy as np

from derivo.explain.document import (
    Block,
    Display,
    Fold,
    Note,
    Paragraph,
    Row,
    Section,
)
from derivo.explain.factors import Factor
from derivo.explain.formula.of_node import formula_of
from derivo.explain.formula.tree import (
    Formula,
    Number,
    Partial,
    Plus,
    Times,
)
from derivo.explain.levels.gather import gathered
from derivo.explain.levels.paths import Path, paths_between
from derivo.explain.levels.scalarise import NotExpandedError, expand, small_sizes
from derivo.explain.levels.scalars import (
    RESULT,
    Scalars,
    added,
    as_it_is,
    digits_for,
    folded,
    multiplied,
    slope,
    weighed,
)
from derivo.explain.levels.tell import anchor_word
from derivo.explain.subject import Subject
from derivo.explain.words import Words as Sentences
from derivo.graph.node import Node

MOST_IN_FULL, MOST_ENTRIES, MOST_PATHS, MOST_LINES = 4, 12, 12, 40
MOST_FACTORS = 80  # of an argument's entries: the rest come about in the same way


def sections(subject: Subject, words: Sentences) -> tuple[Section, ...]:
    """Tell the chain rule number by number."""
    is_scalar = all(not n.spec.rank for n in subject.graph.nodes())
    try:
        expanded = (
            as_it_is(subject) if is_scalar else expand(subject, small_sizes(subject))
        )
    except NotExpandedError:
        note = Note("reason", words.runs("scalar.not_expanded"))
        return (Section("scalar", words.runs("scalar.title"), (note,), "scalar"),)
    t = Scalars(subject, expanded, words)
    if has_many_paths(t):
        return (overview(t, along_paths=False), backward(t))
    return (overview(t, along_paths=True), *(_argument(n, t) for n in t.wanted))


def overview(t: Scalars, *, along_paths: bool) -> Section:
    """Show the forward pass number by number, and the factors of the paths."""
    rows = [
        Row(t.names[n], formula_of(n, t.names))
        for n in t.nodes
        if n.inputs and n in t.names
    ]
    blocks: list[Block] = []
    if t.expanded.sizes:
        listed = ", ".join(f"{k} = {v}" for k, v in t.expanded.sizes.items())
        blocks.append(Paragraph(t.words.runs("scalar.sizes", sizes=listed)))
    blocks.append(Paragraph(t.words.runs("scalar.forward")))
    blocks += folded(t.words, rows, MOST_LINES)
    if along_paths:
        local = [
            Row(t.sign(f), t.local(f))
            for n in t.nodes if n in t.active and n.inputs
            for f in t.factors_into(n)
        ]  # fmt: skip
        blocks.append(Paragraph(t.words.runs("scalar.local")))
        blocks += folded(t.words, local, MOST_PATHS)
        if t.beside:
            blocks.append(Note("reason", t.words.runs("scalar.direct")))
    return Section("scalar", t.words.runs("scalar.title"), tuple(blocks), "scalar")


def _argument(node: Node, t: Scalars) -> Section:
    """Show the chain rule for the entries of an argument."""
    flat = list(np.ravel(t.expanded.entries[node]))
    blocks: list[Block] = []
    written = 0
    for k, entry in enumerate(flat):
        if k >= MOST_ENTRIES or written > MOST_FACTORS:
            left = str(len(flat) - k)
            blocks.append(Paragraph(t.words.runs("scalar.same_way", count=left)))
            break
        inner, factors = _entry(entry, t)
        written += factors
        if k < MOST_IN_FULL:
            blocks += inner
        else:
            name = t.words.runs("scalar.entry", entry=t.derivative(entry))
            blocks.append(Fold(name, tuple(inner)))
    blocks += gathered(node, t, along_paths=True)
    name = t.subject.names.get(node, node.attrs["name"])
    anchor = "scalar-" + anchor_word(name, t.subject.ids[node])
    title = t.words.runs("scalar.argument", value=t.whole[node])
    about = t.subject.ids[node]
    return Section(anchor, title, tuple(blocks), "scalar", about)


def _entry(entry: Node, t: Scalars) -> tuple[list[Block], int]:
    """Show all paths from one number to the results; count their factors."""
    notes: list[Block] = []
    totals: list[Formula] = []
    rows: list[Row] = []
    slopes: dict[Node, float | None] = {}
    given: list[tuple[int, float | None]] = []
    count = 0
    has_branch = False
    for k, result in enumerate(t.expanded.graph.outputs):
        found, more = paths_between(entry, result, t.nodes, t.active, MOST_PATHS)
        if not found:
            continue
        if result not in slopes:
            shown, slopes[result] = _paths(entry, result, found, t)
            count += sum(map(len, found))
            has_branch |= len(found) > 1
            if more:  # the others are missing in the sum
                slopes[result] = None
                shown = shown[:-1] if t.values else shown
                said = t.words.runs("scalar.too_many", count=str(more))
                notes.append(Note("warning", said))
            rows += shown
        given.append((k, slopes[result]))
        derivative = Partial(t.name(result), t.name(entry))
        totals.append(Times((t.adjoint(result, k), derivative), "·"))
    if not rows:
        said = t.words.runs("scalar.none", value=t.name(entry))
        return [Paragraph(said)], 0
    if has_branch:
        said = t.words.runs("scalar.added", value=t.name(entry))
        notes.append(Note("reason", said))
    if not t.subject.is_loss or len(totals) > 1:
        whole = totals[0] if len(totals) == 1 else Plus(tuple(totals))
        rows.append(Row(t.derivative(entry), whole, t.words.runs("scalar.upstream")))
        # Of a part of the rows the numbers are no gradient of the whole.
        rows += weighed(given, t.seeds) if t.is_whole else []
    return [Display(tuple(rows)), *notes], count


def _paths(
    entry: Node, result: Node, found: list[Path], t: Scalars
) -> tuple[list[Row], float | None]:
    """Write the products along the paths, in signs, in full, and in numbers.

    Returns
    -------
    list, float or None
        The rows, and what they add up to, if there are numbers.
    """
    left = Partial(t.name(result), t.name(entry))
    signs = [multiplied([t.marked(f, t.sign(f)) for f in p]) for p in found]
    full = [multiplied([t.marked(f, t.local(f)) for f in p]) for p in found]
    rows = [Row(left, added(signs)), Row(None, added(full))]
    if not t.values:
        return rows, None
    factors = [[slope(f, t.values) for f in path] for path in found]
    with np.errstate(all="ignore"):
        total = float(sum(np.prod(numbers) for numbers in factors))
    if np.isnan(total):  # 0 times ∞ on a path that a mask has closed
        return rows, None
    digits = digits_for(total, factors)
    products = [
        multiplied(
            [t.marked(f, Number(x, digits)) for f, x in zip(path, numbers, strict=True)]
        )
        for path, numbers in zip(found, factors, strict=True)
    ]
    rows.append(Row(None, added(products), t.words.runs("matrix.numbers")))
    rows.append(Row(None, Number(total, RESULT)))
    return rows, total


# --- back, number by number -----------------------------------------------------------

MOST_OF_ENTRY = 30  # factors on all paths of one number that anybody reads
MOST_BACK = 60


def has_many_paths(t: Scalars) -> bool:
    """Tell whether the paths of one number are more than anybody would read."""
    for node in t.wanted:
        for entry in np.ravel(t.expanded.entries[node]):
            count = 0
            for result in t.expanded.graph.outputs:
                found, more = paths_between(entry, result, t.nodes, t.active, 12)
                count += sum(map(len, found)) + MOST_OF_ENTRY * (more > 0)
            if count > MOST_OF_ENTRY:
                return True
    return False


def backward(t: Scalars) -> Section:
    """Tell each gradient by those of the numbers that are computed from it.

    That is what backpropagation does, and what keeps it short: the paths of a network
    are many, its numbers are few.
    """
    outputs = t.expanded.graph.outputs
    rows: list[Row] = []
    for node in reversed(t.nodes):
        own, readers = t.derivative(node), t.readers.get(node, [])
        if node in outputs and t.subject.is_loss:
            rows.append(Row(own, Number(1)))
        if not readers:
            continue
        given = [own] if node in outputs else []
        rows.append(Row(own, added([*given, *(_handed(f, t) for f in readers)])))
        if node in t.gradients:
            rows.append(Row(None, Number(t.gradients[node], RESULT)))
    blocks: list[Block] = [
        Paragraph(t.words.runs("scalar.backward")), *folded(t.words, rows, MOST_BACK),
    ]  # fmt: skip
    for node in t.wanted:
        blocks += gathered(node, t, along_paths=False)
    title = t.words.runs("scalar.backward_title")
    return Section("scalar-backward", title, tuple(blocks), "scalar")


def _handed(f: Factor, t: Scalars) -> Formula:
    """Write what one reader hands back: its gradient times the local derivative."""
    own = t.derivative(f.reader)
    if t.is_one(f):
        return t.marked(f, own)
    return Times((own, t.marked(f, t.local(f))), "·")
