"""Matrix level: every adjoint in matrices, why it has that form, and its numbers."""

from __future__ import annotations

from collections.abc import Container

import numpy as np

from derivo.explain.calls import block_of
from derivo.explain.document import (
    Block,
    Display,
    Mono,
    Note,
    Paragraph,
    Row,
    Section,
)  # fmt: skip
from derivo.explain.drawing.of_subject import is_transparent
from derivo.explain.factors import Factor
from derivo.explain.formula.local import local_node
from derivo.explain.formula.of_node import formula_of, gradient_of
from derivo.explain.formula.tree import (
    Call,
    Formula,
    Mark,
    Number,
    Plus,
    Sum,
    Symbol,
    Times,
    Under,
    walk,
)  # fmt: skip
from derivo.explain.levels.calls import call_sections, is_call, only_call, through
from derivo.explain.levels.in_loops import in_loops
from derivo.explain.levels.products import product_blocks, rows_blocks
from derivo.explain.levels.saved import saved, update
from derivo.explain.levels.scalars import digits_for_all
from derivo.explain.levels.shorter import shorter
from derivo.explain.levels.tell import Telling, numbers, shape_of
from derivo.explain.levels.values import values
from derivo.explain.subject import Subject
from derivo.explain.words import Words as Sentences
from derivo.explain.words import texts
from derivo.graph.node import Node
from derivo.ops.leaf import argument
from derivo.run.reference import run_graph

MOST = 60  # sections; a larger network is told by its named values alone


def sections(subject: Subject, words: Sentences) -> tuple[Section, ...]:
    """Tell the backward pass in matrices, from the result back to the arguments."""
    t = Telling(subject, words)
    last = (update(t),) if t.subject.derivation.wanted else ()
    return (*both_passes(subject, words), *saved(t), *last)


def both_passes(subject: Subject, words: Sentences) -> tuple[Section, ...]:
    """Tell what is computed, where each gradient comes from, and each call."""
    t = Telling(subject, words)
    return (*values(t), *adjoint_sections(t), *call_sections(t))


def adjoint_sections(
    t: Telling, wanted: Container[Node] | None = None
) -> tuple[Section, ...]:
    """Tell where each adjoint comes from, or those of some values alone."""
    subject = t.subject
    told = [n for n in t.handed_back if only_call(n, t) is None]
    if len(told) > MOST:
        told = [n for n in told if n in subject.names]
    found = []
    seen: set[str] = set()
    for value in told if wanted is None else filter(wanted.__contains__, told):
        blocks = tuple(_blocks(value, t))
        anchor = f"matrix-{t.anchor(value)}"
        if blocks and anchor not in seen:
            seen.add(anchor)
            title = (gradient_of(_told_apart(value, t)),)
            about = subject.ids[value]
            found.append(Section(anchor, title, blocks, "matrix", about))
    return tuple(found)


def _told_apart(value: Node, t: Telling) -> Formula:
    """Write a value; where that is what another is called, as ``x`` for ``x**1``, how.

    Two gradients must not stand under one heading.
    """
    shown = t.shown(value)
    is_given = "item" in value.op.traits  # by a loop, whose result has its name
    if value in t.subject.names or is_given or not isinstance(shown, Symbol):
        return shown
    args = tuple(t.shown(i) for i in value.inputs)
    specs = tuple(i.spec for i in value.inputs)
    return Call(value.op, args, dict(value.attrs), specs)


def _blocks(value: Node, t: Telling) -> list[Block]:
    """Tell where one adjoint comes from."""
    adjoint = t.subject.raw.adjoints[value]
    factors = t.readers.get(value, [])
    looped = in_loops(value, t)
    if not factors:
        return looped or _outside(value, adjoint, t)
    blocks: list[Block] = []
    symbol = t.adjoint(value)
    if isinstance(symbol, Symbol) and not symbol.adjoint:  # a delta of the code
        said = t.words.runs("matrix.delta", adjoint=symbol, value=t.shown(value))
        blocks.append(Paragraph(said))
    many = len(factors) + len(t.looped(value)) + len(t.given(value)) > 1
    if many:
        key = "matrix.branch"
        blocks.append(
            Paragraph(t.words.runs(key, value=t.shown(value), adjoint=t.adjoint(value)))
        )
    for factor in factors:
        blocks += _through(factor, t)
    blocks += looped
    if many:
        blocks.append(Display(tuple(_added(value, t))))
    blocks += shorter(value, t)
    return blocks


def _added(value: Node, t: Telling) -> list[Row]:
    """Add all that comes back to a value."""
    adjoint = t.subject.raw.adjoints[value]
    terms = t.given(value) + [t.came_back(f) for f in t.readers.get(value, ())]
    terms += [t.came_from(steps, a) for steps, a in t.looped(value)]
    reason = t.words.runs("matrix.added")
    rows = [Row(t.adjoint(value), Plus(tuple(terms)), reason)]
    full = formula_of(adjoint, t.names)
    if full != rows[0].right:
        rows.append(Row(None, full))
    return [*rows, *t.in_numbers(adjoint)]


def _outside(value: Node, adjoint: Node, t: Telling) -> list[Block]:
    """Tell of the adjoint that the chain begins with."""
    if adjoint.op is argument:
        text = t.words.runs(
            "matrix.given", adjoint=t.adjoint(value), value=t.shown(value)
        )
        number = t.number(adjoint)
        rows = () if number is None else (Display((Row(t.adjoint(value), number),)),)
        return [Paragraph(text), *rows]
    text = t.words.runs("matrix.one", value=t.shown(value))
    return [Paragraph(text)]


def _through(factor: Factor, t: Telling) -> list[Block]:
    """Tell what comes back through one operation."""
    if is_call(factor.reader):
        return _through_call(factor, t)
    part = t.part(factor)
    marked = t.marked(factor)
    if marked is not None:
        return _elementwise(factor, part, marked, t)
    if part is None:
        return []
    if factor.reader.op.contraction is not None:
        return [*product_blocks(factor, part, t), *rows_blocks(factor, part, t)]
    return _other(factor, part, t)


def _through_call(factor: Factor, t: Telling) -> list[Block]:
    """Tell what a call hands back to one of its operands."""
    graph = block_of(factor.reader).graph
    argument = Mono(graph.inputs[factor.position].attrs["name"])
    said = t.words.runs("calls.through", name=Mono(graph.name), argument=argument)
    numbers_of = t.in_numbers_only(t.part(factor))
    return [Paragraph(said), Display((through(factor, t), *numbers_of))]


def _elementwise(
    factor: Factor, part: Node | None, marked: Formula, t: Telling
) -> list[Block]:
    """Tell of an operation entry by entry: upstream times derivative, copies added."""
    reader, operand = factor.reader, factor.operand
    left, upstream = t.came_back(factor), t.adjoint(reader)
    ring = "⊙" if reader.spec.rank else "·"
    local = t.local(factor)
    assert isinstance(marked, Mark)  # noqa: S101
    fields = {"value": t.shown(reader), "operand": t.shown(operand)}
    if part is not None and reader.spec.shape != operand.spec.shape:
        return _copied(factor, part, t)
    blocks: list[Block] = [
        Paragraph(t.words.runs(_rule(factor, marked, local, t), **fields))
    ]
    rows = [Row(left, Times((upstream, marked), ring))]
    if local is not None and local != marked.body:
        value = t.shown(reader)
        reason = t.words.runs("matrix.written_out")
        if value in walk(local):
            reason = t.words.runs("matrix.written", value=value)
        rows.append(Row(None, Times((upstream, Mark(local, factor.id)), ring), reason))
    if local == Number(1):
        rows.append(Row(None, upstream))
    if part is not None:
        rows += _slope_in_numbers(factor, part, ring, t) or t.in_numbers(part)
    blocks.append(Display(tuple(rows)))
    if _is_mask(factor, t) and not _routes(factor, t):
        said = t.words.runs("matrix.mask", value=t.shown(reader))
        blocks.append(Note("reason", said))
    elif marked.body != local:
        said = t.words.runs("matrix.at", operand=t.shown(operand))
        blocks.append(Note("reason", said))
    return blocks


def _copied(factor: Factor, part: Node, t: Telling) -> list[Block]:
    """Tell of a value that was copied to fit another: a sum over the copies."""
    reader, operand, left = factor.reader, factor.operand, t.came_back(factor)
    fields = {"value": t.shown(operand), "reader": t.shown(reader)}
    blocks: list[Block] = [Paragraph(t.words.runs("batch.copied", **fields))]
    names = dict(t.names)
    if operand in t.subject.names:
        whole, forward = t.entries.equation(reader)
        own, backward = t.entries_of(part, left)
        used = t.words.runs("batch.used", value=t.shown(operand))
        paths = Row(own, Mark(backward, factor.id), t.words.runs("batch.paths"))
        blocks.append(Display((Row(whole, forward, used), paths)))
        held = t.subject.raw.adjoints[reader]
        names[held] = Under(t.adjoint(reader), shape_of(reader.spec))
    summed = Mark(formula_of(part, names), factor.id)
    under = Under(left, shape_of(operand.spec)) if operand.spec.rank else left
    row = Row(under, summed, t.words.runs("batch.shape"))
    blocks.append(Display((row, *t.in_numbers(part))))
    total = t.subject.values.get(part)
    if total is not None and operand.spec.rank and np.size(total) > 1:
        shown = Number(float(np.sum(total)), 4)
        axis = _axis_of_copies(operand, reader)
        key, value = "batch.without_axis", t.shown(operand)
        said = t.words.runs(key, total=shown, value=value, axis=axis)
        blocks.append(Note("warning", said))
    return blocks


def _axis_of_copies(operand: Node, reader: Node) -> str:
    """Write along which axes a value was copied, as the sum over the copies has it."""
    new = reader.spec.rank - operand.spec.rank
    kept = operand.spec.shape
    axes = [*range(new)]
    axes += [
        new + k for k, d in enumerate(kept) if d == 1 != reader.spec.shape[new + k]
    ]
    shown = str(axes[0]) if len(axes) == 1 else f"({', '.join(map(str, axes))})"
    return f"axis={shown}" if len(axes) == new else f"axis={shown}, keepdims=True"


def _rule(factor: Factor, marked: Mark, local: Formula | None, t: Telling) -> str:
    """Choose the sentence for an operation: by what its local derivative is."""
    operands = factor.reader.inputs
    if local == Number(1):
        return "matrix.handed_on" if len(operands) > 1 else "matrix.passed"
    others = [t.shown(i) for i in operands if i is not factor.operand]
    if local in others:
        return "matrix.swapped"
    if _routes(factor, t):
        return f"matrix.{factor.reader.op.name}"
    return "matrix.elementwise" if marked.body != local else "matrix.operand"


def _routes(factor: Factor, t: Telling) -> bool:
    """Tell whether an operation sends the gradient to one of several values."""
    reader = factor.reader
    is_active = all(i in t.subject.raw.adjoints for i in reader.inputs)
    return is_active and len(reader.inputs) > 1 and reader.op.name in texts("matrix")


def _slope_in_numbers(factor: Factor, part: Node, ring: str, t: Telling) -> list[Row]:
    """Write upstream times slope in numbers: of a ReLU the slope is a mask."""
    s, node = t.subject, local_node(factor, t.builder)
    held = s.raw.adjoints[factor.reader]
    shown = t.number(part), t.number(held)
    if None in shown or node is None or not s.values or t.local(factor) == Number(1):
        return []
    with np.errstate(all="ignore"):
        slopes = np.asarray(run_graph([node], s.values, s.sizes)[node], dtype=float)
    above, result = np.asarray(s.values[held]), np.asarray(s.values[part])
    if not result.size or not above.shape == slopes.shape == result.shape:
        return []
    pairs = zip(above.ravel(), slopes.ravel(), result.ravel(), strict=True)
    digits = digits_for_all((float(c), [(float(a), float(b))]) for a, b, c in pairs)
    product = Times(
        (numbers(above, digits), Mark(numbers(slopes, digits), factor.id)), ring
    )
    return [
        Row(None, product, t.words.runs("matrix.numbers")), Row(None, numbers(result)),
    ]  # fmt: skip


def _is_mask(factor: Factor, t: Telling) -> bool:
    node = local_node(factor, t.builder)
    return node is not None and node.spec.kind == "bool"


def _other(factor: Factor, part: Node, t: Telling) -> list[Block]:
    """Tell of an operation that mixes entries in another way."""
    left = t.came_back(factor)
    whole, forward = t.entries.equation(factor.reader)
    own, backward = t.entries_of(part, left)
    fields = {"value": t.shown(factor.reader), "operand": t.shown(factor.operand)}
    rows = [Row(own, Mark(backward, factor.id), t.words.runs("matrix.chain"))]
    if whole != forward:
        rows.insert(0, Row(whole, forward, t.words.runs("matrix.entry")))
    key = "selected" if "selects" in factor.reader.op.traits else "mixed"
    said = [Paragraph(t.words.runs(f"matrix.{key}", **fields))]
    if is_transparent(factor.reader):  # a new axis: at most it was copied along that
        copied = t.words.runs("matrix.copied", operand=fields["operand"])
        is_sum = any(isinstance(f, Sum) for f in walk(backward))
        said = [Paragraph(copied)] if is_sum else []
    matrix = [Row(left, Mark(formula_of(part, t.names), factor.id))]
    return [
        *said, Display(tuple(rows)),
        Display((*matrix, *t.in_numbers(part))),
    ]  # fmt: skip
