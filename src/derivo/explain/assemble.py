"""The document of an explanation, put together from its parts."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from derivo.explain.code import code_of
from derivo.explain.document import SHORT, Document, Section
from derivo.explain.drawing.of_subject import draw
from derivo.explain.levels import (
    batch,
    brief,
    given,
    jacobian,
    loops,
    matrix,
    saved,
    scalar,
    vanishing,
)
from derivo.explain.levels.calls import function_sections
from derivo.explain.subject import Subject
from derivo.explain.words import Words

LEVELS = ("graph", "scalar", "matrix", "batch", "code")
Tell = Callable[[Subject, Words], tuple[Section, ...]]
TOLD: dict[str, tuple[Tell, ...]] = {
    "scalar": (scalar.sections, loops.scalar_sections),
    "matrix": (
        brief.sections,
        loops.matrix_sections,
        matrix.sections,
        jacobian.sections,
        vanishing.sections,
    ),
    "batch": (batch.sections,),
}
# What is a part of the sections on matrices: told where those are not asked for.
SUMS = (batch.sums, loops.batch_sections)
# Of functions that are called: the update is told of the whole.
OF_FUNCTIONS: dict[str, tuple[Tell, ...]] = {
    "matrix": (
        loops.matrix_sections,
        matrix.both_passes,
        saved.sections,
        jacobian.sections,
    ),
    "batch": (batch.sections,),
}


def assemble(subject: Subject, levels: Iterable[str], language: str) -> Document:
    """Put a document together.

    Parameters
    ----------
    subject
        What is told.
    levels
        Of `LEVELS`, which.
    language
        "en", "fr" or "ja".
    """
    words = Words(language)
    levels = tuple(levels)
    drawing, code = draw(subject, words), code_of(subject)
    sections: list[Section] = list(given.sections(subject, words))
    for level in LEVELS:
        if level not in levels:
            continue
        for tell in TOLD.get(level, ()):
            sections += tell(subject, words)
    of_functions = [tell for level in levels for tell in OF_FUNCTIONS.get(level, ())]
    if "batch" in levels and "matrix" not in levels:
        sections += [s for tell in SUMS for s in tell(subject, words)]
        of_functions += SUMS
    if of_functions:
        sections += function_sections(subject, words, of_functions)
    # What is told at length below stands first, in short.
    sections.sort(key=lambda s: s.anchor != SHORT)
    return Document(
        title=words.text("page.title", name=subject.derivation.name),
        language=language,
        sections=tuple(sections),
        factors=subject.all_factors,
        drawing=drawing if "graph" in levels else None,
        code=code if "code" in levels else None,
    )
