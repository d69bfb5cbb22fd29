"""The derivation in short: a row for each gradient, with the reason for it."""

from __future__ import annotations

from collections.abc import Iterator

from derivo.explain.document import (
    SHORT,
    Block,
    Display,
    Mono,
    Paragraph,
    Row,
    Section,
)
from derivo.explain.drawing.of_subject import is_transparent
from derivo.explain.formula.of_node import formula_of
from derivo.explain.formula.tree import Formula, Symbol
from derivo.explain.formula.unicode import inline
from derivo.explain.levels.calls import only_call
from derivo.explain.levels.matrix import lines
from derivo.explain.levels.shorter import shorter
from derivo.explain.levels.tell import Telling, is_reached
from derivo.explain.levels.ways import is_single, rule_of, why
from derivo.explain.moments import Moments
from derivo.explain.subject import Subject, unique_names
from derivo.explain.words import Words
from derivo.explain.words.rules import rule_text
from derivo.graph.node import Node

MOST = 40  # rows that are still short


def sections(subject: Subject, words: Words) -> tuple[Section, ...]:
    """Tell the whole derivation in a few lines; of a long one, what is a line alone."""
    t = Telling(subject, words)
    rows = _few(t)
    if not rows and (alone := lines(t)):
        title = words.runs("brief.lines")
        return (Section("lines", title, (Display(alone),), "matrix"),)
    if not rows:
        return ()
    blocks: list[Block] = [Display(rows)]
    for function in subject.functions:
        inner = _few(Telling(function.body, words))
        if inner:
            said = words.runs("calls.within_brief", name=Mono(function.name))
            blocks += [Paragraph(said), Display(inner)]
    title = words.runs("brief.title")
    return (Section(SHORT, title, tuple(blocks), "matrix"),)


def _few(t: Telling) -> tuple[Row, ...]:
    """Give the rows, if they are few enough to be short.

    Of many parameters that go into a call, the code has the gradients in one line.
    """
    rows = rows_of(t)
    if len(rows) > MOST:
        rows = rows_of(t, handed=False)
    return tuple(rows) if len(rows) <= MOST else ()


def rows_of(t: Telling, *, handed: bool = True) -> list[Row]:
    """Give the derivation as rows of formulas.

    First what was recognised, then the chain rule from the result backwards, and below
    each gradient how it became shorter.

    Parameters
    ----------
    t
        What is told.
    handed
        With the gradients of arguments that a single call hands back.
    """
    moments = Moments(t)
    rows = list(_recognised(t))
    adjoints = t.subject.raw.adjoints
    looped = t.handed_back.keys() & moments.looped.keys()
    told: set[Node] = set()
    for node in reversed(t.subject.graph.nodes()):
        if not (handed or node.inputs or only_call(node, t) is None):
            continue
        if moments.is_back(node) or node in looped:
            rows += _through_loop(node, moments)
        elif _has_a_name(node, t) and is_reached(node, t.subject):
            # What is passed on unchanged is told where it is computed.
            if node in t.subject.names or adjoints.get(node) not in told:
                rows += _chain(node, t)
            told |= {adjoints[node]} if node in adjoints else set()
    return rows


def _has_a_name(node: Node, t: Telling) -> bool:
    """Tell whether a value has a name, or its gradient one in the code: ``δ``."""
    adjoint = t.subject.raw.adjoints.get(node)
    return node in t.subject.names or (
        adjoint in t.subject.symbols and not is_transparent(node)
    )


def _recognised(t: Telling) -> Iterator[Row]:
    derivation = t.subject.derivation
    graphs = (derivation.traced, derivation.forward.graph)
    named = {n: name for g in graphs for n, name in unique_names(g).items()}
    names: dict[Node, Formula] = {n: Symbol(k, n.spec.rank) for n, k in named.items()}
    for step in derivation.forward.steps:
        assert step.before is not None  # noqa: S101  what is recognised was written
        old, new = formula_of(step.before, names), formula_of(step.result, names)
        left = names.get(step.before) or names.get(step.result)
        # What is no function of its own was rewritten against overflow.
        is_function = step.result.op.lower is not None
        what = t.words.runs("brief.stable")
        if is_function:
            what = rule_text(t.words, step.rule)
        if left:
            what = t.words.runs("page.explained", what=what, shown=old)
            names[step.before] = left
        # Some operations are written as what they were recognised in: nothing is told.
        if inline(left or old) != inline(new):
            yield Row(left or old, new, what)


def _through_loop(node: Node, moments: Moments) -> Iterator[Row]:
    """Give what a loop over time does backward, or what it hands back to a value."""
    moment = moments.backward(node)
    for k, row in enumerate(moment.rows):
        reason, about = (moment.reason, (moment.place,)) if k == 0 else ((), ())
        yield Row(row.left, row.right, row.reason or reason, about=about)


def _chain(value: Node, t: Telling) -> Iterator[Row]:
    """Give the chain rule for the gradient of a value, and what became of it."""
    raw = t.subject.raw
    adjoint = raw.adjoints.get(value)
    if adjoint is None or adjoint in raw.seeds or value not in t.readers:
        return
    left, known = t.adjoint(value), t.names.get(adjoint)
    is_passed = known is not None and known != left
    way = _on_the_way(value, t)
    about = tuple(t.subject.ids[n] for n in reversed(way))
    right = known if known is not None and is_passed else formula_of(adjoint, t.names)
    yield Row(left, right, why(_begin(value, t), t), about=about)
    if not is_passed:
        yield from shorter(value, t)


def _begin(value: Node, t: Telling) -> Node:
    """Give the value whose line says why: up to there a gradient is handed on."""
    while value in t.readers and is_single(value, t):
        (factor,) = t.readers[value]
        passes = rule_of(factor, t) in {"handed_on", "passed"}
        if (
            not passes
            or factor.reader in t.subject.names
            or factor.reader not in t.readers
        ):
            break
        value = factor.reader
    return value


def _on_the_way(value: Node, t: Telling) -> list[Node]:
    """Give a value, and those without a name that its gradient comes through."""
    found = [value]
    for node in found:
        for factor in t.readers.get(node, ()):
            if not _has_a_name(factor.reader, t) and factor.reader not in found:
                found.append(factor.reader)
    return found
