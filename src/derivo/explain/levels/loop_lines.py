"""A loop in the emitted code: what each line of it does."""

from __future__ import annotations

from derivo.explain.document import Badge, Mono, Paragraph, Runs, Section, Table
from derivo.explain.levels.tell import Telling
from derivo.explain.step_lines import StepLine, factors_of, lines_of
from derivo.explain.subject import Steps


def sections(steps: Steps, t: Telling) -> list[Section]:
    """Tell line by line what the loops of the code do, forward and backward."""
    lines = lines_of(steps)
    if not lines:
        return []
    say = t.words.runs
    source = steps.outer.derivation.source.splitlines()
    factors = factors_of(steps)
    rows: list[tuple[Runs, ...]] = [
        (say("loops.line"), say("loops.code"), say("loops.does"))
    ]
    for line in lines:
        code = source[line.number - 1].partition("  #")[0].strip()
        badges: list[Badge | str] = []
        for f in factors.get(line.number, ()):
            badges += [" ", Badge(f)]
        said = _said(line, t)
        rows.append(((str(line.number),), (Mono(code),), (*said, *badges)))
    text = say("loops.lines", step=steps.time)
    blocks = (Paragraph(text), Table(tuple(rows)))
    title = say("loops.lines_title")
    return [Section(f"{t.subject.prefix}lines", title, blocks, "matrix")]


def _said(line: StepLine, t: Telling) -> Runs:
    """Say what a line does, with its formula if the value has a name."""
    if line.value is None:
        return t.words.runs(f"loops.{line.kind}_line")
    forward = not line.backward or line.kind == "before"
    shown = t.shown(line.value) if forward else t.adjoint(line.value)
    text = t.words.runs(f"loops.{line.kind}_line")
    return t.words.runs("page.explained", what=shown, shown=text)
