"""Worksheets: the same network with fresh numbers and blanks, and the answer key."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from derivo.explain.document import Display, Document, Paragraph, Row, Section
from derivo.explain.drawing.of_subject import draw
from derivo.explain.formula.tree import Blank, Formula, Symbol
from derivo.explain.levels.tell import numbers
from derivo.explain.moments import moments_of
from derivo.explain.prepare import subject
from derivo.explain.subject import Subject
from derivo.explain.words import Words
from derivo.explain.writers.numbers import is_small
from derivo.passes import Passes
from derivo.verify.draw import draw_inputs

ROWS = 2  # of everything that has a name for a size


def sheet_and_key(
    derivation: Passes, seed: int, language: str
) -> tuple[Document, Document, dict[str, Any]]:
    """Make a worksheet: every value forward and every gradient is to be filled in.

    Parameters
    ----------
    derivation
        What is to be computed by hand.
    seed
        Draws the numbers.
    language
        "en", "fr" or "ja".

    Returns
    -------
    sheet, key, arrays
        Without the answers and with them, and the numbers that were drawn.
    """
    arrays = drawn(derivation, seed)
    words = Words(language)
    about = subject(derivation, arrays)
    sheet = _document(about, words, seed, answers=False)
    key = _document(about, words, seed, answers=True)
    return sheet, key, arrays


def drawn(
    derivation: Passes, seed: int, sizes: dict[str, int] | None = None
) -> dict[str, Any]:
    """Draw small arguments with one decimal, for which assumptions hold.

    Parameters
    ----------
    derivation
        Gives the arguments.
    seed
        The same seed gives the same numbers.
    sizes
        What named sizes are; 2 if left out.
    """
    rng = np.random.Generator(np.random.Philox(seed))
    graph = derivation.traced
    names = {
        str(d) for n in graph.inputs for d in n.spec.shape if not isinstance(d, int)
    }
    chosen = dict.fromkeys(names, ROWS) | (sizes or {})
    found = draw_inputs(
        graph, rng, assumptions=derivation.backward.assumptions, sizes=chosen
    )
    assumed = {a.name for a in derivation.backward.assumptions}
    return {
        name: a
        if name in assumed or np.asarray(a).dtype.kind != "f"
        else np.round(a, 1)
        for name, a in found.arrays.items()
    }


def _document(about: Subject, words: Words, seed: int, *, answers: bool) -> Document:
    inputs = [(n, about.arrays[n.attrs["name"]]) for n in about.graph.inputs]
    given = [
        Row(Symbol(n.attrs["name"], n.spec.rank), numbers(a))
        for n, a in inputs if is_small(a) or not n.spec.rank
    ]  # fmt: skip
    rows: dict[str, list[Row]] = {"forward": [], "backward": []}
    count = 0
    for moment in moments_of(about, words):
        value = about.values.get(moment.value) if moment.value else None
        if value is None or not (np.size(value) == 1 or is_small(value)):
            continue
        count += 1
        answer = numbers(value)
        shown: Formula = answer if answers else Blank(answer, count)
        formula = moment.rows[0].right if moment.rows else shown
        if formula in (shown, answer, moment.name):
            rows[moment.phase].append(Row(moment.name, shown))
        else:
            rows[moment.phase] += [Row(moment.name, formula), Row(None, shown)]
    sections = [
        Section("given", words.runs("worksheet.given"), (Display(tuple(given)),))
    ]
    for phase, listed in rows.items():
        task = Paragraph(words.runs(f"worksheet.{phase}_task"))
        head = words.runs(f"worksheet.{phase}")
        sections.append(Section(phase, head, (task, Display(tuple(listed)))))
    kind = "key" if answers else "sheet"
    title = words.text(f"worksheet.{kind}", name=about.derivation.name, seed=seed)
    # The picture of the sheet has no numbers: they are what is asked for.
    plain = replace(about, arrays={}, sizes={})
    return Document(
        title, words.language, tuple(sections), about.factors,
        drawing=draw(about if answers else plain, words), asked=("worksheet",),
    )  # fmt: skip
