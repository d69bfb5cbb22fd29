"""Scalar level: every path as a product; where they are many, number by number."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from derivo.explain.document import Block, Display, Note, Paragraph, Row, Section
from derivo.explain.factors import Factor
from derivo.explain.formula.tree import Formula, Number, Partial
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
# Factors of a path, and of all paths of one number, and their ends, that are read.
LONGEST, MOST_FACTORS, MOST_RESULTS = 4, 16, 2


def sections(subject: Subject, words: Sentences) -> tuple[Section, ...]:
    """Tell the chain rule number by number."""
    try:
        t = Scalars(Telling(subject, words))
    except NotExpandedError:
        note = Note("reason", words.runs("scalar.not_expanded"))
        return (Section("scalar", words.runs("scalar.title"), (note,), "scalar"),)
    if any(_has_many_paths(e, t) for n in t.wanted for e in t.numbers.entries[n].flat):
        return _overview(t), _backward(t)
    return _overview(t), *(_argument(n, t) for n in t.wanted)


def _has_many_paths(entry: Node, t: Scalars) -> bool:
    """Tell whether the paths of one number are more than anybody would read."""
    found = [t.paths(entry, result, MOST_PATHS) for result in t.outputs]
    lengths = [len(path) for paths, _ in found for path in paths]
    reached = sum(bool(paths) for paths, _ in found)
    has_more = sum(lengths) > MOST_FACTORS or any(more for _, more in found)
    return has_more or reached > MOST_RESULTS or max(lengths, default=0) > LONGEST


def _overview(t: Scalars) -> Section:
    """Show the forward pass number by number."""
    blocks: list[Block] = []
    if t.numbers.sizes:
        listed = ", ".join(f"{k} = {v}" for k, v in t.numbers.sizes.items())
        blocks.append(Paragraph(t.words.runs("scalar.sizes", sizes=listed)))
    rows = [
        row for group in t.groups
        for row in t.in_short([Row(t.names[n], t.computed(n))] for n in group)
    ]  # fmt: skip
    blocks.append(Paragraph(t.words.runs("scalar.forward")))
    blocks += folded(t.words, rows, MOST_LINES)
    return Section("scalar", t.words.runs("scalar.title"), tuple(blocks), "scalar")


# --- along the paths ------------------------------------------------------------------


def _argument(node: Node, t: Scalars) -> Section:
    """Show the chain rule for the entries of an argument."""
    entries = list(t.numbers.entries[node].flat)
    blocks: list[Block] = []
    for entry in entries[:MOST_ENTRIES]:
        shown, notes = _entry(entry, t)
        said = any(isinstance(b, Note) for b in blocks)
        blocks += [shown] if said else [shown, *notes]
    if len(entries) > MOST_ENTRIES:
        left = str(len(entries) - MOST_ENTRIES)
        blocks.append(Paragraph(t.words.runs("scalar.same_way", count=left)))
    blocks += gathered([node], t, along_paths=True)
    whole = t.whole.subject
    name = whole.names.get(node, node.attrs["name"])
    anchor = "scalar-" + anchor_word(name, whole.ids[node])
    title = t.words.runs("scalar.argument", value=t.whole.names[node])
    return Section(anchor, title, tuple(blocks), "scalar", whole.ids[node])


def _entry(entry: Node, t: Scalars) -> tuple[Block, list[Note]]:
    """Show all paths from one number to the results, and what to say of them."""
    name, rows, notes = t.names[entry], list[Row](), dict[str, Note]()
    slopes: dict[Node, float] = {}
    for result in dict.fromkeys(t.outputs):
        found, _ = t.paths(entry, result, MOST_PATHS)
        if found:
            whole = Partial(t.names[result], name)
            shown, slopes[result] = _slope(whole, found, t)
            rows += shown
        if len(found) > 1:
            keys = ["added", "direct"] if any(len(p) == 1 for p in found) else ["added"]
            said = ((k, t.words.runs(f"scalar.{k}", value=name)) for k in keys)
            notes |= {k: Note("reason", runs) for k, runs in said}
    if not rows:
        return Paragraph(t.words.runs("scalar.none", value=name)), []
    if not t.subject.is_loss:
        seeds = [(s, r) for s, r in zip(t.seeds, t.outputs, strict=True) if r in slopes]
        terms = [multiplied((t.names[s], Partial(t.names[r], name))) for s, r in seeds]
        reason = t.words.runs("scalar.upstream")
        rows.append(Row(t.adjoint(entry), added(terms), reason))
        if t.subject.values:
            values = [(t.subject.values[s], slopes[r]) for s, r in seeds]
            rows += worked_out([[(float(x), "") for x in pair] for pair in values])
    return Display(tuple(rows)), list(notes.values())


def _slope(whole: Partial, found: list[Path], t: Scalars) -> tuple[list[Row], float]:
    """Write the products along the paths, in signs, in full, and in numbers.

    Returns
    -------
    list, float
        The rows, and what they add up to: no number if there are no numbers.
    """

    def summed(write: Callable[[Factor], Formula]) -> Formula:
        colour = [[coloured(write(f), f.id) for f in path] for path in found]
        return added([multiplied(path, "×") for path in colour])

    def sign(f: Factor) -> Formula:
        # Beside other paths the sign of the whole is not that of one operation.
        return replace(t.sign(f), direct=[f] in found and len(found) > 1)

    rows = [Row(whole, summed(sign)), Row(None, summed(t.short))]
    if [len(path) for path in found] == [1]:
        rows = [Row(whole, summed(t.short))]
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
