"""Loops over time: a step, its way back, sums over the steps, products of Jacobians."""

from __future__ import annotations

from dataclasses import replace

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
from derivo.explain.formula.tree import (
    Formula,
    Number,
    Partial,
    Size,
    Symbol,
    Times,
    Words,
)  # fmt: skip
from derivo.explain.levels import (
    batch,
    in_loops,
    jacobian,
    matrix,
    scalar,
    vanishing,
)
from derivo.explain.levels.tell import Telling, display, of_part, under_shape
from derivo.explain.subject import Steps, Subject
from derivo.explain.words import Words as Sentences


def scalar_sections(subject: Subject, words: Sentences) -> tuple[Section, ...]:
    """Tell each loop unrolled: one long chain; if it is one of numbers, its step."""
    found: list[Section] = []
    for steps in subject.all_loops:
        if steps.carries:  # else no path leads from step to step
            found.append(_unrolled(steps, words))
        if all(not n.spec.rank for n in steps.body.graph.nodes()):
            found += _own(steps, scalar.sections(steps.body, words), words)
    return tuple(found)


def matrix_sections(subject: Subject, words: Sentences) -> tuple[Section, ...]:
    """Tell each loop: the step, the way back, the sums, the product."""
    found: list[Section] = []
    for steps in subject.all_loops:
        t = Telling(steps.body, words)
        found += [_step(steps, t), *_back(steps, t), *in_loops.sections(steps, t)]
        found += _own(steps, jacobian.sections(steps.body, words), words)
        found += vanishing.through_time(steps, t)
    return tuple(found)


def batch_sections(subject: Subject, words: Sentences) -> tuple[Section, ...]:
    """Tell what is copied to every row within a step."""
    found: list[Section] = []
    for steps in subject.all_loops:
        found += _own(steps, batch.sums(steps.body, words), words)
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
    outside, rows = Telling(steps.outer, t.words), []
    for k, c in enumerate(steps.carries):
        shown = outside.shown(steps.operand(c))
        left = steps.base(k, steps.number_of(0))
        if layout(left) != layout(shown):
            rows.append(Row(left, shown, say("loops.first")))
    rows += recurrence(steps, t)
    blocks.append(Display(tuple(rows)))
    caption = say("loops.picture", step=steps.time)
    drawing = replace(draw(steps.body, t.words), folded=None)
    blocks.append(Picture(drawing, caption))
    ends = (steps.base(k, steps.time) for k in range(len(steps.carries)))
    title = say("loops.step_title", values=t.words.listed(ends))
    return Section(f"{steps.body.prefix}step", title, tuple(blocks), "matrix")


def recurrence(steps: Steps, t: Telling) -> list[Row]:
    """Write what a step computes, value by value, in the user's names."""
    rows = []
    handed = t.words.runs("loops.handed")
    for n in t.subject.graph.nodes():
        if n in t.names and n.inputs:
            reason = handed if n in steps.following else ()
            rows.append(Row(t.names[n], t.written(n), reason))
    for k, f in enumerate(steps.following):
        left = steps.base(k, steps.time)
        if layout(t.shown(f)) != layout(left):
            rows.append(Row(left, t.shown(f), handed))
    return rows


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
        seed, whole = t.names[raw.seeds[k]], raw.adjoints[f]
        assert isinstance(seed, Symbol)  # noqa: S101
        at_the_end = replace(seed, step=steps.number_of(-1))
        starts.append(Row(at_the_end, _given(steps, k), say("loops.begins")))
        if whole is raw.seeds[k] or f in steps.arguments or whole in told:
            continue
        told.add(whole)
        blocks.append(Paragraph(say("loops.parts", value=t.shown(f), later=seed)))
    blocks.append(Paragraph(say("loops.backward", step=steps.time)))
    blocks.append(Display((*starts, *backward_rows(steps, t))))
    here = {f"matrix-{t.anchor(f)}" for f in steps.following if f not in t.readers}
    inner = [
        Fold(s.title, s.blocks)
        for s in matrix.adjoint_sections(t)
        if s.anchor not in here
    ]
    rows = display(list(matrix.lines(t)))
    blocks.append(Fold(say("loops.in_full"), (*rows, *inner)))
    title = say("loops.back_title")
    about = steps.outer.ids[steps.node]
    return [Section(f"{steps.body.prefix}back", title, tuple(blocks), "matrix", about)]


def _given(steps: Steps, k: int) -> Formula:
    """Write what the last step gets from outside: its carry may be a result."""
    last = steps.last_of(k)
    if last is None or last not in steps.outer.raw.adjoints:
        return Number(0)
    return Telling(steps.outer, Sentences("en")).adjoint(last)


def backward_rows(steps: Steps, t: Telling) -> list[Row]:
    """Write the backward step: named adjoints, then what goes to the step before."""
    raw, say = t.subject.raw, t.words.runs
    handed = [t.adjoint(a) for a in steps.arguments]
    adjoints = {
        a for a in raw.adjoints.values()
        if a.inputs and isinstance(t.names.get(a), Symbol)
    }  # fmt: skip
    rows = [
        Row(t.names[a], t.written(a))
        for a in sorted(adjoints, key=lambda a: a.index)
        if t.names[a] not in handed
    ]
    for c in steps.carries:
        back = steps.gradient(c)
        if back is None:
            continue
        left = under_shape(t.adjoint(c), c)
        right = t.with_shapes(back)
        if t.names.get(back, t.adjoint(c)) != t.adjoint(c):
            right = t.names[back]
        rows.append(Row(left, right, say("loops.to_before")))
    return rows


# --- number by number -----------------------------------------------------------------


def _unrolled(steps: Steps, words: Sentences) -> Section:
    """Tell the loop as a long chain: paths go through the steps."""
    say = words.runs

    def by(k: int, before: int) -> Formula:
        after, start = (steps.base(0, steps.number_of(n)) for n in (k, before))
        return Partial(after, start)

    chain = (by(-1, -2), by(-2, -3), Words("⋯"), by(1, 0))
    row = Row(by(-1, 0), Times(chain, "×"))
    blocks: list[Block] = [Paragraph(say("loops.unrolled")), Display((row,))]
    wanted = [f for f in steps.fixed if steps.gradient(f) is not None]
    if wanted:
        t = Telling(steps.body, words)
        blocks.append(Paragraph(say("loops.paths", value=t.shown(wanted[0]))))
    title = say("loops.unrolled_title")
    return Section(f"{steps.body.prefix}unrolled", title, tuple(blocks), "scalar")
