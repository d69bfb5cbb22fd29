"""Scalar level: every path as a product; where they are many, number by number."""

from __future__ import annotations

import numpy as np

from derivo.explain.document import Block, Display, Note, Paragraph, Row, Section
from derivo.explain.formula.tree import Number, Partial
from derivo.explain.levels.gather import gathered
from derivo.explain.levels.paths import Path
from derivo.explain.levels.scalarise import NotExpandedError
from derivo.explain.levels.scalars import Line, Scalars
from derivo.explain.levels.sums import (
    RESULT,
    added,
    coloured,
    folded,
    multiplied,
    worked_out,
)  # fmt: skip
from derivo.explain.levels.tell import Telling, anchor_word
from derivo.explain.subject import Subject
from derivo.explain.words import Words as Sentences
from derivo.graph.node import Node

MOST_ENTRIES, MOST_PATHS, MOST_LINES = 4, 12, 40
# On all paths of one number, and at their ends, that anybody reads.
MOST_FACTORS, MOST_RESULTS = 16, 2


def sections(subject: Subject, words: Sentences) -> tuple[Section, ...]:
    """Tell the chain rule number by number."""
    try:
        t = Scalars(Telling(subject, words))
    except NotExpandedError:
        note = Note("reason", words.runs("scalar.not_expanded"))
        return (Section("scalar", words.runs("scalar.title"), (note,), "scalar"),)
    if any(_has_many_paths(e, t) for n in t.wanted for e in t.numbers.entries[n].flat):
        return _overview(t, []), _backward(t)
    return _overview(t, _local(t)), *(_argument(n, t) for n in t.wanted)


def _has_many_paths(entry: Node, t: Scalars) -> bool:
    """Tell whether the paths of one number are more than anybody would read."""
    found = [t.paths(entry, result, MOST_PATHS) for result in t.outputs]
    factors = sum(len(path) for paths, _ in found for path in paths)
    reached = sum(bool(paths) for paths, _ in found)
    has_more = any(more for _, more in found)
    return factors > MOST_FACTORS or reached > MOST_RESULTS or has_more


def _overview(t: Scalars, local: list[Block]) -> Section:
    """Show the forward pass number by number."""
    blocks: list[Block] = []
    if t.numbers.sizes:
        listed = ", ".join(f"{k} = {v}" for k, v in t.numbers.sizes.items())
        blocks.append(Paragraph(t.words.runs("scalar.sizes", sizes=listed)))
    rows = [
        row for group in t.groups
        for row in t.in_short([Row(t.names[n], t.computed(n))] for n in group)
    ]  # fmt: skip
    blocks += [Paragraph(t.words.runs("scalar.forward"))]
    blocks += [*folded(t.words, rows, MOST_LINES), *local]
    return Section("scalar", t.words.runs("scalar.title"), tuple(blocks), "scalar")


def _local(t: Scalars) -> list[Block]:
    """Show the factors of the paths."""
    rows = []
    for group in t.groups:
        factors = [f for n in group for f in t.numbers.factors if f.reader is n]
        rows += t.in_short([Row(t.sign(f), t.short(f))] for f in factors)
    notes = [Note("reason", t.words.runs("scalar.direct"))]
    is_direct = any(isinstance(r.left, Partial) and r.left.direct for r in rows)
    said = Paragraph(t.words.runs("scalar.local"))
    return [said, *folded(t.words, rows, MOST_PATHS), *notes[:is_direct]]


# --- along the paths ------------------------------------------------------------------


def _argument(node: Node, t: Scalars) -> Section:
    """Show the chain rule for the entries of an argument."""
    entries = list(t.numbers.entries[node].flat)
    blocks: list[Block] = []
    for entry in entries[:MOST_ENTRIES]:
        shown, has_branch = _entry(entry, t)
        if has_branch and not any(isinstance(b, Note) for b in blocks):
            said = t.words.runs("scalar.added", value=t.names[entry])
            shown.append(Note("reason", said))
        blocks += shown
    if len(entries) > MOST_ENTRIES:
        left = str(len(entries) - MOST_ENTRIES)
        blocks.append(Paragraph(t.words.runs("scalar.same_way", count=left)))
    blocks += gathered([node], t, along_paths=True)
    whole = t.whole.subject
    name = whole.names.get(node, node.attrs["name"])
    anchor = "scalar-" + anchor_word(name, whole.ids[node])
    title = t.words.runs("scalar.argument", value=t.whole.names[node])
    return Section(anchor, title, tuple(blocks), "scalar", whole.ids[node])


def _entry(entry: Node, t: Scalars) -> tuple[list[Block], bool]:
    """Show all paths from one number to the results; tell whether they are several."""
    rows: list[Row] = []
    slopes: dict[Node, float] = {}
    has_branch = False
    for result in dict.fromkeys(t.outputs):
        found, _ = t.paths(entry, result, MOST_PATHS)
        if found:
            shown, slopes[result] = _slope(entry, result, found, t)
            rows += shown
            has_branch |= len(found) > 1
    if not rows:
        said = t.words.runs("scalar.none", value=t.names[entry])
        return [Paragraph(said)], False
    if not t.subject.is_loss:
        seeds = [(s, r) for s, r in zip(t.seeds, t.outputs, strict=True) if r in slopes]
        terms = [(t.names[s], Partial(t.names[r], t.names[entry])) for s, r in seeds]
        reason = t.words.runs("scalar.upstream")
        rows.append(Row(t.adjoint(entry), added(list(map(multiplied, terms))), reason))
        if t.subject.values:
            values = [(t.subject.values[s], slopes[r]) for s, r in seeds]
            rows += worked_out([[(float(x), "") for x in pair] for pair in values])
    return [Display(tuple(rows))], has_branch


def _slope(
    entry: Node, result: Node, found: list[Path], t: Scalars
) -> tuple[list[Row], float]:
    """Write the products along the paths, in signs, in full, and in numbers.

    Returns
    -------
    list, float
        The rows, and what they add up to: no number if there are no numbers.
    """
    whole = Partial(t.names[result], t.names[entry])
    signs, full = (
        added([multiplied([coloured(write(f), f.id) for f in p], "×") for p in found])
        for write in (t.sign, t.short)
    )
    rows = [Row(whole, signs), Row(None, full)]
    if not t.subject.values:
        return rows, np.nan
    factors = [[(t.slope(f), f.id) for f in path] for path in found]
    rows += worked_out(factors, "×", t.words.runs("matrix.numbers"))
    return rows, sum(float(np.prod([x for x, _ in path])) for path in factors)


# --- back, number by number -----------------------------------------------------------


def _backward(t: Scalars) -> Section:
    """Tell each gradient by those of the numbers that are computed from it.

    That is what backpropagation does, and what keeps it short: the paths of a network
    are many, its numbers are few.
    """
    rows: list[Row] = []
    arguments = [list(t.numbers.entries[n].flat) for n in t.wanted]
    for group in (*reversed(t.groups), *arguments):
        inside = any(f.reader in group for n in group for f in t.readers.get(n, ()))
        lines = [_gradient(n, t) for n in (reversed(group) if inside else group)]
        rows += t.in_short(line for line in lines if line)
    said = Paragraph(t.words.runs("scalar.backward"))
    blocks = [said, *folded(t.words, rows, MOST_LINES)]
    blocks += gathered(t.wanted, t, along_paths=False)
    title = t.words.runs("scalar.backward_title")
    return Section("scalar-backward", title, tuple(blocks), "scalar")


def _gradient(node: Node, t: Scalars) -> Line:
    """Write what each reader of a number hands back, and what comes from outside."""
    own, readers = t.adjoint(node), t.readers.get(node, [])
    given = [
        t.names.get(s, Number(1))
        for s, r in zip(t.seeds, t.outputs, strict=True) if r is node
    ]  # fmt: skip
    terms = [*given, *(t.sent_back(f) for f in readers)]
    if not terms or terms == [own]:
        return []
    row = Row(own, added(terms))
    if not t.subject.values or terms == [Number(1)]:
        return [row]
    return [row, Row(None, Number(t.gradient(node), RESULT))]
