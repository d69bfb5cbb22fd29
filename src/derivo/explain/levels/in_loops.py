"""What the steps of a loop hand back to what it reads: sums, rows, a first carry."""

from __future__ import annotations

from derivo.explain.document import (
    Block,
    Display,
    Link,
    Note,
    Paragraph,
    Row,
    Section,
)  # fmt: skip
from derivo.explain.formula.of_node import formula_of
from derivo.explain.formula.tree import Plus, Size, Sum, Under
from derivo.explain.levels.tell import Telling, numbers, under_shape
from derivo.explain.subject import Steps
from derivo.explain.writers.numbers import is_small
from derivo.graph.node import Node

MOST_TERMS, MOST_ENTRIES = 4, 4


def in_loops(value: Node, t: Telling) -> list[Block]:
    """Tell what comes back to a value from the loops that read it."""
    found: list[Block] = []
    looped = t.looped(value)
    for steps, argument in looped:
        is_carry, is_one = argument in steps.carries, not _summed(steps)
        title = t.words.text(
            f"loops.{'back' if is_carry else 'slice' if is_one else 'sum'}_title"
        )
        link = Link(title, f"#{steps.body.prefix}{'back' if is_carry else 'sums'}")
        said = t.words.runs("loops.through", value=t.shown(value), where=link)
        row = Row(t.came_from(steps, argument), t.handed(steps, argument))
        rows = (row, *t.in_numbers_only(steps.part(argument)))
        found.append(Paragraph(said))
        # Parts that have no names of their own are told as the sum that they make.
        if len(looped) == 1 or row.left != t.adjoint(value):
            found.append(Display(rows))
    if not any(isinstance(b, Display) for b in found) and looped:
        whole = t.subject.raw.adjoints[value]
        row = Row(t.adjoint(value), formula_of(whole, t.names))
        found.append(Display((row, *t.in_numbers_only(whole))))
    return found


def sections(steps: Steps, t: Telling) -> list[Section]:
    """Tell why the gradient of a weight is a sum over the steps; that of x_t is not."""
    say, fixed = t.words.runs, _summed(steps)
    blocks: list[Block] = []
    if fixed:
        shown = t.words.listed(t.shown(f) for f in fixed)
        rows = [r for f in fixed for r in _sum_rows(f, steps, t)]
        blocks += [Paragraph(say("loops.sum", values=shown)), Display(tuple(rows))]
        blocks += _terms(fixed[0], steps, t)
        twice = [f for f in fixed if len(t.readers.get(f, ())) > 1]
        blocks += [Note("reason", say("loops.twice", value=t.shown(f))) for f in twice]
    for s in steps.slices:
        gradient = steps.gradient(s)
        if gradient is not None:
            row = Row(under_shape(t.adjoint(s), s), t.with_shapes(gradient))
            text = say("loops.no_sum", value=t.shown(s), step=steps.time)
            blocks += [Paragraph(text), Display((row,))]
    if not blocks:
        return []
    title = say("loops.sum_title" if fixed else "loops.slice_title")
    return [Section(f"{steps.body.prefix}sums", title, tuple(blocks), "matrix")]


def _summed(steps: Steps) -> list[Node]:
    """Give what every step reads and gets a gradient back."""
    return [f for f in steps.fixed if steps.gradient(f) is not None]


def _sum_rows(fixed: Node, steps: Steps, t: Telling) -> list[Row]:
    """Write the gradient of a value that every step reads: ``dw = Σ_t x_tᵀ dn_t``."""
    outer = Telling(steps.outer, t.words)
    count = Size(steps.node.attrs["length"])
    return [
        Row(under_shape(outer.came_from(steps, fixed), fixed),
            Sum(steps.time, count, t.adjoint(fixed))),
        Row(None, outer.handed(steps, fixed)),
    ]  # fmt: skip


def _terms(fixed: Node, steps: Steps, t: Telling) -> list[Block]:
    """Write the sum with numbers, step by step."""
    gradient = steps.gradient(fixed)
    if gradient is None or not steps.has_numbers or len(steps.running) > MOST_TERMS:
        return []
    values = [steps.at[k].values[gradient] for k in sorted(steps.running)]
    if not is_small(values[0], MOST_ENTRIES):
        return []
    terms = tuple(
        Under(numbers(v), f"{steps.time.name} = {k}") for k, v in enumerate(values, 1)
    )
    left = Telling(steps.outer, t.words).came_from(steps, fixed)
    rows = (Row(left, Plus(terms)), Row(None, numbers(sum(values))))
    return [Paragraph(t.words.runs("loops.terms")), Display(rows)]
