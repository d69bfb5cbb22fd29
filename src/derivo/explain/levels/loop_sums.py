"""Why the gradient of what every step reads is a sum over the steps."""

from __future__ import annotations

from derivo.explain.document import (
    Block,
    Display,
    Note,
    Paragraph,
    Row,
    Section,
)  # fmt: skip
from derivo.explain.formula.tree import Formula, Plus, Size, Sum, Under
from derivo.explain.levels.in_loops import left_of, summed
from derivo.explain.levels.tell import Telling, numbers, shape_of
from derivo.explain.subject import Steps
from derivo.explain.writers.numbers import is_small
from derivo.graph.node import Node

MOST_TERMS, MOST_ENTRIES = 4, 4


def sections(steps: Steps, t: Telling) -> list[Section]:
    """Tell why the gradient of a weight is a sum over the steps; that of x_t is not."""
    say = t.words.runs
    fixed = [f for f in steps.fixed if steps.gradient(f) is not None]
    blocks: list[Block] = []
    if fixed:
        shown = t.words.listed(t.shown(f) for f in fixed)
        blocks.append(Paragraph(say("loops.sum", values=shown)))
        blocks.append(Display(tuple(r for f in fixed for r in sum_rows(f, steps, t))))
        blocks += _terms(fixed[0], steps, t)
        twice = [f for f in fixed if len(t.readers.get(f, ())) > 1]
        blocks += [Note("reason", say("loops.twice", value=t.shown(f))) for f in twice]
    for s in steps.slices:
        gradient = steps.gradient(s)
        if gradient is not None:
            row = Row(shaped(t.adjoint(s), s), t.with_shapes(gradient))
            text = say("loops.no_sum", value=t.shown(s), step=steps.time)
            blocks += [Paragraph(text), Display((row,))]
    if not blocks:
        return []
    title = say("loops.sum_title" if fixed else "loops.slice_title")
    return [Section(f"{steps.body.prefix}sums", title, tuple(blocks), "matrix")]


def sum_rows(fixed: Node, steps: Steps, t: Telling) -> list[Row]:
    """Write the gradient of a value that every step reads: ``dw = Σ_t x_tᵀ dn_t``."""
    count = Size(steps.node.attrs["length"])
    left = shaped(left_of(fixed, steps, Telling(steps.outer, t.words)), fixed)
    rows = []
    if fixed in steps.body.adjoint_symbols:
        rows.append(Row(left, Sum(steps.time, count, t.adjoint(fixed))))
    rows.append(Row(None if rows else left, summed(fixed, steps, t)))
    return rows


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
    left = left_of(fixed, steps, Telling(steps.outer, t.words))
    rows = (Row(left, Plus(terms)), Row(None, numbers(sum(values))))
    return [Paragraph(t.words.runs("loops.terms")), Display(rows)]


def shaped(formula: Formula, node: Node) -> Formula:
    """Write the shape of a value under its symbol."""
    return Under(formula, shape_of(node.spec)) if node.spec.rank else formula
