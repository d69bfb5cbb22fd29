"""The derivation in short: a row for each adjoint, with the reason for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from derivo.derivation import Derivation
from derivo.explain.document import Code, Display, Row, Runs
from derivo.explain.formula.local import prime
from derivo.explain.formula.of_node import adjoint_symbol, formula_of
from derivo.explain.formula.tree import Formula, Number, Symbol
from derivo.explain.formula.unicode import inline
from derivo.explain.frames import Frames
from derivo.explain.levels.in_loops import is_reached
from derivo.explain.levels.shorter import shorter
from derivo.explain.levels.tell import Telling
from derivo.explain.prepare import subject
from derivo.explain.subject import unique_names
from derivo.explain.words import Words
from derivo.graph.node import Node


def rows_of(derivation: Derivation) -> list[Row]:
    """Give the derivation as rows of formulas.

    First what was recognised, then the chain rule from the result backwards, and below
    each gradient how it became shorter.
    """
    derivation = derivation.written_out
    t = Telling(subject(derivation, {}), Words("en"))
    frames = Frames(t.subject, t.words, Code(()))
    rows = list(_recognised(derivation))
    for node in reversed(t.subject.graph.nodes()):
        if frames.loops.is_back(node) or node in frames.loops.readers:
            rows += _through_loop(node, frames)
        elif node in t.subject.names and is_reached(node, t.subject):
            rows += _chain(node, t)
    return rows


def signs_of(derivation: Derivation, styles: Mapping[str, str]) -> dict[str, str]:
    """Give the styles of values by the signs that formulas have for them."""
    found: dict[str, str] = {}
    names = unique_names(derivation.traced).items()
    for symbol, name in ((Symbol(name, n.spec.rank), name) for n, name in names):
        if name in styles:
            found[inline(symbol)] = styles[name]
            found[inline(adjoint_symbol(symbol))] = f"bold {styles[name]}"
    return found


def _recognised(derivation: Derivation) -> Iterator[Row]:
    graphs = (derivation.traced, derivation.forward.graph)
    named = {n: name for g in graphs for n, name in unique_names(g).items()}
    names: dict[Node, Formula] = {n: Symbol(k, n.spec.rank) for n, k in named.items()}
    for step in derivation.forward.steps:
        assert step.before is not None  # noqa: S101  what is recognised was written
        old, new = formula_of(step.before, names), formula_of(step.result, names)
        left = names.get(step.before) or names.get(step.result)
        is_function = step.result.op.lower is not None
        what = step.rule if is_function else "the same, so that nothing overflows"
        yield Row(left or old, new, (what, ": ", old) if left else (what,))


def _through_loop(node: Node, frames: Frames) -> Iterator[Row]:
    """Give what a loop over time does backward, or what it hands back to a value."""
    frame = frames.loops.backward(node, frames)
    if frame is None:
        return
    first, *others = frame.title
    said: Runs = (first.removeprefix("Backward: "),) if isinstance(first, str) else ()
    for k, row in enumerate(frame.rows):
        yield Row(row.left, row.right, row.reason or ((*said, *others) * (k == 0)))


def _chain(value: Node, t: Telling) -> Iterator[Row]:
    """Give the chain rule for the adjoint of a value, and what became of it."""
    raw = t.subject.raw
    adjoint = raw.adjoints.get(value)
    if adjoint is None or adjoint in raw.seeds or value not in t.readers:
        return
    left, known = t.adjoint(value), t.names.get(adjoint)
    is_passed = known is not None and known != left
    right = known if known is not None and is_passed else formula_of(adjoint, t.names)
    why = raw.why.get(adjoint)
    is_sum = why is not None and why.kind == "fan-out"
    yield Row(left, right, _added(value, t) if is_sum else _reason(value, t))
    for block in shorter(value, t):
        if isinstance(block, Display):
            yield replace(block.rows[1], left=None)


def _added(value: Node, t: Telling) -> Runs:
    return (t.shown(value), " is read more than once: what comes back is added")


def _reason(value: Node, t: Telling) -> Runs:
    """Say which rule gives an adjoint that comes back through one operation."""
    (factor,) = t.readers[value]
    if factor.reader.spec.shape != value.spec.shape and t.local(factor) is not None:
        return (t.shown(value), " was copied: what comes back from the copies is added")
    while t.local(factor) == Number(1) and factor.reader not in t.subject.names:
        if len(t.readers.get(factor.reader, ())) != 1:
            break
        (factor,) = t.readers[factor.reader]  # it is passed on up to here
    reader, operand = t.shown(factor.reader), t.shown(factor.operand)
    slope, local = prime(factor, t.names), t.local(factor)
    if local is None:
        return ("chain rule through ", *_equation(factor.reader, t))
    if local == Number(1):
        return (*_equation(factor.reader, t), " passes it on: the derivative is 1")
    if slope is not None and slope != local:
        return ("chain rule: ", slope, " = ", local)
    return ("chain rule: ", reader, " changes with ", operand, " by the factor ", local)


def _equation(node: Node, t: Telling) -> Runs:
    right = formula_of(node, t.names)
    return (t.names[node], " = ", right) if node in t.names else (right,)
