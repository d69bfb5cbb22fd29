"""Loops over time: a step, its way back, sums over the steps, products of Jacobians."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from derivo.explain.document import (
    Block,
    Display,
    Fold,
    Paragraph,
    Picture,
    Row,
    Runs,
    Section,
)  # fmt: skip
from derivo.explain.drawing.of_subject import draw
from derivo.explain.formula.layout import layout
from derivo.explain.formula.of_node import formula_of, names_of
from derivo.explain.formula.tree import (
    Formula,
    Number,
    Partial,
    Plus,
    Size,
    Symbol,
    Times,
    Words,
)  # fmt: skip
from derivo.explain.levels import (
    batch,
    jacobian,
    loop_product,
    loop_sums,
    matrix,
    scalar,
)
from derivo.explain.levels.loop_sums import shaped
from derivo.explain.levels.tell import Telling, of_part
from derivo.explain.subject import Steps, Subject
from derivo.explain.words import Words as Sentences


def scalar_sections(subject: Subject, words: Sentences) -> tuple[Section, ...]:
    """Tell each loop unrolled: one long chain; if it is one of numbers, its step."""
    found: list[Section] = []
    for steps in subject.loops:
        if steps.carries:  # else no path leads from step to step
            found.append(_unrolled(steps, words))
        if all(not n.spec.rank for n in steps.body.graph.nodes()):
            found += _own(steps, scalar.sections(steps.body, words), words)
        found += scalar_sections(steps.body, words)
    return tuple(found)


def matrix_sections(subject: Subject, words: Sentences) -> tuple[Section, ...]:
    """Tell each loop: the step, the way back, the sums, the product."""
    found: list[Section] = []
    for steps in subject.loops:
        t = Telling(steps.body, words)
        found += [_step(steps, t), *_back(steps, t), *loop_sums.sections(steps, t)]
        found += _own(steps, jacobian.sections(steps.body, words), words)
        found += loop_product.sections(steps, t)
        found += matrix_sections(steps.body, words)
    return tuple(found)


def batch_sections(subject: Subject, words: Sentences) -> tuple[Section, ...]:
    """Tell what is copied to every row within a step."""
    found: list[Section] = []
    for steps in subject.loops:
        found += _own(steps, batch.sums(steps.body, words), words)
        found += batch_sections(steps.body, words)
    return tuple(found)


def _own(
    steps: Steps, sections: tuple[Section, ...], words: Sentences
) -> list[Section]:
    """Give sections of a step anchors of their own, and say that they are of a step."""
    said = words.runs("loops.at_step", step=steps.time)
    return of_part(sections, steps.body.prefix, said)


# --- one step -------------------------------------------------------------------------


def _step(steps: Steps, t: Telling) -> Section:
    """Tell the recurrence, in formulas with the step as an index, and draw it."""
    say = t.words.runs
    count = Size(steps.node.attrs["length"])
    fields: dict[str, Runs] = {
        "carries": t.words.listed(t.shown(c) for c in steps.carries),
        "slices": t.words.listed(t.shown(s) for s in steps.slices),
        "fixed": t.words.listed(t.shown(f) for f in steps.fixed),
    }
    key = "loops.about_backwards" if steps.loop.reverse else "loops.about"
    blocks: list[Block] = [Paragraph(say(key, count=count, step=steps.time))]
    parts = [say(f"loops.{k}", values=v) for k, v in fields.items() if v]
    blocks += [Paragraph(tuple(r for p in parts for r in (*p, " ")))]
    start = names_of(steps.outer)
    rows = []
    for k, c in enumerate(steps.carries):
        first = steps.operand(c)
        shown = start.get(first) or formula_of(first, start)
        left = steps.base(k, end(steps, 0))
        if layout(left) != layout(shown):
            rows.append(Row(left, shown, say("loops.first")))
    rows += recurrence(steps, t)
    blocks.append(Display(tuple(rows)))
    caption = say("loops.picture", step=steps.time)
    drawing = replace(draw(steps.body), folded=None)
    blocks.append(Picture(drawing, caption))
    title = say("loops.step_title", values=t.words.listed(_ends(steps)))
    return Section(f"{steps.body.prefix}step", title, tuple(blocks), "matrix")


def recurrence(steps: Steps, t: Telling) -> list[Row]:
    """Write what a step computes, value by value, in the user's names."""
    rows = []
    handed = t.words.runs("loops.handed")
    for n in t.subject.graph.nodes():
        if n in t.names and n.inputs:
            reason = handed if n in steps.following else ()
            rows.append(Row(t.names[n], formula_of(n, t.names), reason))
    for k, f in enumerate(steps.following):
        left = steps.base(k, steps.time)
        if t.shown(f) != left:
            rows.append(Row(left, t.shown(f), handed))
    return rows


def end(steps: Steps, k: int) -> Formula:
    """Write the number of a step: 0 is before the first, -1 the last, as they run."""
    count = Size(steps.node.attrs["length"])
    if not steps.loop.reverse:
        return Number(0) if k == 0 else count
    return Plus((count, Number(1))) if k == 0 else Number(1)


def _ends(steps: Steps) -> tuple[Formula, ...]:
    return tuple(steps.base(k, steps.time) for k in range(len(steps.carries)))


# --- the way back ---------------------------------------------------------------------


def _back(steps: Steps, t: Telling) -> list[Section]:
    """Tell why the adjoint of a carry has two parts, and the recurrence backward."""
    say, raw = t.words.runs, t.subject.raw
    if not raw.gradients:
        return []
    blocks: list[Block] = [Paragraph(say("loops.back", step=steps.time))]
    starts, told = [], set()
    for k, f in enumerate(steps.following):
        if f not in raw.adjoints:
            continue
        seed = t.names[raw.seeds[k]]
        starts.append(
            Row(_at_the_end(seed, steps), _given(steps, k), say("loops.begins"))
        )
        whole = raw.adjoints[f]
        if whole is raw.seeds[k] or f in steps.arguments or whole in told:
            continue
        told.add(whole)
        reason = say("loops.added")
        value = t.shown(f)
        blocks += [
            Paragraph(say("loops.parts", value=value, later=seed)),
            Display((Row(t.adjoint(f), formula_of(whole, t.names), reason),)),
        ]
    blocks.append(Paragraph(say("loops.backward", step=steps.time)))
    blocks.append(Display((*starts, *backward_rows(steps, t))))
    here = {f"matrix-{t.anchor(f)}" for f in steps.following if f not in t.readers}
    inner = [
        Fold(s.title, s.blocks)
        for s in matrix.adjoint_sections(t)
        if s.anchor not in here
    ]
    blocks.append(Fold(say("loops.in_full"), tuple(inner)))
    title = say("loops.back_title")
    about = steps.outer.ids[steps.node]
    return [Section(f"{steps.body.prefix}back", title, tuple(blocks), "matrix", about)]


def _at_the_end(symbol: Formula, steps: Steps) -> Formula:
    assert isinstance(symbol, Symbol)  # noqa: S101
    return replace(symbol, step=end(steps, -1))


def _given(steps: Steps, k: int) -> Formula:
    """Write what the last step gets from outside: its carry may be a result."""
    last = steps.last_of(k)
    held = None if last is None else steps.outer.raw.adjoints.get(last)
    if held is None:
        return Number(0)
    outside = Telling(steps.outer, Sentences("en"))
    assert last is not None  # noqa: S101
    return outside.adjoint(last) if last in outside.names else outside.shown(held)


def backward_rows(steps: Steps, t: Telling) -> list[Row]:
    """Write the backward step: named adjoints, then what goes to the step before."""
    raw, say = t.subject.raw, t.words.runs
    handed = [t.adjoint(a) for a in steps.arguments]
    adjoints = {a for a in raw.adjoints.values() if a.inputs and a in t.names}
    rows = [
        Row(t.names[a], formula_of(a, t.names))
        for a in sorted(adjoints, key=lambda a: a.index)
        if t.names[a] not in handed
    ]
    for c in steps.carries:
        back = steps.gradient(c)
        if back is None:
            continue
        left = shaped(t.adjoint(c), c)
        right = t.with_shapes(back)
        if t.names.get(back, t.adjoint(c)) != t.adjoint(c):
            right = t.names[back]
        rows.append(Row(left, right, say("loops.to_before")))
    return rows


# --- number by number -----------------------------------------------------------------


def _unrolled(steps: Steps, words: Sentences) -> Section:
    """Tell the loop as a long chain: paths go through the steps."""
    say = words.runs
    k = steps.bases[0]
    last, first = end(steps, -1), end(steps, 0)
    rank = steps.carries[0].spec.rank

    def at(step: Formula) -> Formula:
        return Symbol(k, rank, step=step)

    shift = 1 if steps.loop.reverse else -1
    near = [last, _later(last, shift), _later(last, 2 * shift)]
    chain: tuple[Formula, ...] = tuple(Partial(at(a), at(b)) for a, b in pairwise(near))
    start = Partial(at(_later(first, -shift)), at(first))
    row = Row(Partial(at(last), at(first)), Times((*chain, Words("⋯"), start), "×"))
    blocks: list[Block] = [Paragraph(say("loops.unrolled")), Display((row,))]
    wanted = [f for f in steps.fixed if steps.gradient(f) is not None]
    if wanted:
        t = Telling(steps.body, words)
        blocks.append(Paragraph(say("loops.paths", value=t.shown(wanted[0]))))
    title = say("loops.unrolled_title")
    return Section(f"{steps.body.prefix}unrolled", title, tuple(blocks), "scalar")


def _later(step: Formula, by: int) -> Formula:
    """Write a step so many later: numbers are added up."""
    match step:
        case Number(value):
            return Number(value + by)
        case Size(dim) if isinstance(dim, int):
            return Number(dim + by)
        case Plus((first, Number(value))):
            total = value + by
            return Plus((first, Number(total))) if total else first
        case _:
            return Plus((step, Number(by)))
