"""What the function is given, where that is more than arrays by name."""

from __future__ import annotations

import ast

from derivo.emit.places import places_of
from derivo.explain.document import Block, Mono, Paragraph, Run, Section, Table
from derivo.explain.formula.of_node import names_of
from derivo.explain.subject import Subject
from derivo.explain.words import Words
from derivo.graph.nest import is_nest


def sections(subject: Subject, words: Words) -> tuple[Section, ...]:
    """Tell of parts of arguments, settings and attributes; nothing if there are none.

    Defaults that nobody spoke of are left to the code.
    """
    given = subject.derivation.given
    blocks: list[Block] = []
    if given.of_self:
        listed = words.listed(map(Mono, given.of_self))
        blocks.append(Paragraph(words.runs("given.attributes", listed=listed)))
    if any(is_nest(nest) for _, nest in subject.derivation.traced.signature):
        blocks += [Paragraph(words.runs("given.parts")), _parts(subject, words)]
    if given.told:
        listed = words.listed(
            Mono(f"{name}={value}") for name, value in given.told.items()
        )
        blocks.append(Paragraph(words.runs("given.settings", listed=listed)))
    if not blocks:
        return ()
    return (Section("given", words.runs("given.title"), tuple(blocks)),)


def _parts(subject: Subject, words: Words) -> Table:
    """List what stands in nests: its name, its place, its shape."""
    traced = subject.derivation.traced
    places, names = places_of(traced.signature), names_of(subject)
    rows: list[tuple[tuple[Run, ...], ...]] = [
        (words.runs("given.name"), words.runs("given.place"), words.runs("given.shape"))
    ]
    for node in traced.inputs:
        path = node.attrs["name"]
        place = ast.unparse(places[path])
        if place != path or "." in path:
            shown: Run = names.get(node) or Mono(path)
            rows.append(((shown,), (Mono(place),), (Mono(str(node.spec)),)))
    return Table(tuple(rows))
