"""The derivation in short: a row for each gradient, with the reason for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from derivo.explain.document import (
    SHORT,
    Block,
    Display,
    Mono,
    Paragraph,
    Row,
    Runs,
    Section,
)
from derivo.explain.drawing.of_subject import is_transparent
from derivo.explain.formula.local import prime
from derivo.explain.formula.of_node import formula_of
from derivo.explain.formula.tree import Formula, Number, Symbol
from derivo.explain.formula.unicode import inline
from derivo.explain.levels.calls import only_call
from derivo.explain.levels.shorter import shorter
from derivo.explain.levels.tell import Telling, is_reached
from derivo.explain.moments import Moments
from derivo.explain.subject import Subject, unique_names
from derivo.explain.words import Words
from derivo.graph.node import Node

MOST = 40  # rows that are still short
LONGEST = 50  # characters of an equation within a reason


def sections(subject: Subject, words: Words) -> tuple[Section, ...]:
    """Tell the whole derivation in a few lines."""
    rows = _few(Telling(subject, words))
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
    names: Mapping[Node, Formula] = {
        n: Symbol(k, n.spec.rank) for n, k in named.items()
    }
    for step in derivation.forward.steps:
        assert step.before is not None  # noqa: S101  what is recognised was written
        old, new = formula_of(step.before, names), formula_of(step.result, names)
        left = names.get(step.before) or names.get(step.result)
        is_function = step.result.op.lower is not None
        name = step.rule.removeprefix("recognised as ")
        key = "recognised" if name != step.rule else "rule"
        what = t.words.runs("brief.stable")
        if is_function:
            what = t.words.runs(f"brief.{key}", name=name)
        if left:
            what = t.words.runs("page.explained", what=what, shown=old)
        yield Row(left or old, new, what)


def _through_loop(node: Node, moments: Moments) -> Iterator[Row]:
    """Give what a loop over time does backward, or what it hands back to a value."""
    moment, t = moments.backward(node), moments.t
    first, *others = moment.title
    backward = t.words.text("brief.backward")
    said: Runs = (first.removeprefix(backward),) if isinstance(first, str) else ()
    for k, row in enumerate(moment.rows):
        reason = row.reason or ((*said, *others) * (k == 0))
        about = (t.subject.ids[node],) if k == 0 else ()
        yield Row(row.left, row.right, reason, about=about)


def _chain(value: Node, t: Telling) -> Iterator[Row]:
    """Give the chain rule for the gradient of a value, and what became of it."""
    raw = t.subject.raw
    adjoint = raw.adjoints.get(value)
    if adjoint is None or adjoint in raw.seeds or value not in t.readers:
        return
    left, known = t.adjoint(value), t.names.get(adjoint)
    is_passed = known is not None and known != left
    right = known if known is not None and is_passed else formula_of(adjoint, t.names)
    why = raw.why.get(adjoint)
    is_sum = why is not None and why.kind == "fan-out"
    added = t.words.runs("brief.added", value=t.shown(value))
    reason = added if is_sum else _reason(value, t)
    yield Row(left, right, reason, about=_on_the_way(value, t))
    for block in shorter(value, t):
        if isinstance(block, Display):
            yield replace(block.rows[0 if is_sum else 1], left=None)


def _on_the_way(value: Node, t: Telling) -> tuple[str, ...]:
    """Give the values without a name that a gradient comes through, and its own."""
    found, todo = [value], [value]
    while todo:
        for factor in t.readers.get(todo.pop(), ()):
            if not _has_a_name(factor.reader, t) and factor.reader not in found:
                found.append(factor.reader)
                todo.append(factor.reader)
    return tuple(t.subject.ids[n] for n in reversed(found))


def _reason(value: Node, t: Telling) -> Runs:
    """Say which rule gives a gradient that comes back through one operation."""
    say = t.words.runs
    factor = t.readers[value][0]
    if factor.reader.spec.shape != value.spec.shape and t.local(factor) is not None:
        return say("brief.copied", value=t.shown(value))
    while t.local(factor) == Number(1) and factor.reader not in t.subject.names:
        if len(t.readers.get(factor.reader, ())) != 1:
            break
        (factor,) = t.readers[factor.reader]  # it is passed on up to here
    reader, operand = t.shown(factor.reader), t.shown(factor.operand)
    slope, local = prime(factor, t.names), t.local(factor)
    if local is None:
        return say("brief.through", equation=_equation(factor.reader, t))
    if local == Number(1):
        return say("brief.passed", equation=_equation(factor.reader, t))
    if slope is not None and slope != local:
        return say("brief.slope", slope=slope, local=local)
    return say("brief.factor", value=reader, operand=operand, local=local)


def _equation(node: Node, t: Telling) -> Runs:
    """Give the equation that the chain rule goes through; of a long one its name."""
    right = formula_of(node, t.names)
    if len(inline(right)) > LONGEST:
        return (t.names[node],) if node in t.names else (Mono(node.op.name),)
    return (t.names[node], " = ", right) if node in t.names else (right,)
