"""Matrix level: every adjoint in matrices, why it has that form, and its numbers."""

from __future__ import annotations

from collections.abc import Container

import numpy as np

from derivo.explain.calls import block_of, results_of
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
    walk,
)  # fmt: skip
from derivo.explain.levels.calls import call_sections, is_call, only_call, through
from derivo.explain.levels.in_loops import in_loops
from derivo.explain.levels.products import product_blocks, rows_blocks
from derivo.explain.levels.saved import saved, update
from derivo.explain.levels.shorter import told_shorter
from derivo.explain.levels.sums import digits_for
from derivo.explain.levels.tell import Telling, numbers, under_shape
from derivo.explain.levels.values import values
from derivo.explain.levels.ways import is_single, reason, rule_of, term
from derivo.explain.subject import Subject
from derivo.explain.words import Words as Sentences
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
    """Tell where each adjoint comes from, or those of some values alone.

    What is a line of the derivation in short, and no more, is told there.
    """
    told = [n for n in t.handed_back if only_call(n, t) is None]
    if len(told) > MOST:
        told = [n for n in told if n in t.subject.names]
    found: dict[str, Section] = {}
    for value in told if wanted is None else filter(wanted.__contains__, told):
        blocks = _blocks(value, t)
        anchor = f"matrix-{t.anchor(value)}"
        if not _is_a_line(blocks) and anchor not in found:
            title, about = (_title(value, t),), t.subject.ids[value]
            found[anchor] = Section(anchor, title, tuple(blocks), "matrix", about)
    return tuple(found.values())


def place_of(value: Node, t: Telling) -> str:
    """Give the anchor of the section that tells where a gradient comes from, if any."""
    call = only_call(value, t)
    if call is not None:
        return f"call-{t.anchor(results_of(call, t.subject.graph)[0])}"
    return "" if _is_a_line(_blocks(value, t)) else f"matrix-{t.anchor(value)}"


def lines(t: Telling) -> tuple[Row, ...]:
    """Give what is told of a gradient in a line, and no more."""
    found = [b for n in t.handed_back for b in [_blocks(n, t)] if _is_a_line(b)]
    return tuple(
        r for bs in found for b in bs if isinstance(b, Display) for r in b.rows
    )


def _is_a_line(blocks: list[Block]) -> bool:
    """Tell whether nothing is told but one line, or nothing."""
    rows = [len(b.rows) if isinstance(b, Display) else 2 for b in blocks]
    return sum(rows) < 2


def _title(value: Node, t: Telling) -> Formula:
    """Write a gradient; where a value is written as another is called, how it is made.

    Two gradients must not stand under one heading: that of ``x**1`` is not that of x.
    """
    shown = t.shown(value)
    is_given = "item" in value.op.traits  # by a loop, whose result has its name
    if value in t.names or is_given or not isinstance(shown, Symbol):
        return gradient_of(shown)
    args = tuple(t.shown(i) for i in value.inputs)
    specs = tuple(i.spec for i in value.inputs)
    return gradient_of(Call(value.op, args, dict(value.attrs), specs))


def _blocks(value: Node, t: Telling) -> list[Block]:
    """Tell where one adjoint comes from."""
    adjoint, say = t.subject.raw.adjoints[value], t.words.runs
    factors, looped = t.readers.get(value, []), in_loops(value, t)
    if not factors:
        return looped or _outside(value, adjoint, t)
    blocks: list[Block] = []
    fields = {"value": t.shown(value), "adjoint": t.adjoint(value)}
    symbol = t.adjoint(value)
    if isinstance(symbol, Symbol) and not symbol.adjoint:  # a delta of the code
        blocks.append(Paragraph(say("matrix.delta", **fields)))
    if not is_single(value, t):
        blocks.append(Paragraph(say("matrix.branch", **fields)))
    for factor in factors:
        blocks += _through(factor, t)
    blocks += looped
    if not is_single(value, t):
        terms = t.given(value) + [t.came_back(f) for f in factors]
        terms += [t.came_from(steps, a) for steps, a in t.looped(value)]
        rows = [Row(symbol, Plus(tuple(terms)), say("matrix.added"))]
        full = formula_of(adjoint, t.names)
        if full != rows[0].right:
            rows.append(Row(None, full))
        blocks.append(Display((*rows, *t.in_numbers(adjoint))))
    return [*blocks, *told_shorter(value, t)]


def _outside(value: Node, adjoint: Node, t: Telling) -> list[Block]:
    """Tell of the adjoint that the chain begins with."""
    key = "given" if adjoint.op is argument else "one"
    fields = {"adjoint": t.adjoint(value), "value": t.shown(value)}
    number = t.number(adjoint) if key == "given" else None
    rows = () if number is None else (Display((Row(t.adjoint(value), number),)),)
    return [Paragraph(t.words.runs(f"matrix.{key}", **fields)), *rows]


def _through(factor: Factor, t: Telling) -> list[Block]:
    """Tell what comes back through one operation."""
    part, rule = t.part(factor), rule_of(factor, t)
    if is_call(factor.reader):
        graph = block_of(factor.reader).graph
        argument = Mono(graph.inputs[factor.position].attrs["name"])
        said = t.words.runs("calls.through", name=Mono(graph.name), argument=argument)
        rows = (through(factor, t), *t.in_numbers_only(part))
        return [Paragraph(said), Display(rows)]
    if rule == "copied" and part is not None:
        return _copied(factor, part, t)
    if rule != "through":
        return _elementwise(factor, part, rule, t)
    if part is None:
        return []
    if factor.reader.op.contraction is not None:
        return [*product_blocks(factor, part, t), *rows_blocks(factor, part, t)]
    return _other(factor, part, t)


def _elementwise(
    factor: Factor, part: Node | None, rule: str, t: Telling
) -> list[Block]:
    """Tell of an operation entry by entry: upstream times derivative."""
    reader, local, first = factor.reader, t.local(factor), term(factor, t)
    fields = {"value": t.shown(reader), "operand": t.shown(factor.operand)}
    rows = [Row(t.came_back(factor), first, reason(factor, t))]
    full = Mark(local or first, factor.id)
    if rule == "slope" and isinstance(first, Times) and full not in first.factors:
        key = "written" if fields["value"] in walk(full) else "written_out"
        said = t.words.runs(f"matrix.{key}", **fields)
        rows = [
            Row(t.came_back(factor), first),
            Row(None, Times((first.factors[0], full), first.sign), said),
        ]
    if part is not None and rule not in {"handed_on", "passed"}:
        rows += _slope_in_numbers(factor, part, t) or t.in_numbers(part)
    if rule != "slope":
        return [Display(tuple(rows))]
    node = local_node(factor, t.builder)
    is_mask = node is not None and node.spec.kind == "bool"
    note = Note(
        "reason", t.words.runs(f"matrix.{'mask' if is_mask else 'at'}", **fields)
    )
    said = t.words.runs("matrix.elementwise", **fields)
    return [Paragraph(said), Display(tuple(rows)), note]


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
        names[held] = under_shape(t.adjoint(reader), reader)
    summed = Mark(formula_of(part, names), factor.id)
    under = under_shape(left, operand)
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


def _slope_in_numbers(factor: Factor, part: Node, t: Telling) -> list[Row]:
    """Write upstream times slope in numbers: of a ReLU the slope is a mask."""
    s, node = t.subject, local_node(factor, t.builder)
    held = s.raw.adjoints[factor.reader]
    shown = t.number(part), t.number(held)
    if None in shown or node is None or not s.values:
        return []
    with np.errstate(all="ignore"):
        slopes = np.asarray(run_graph([node], s.values, s.sizes)[node], dtype=float)
    above, result = np.asarray(s.values[held]), np.asarray(s.values[part])
    if not result.size or not above.shape == slopes.shape == result.shape:
        return []
    pairs = zip(above.ravel(), slopes.ravel(), result.ravel(), strict=True)
    digits = digits_for(*((float(c), [(float(a), float(b))]) for a, b, c in pairs))
    sign = "⊙" if factor.reader.spec.rank else "·"
    product = Times(
        (numbers(above, digits), Mark(numbers(slopes, digits), factor.id)), sign
    )
    return [
        Row(None, product, t.words.runs("matrix.numbers")), Row(None, numbers(result)),
    ]  # fmt: skip


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
        copied = t.words.runs("brief.copied", operand=fields["operand"])
        is_sum = any(isinstance(f, Sum) for f in walk(backward))
        said = [Paragraph(copied)] if is_sum else []
    matrix = [Row(left, Mark(formula_of(part, t.names), factor.id))]
    return [
        *said, Display(tuple(rows)),
        Display((*matrix, *t.in_numbers(part))),
    ]  # fmt: skip
