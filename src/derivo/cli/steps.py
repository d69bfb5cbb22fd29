"""The derivation in short, as the terminal shows it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from derivo.derivation import Derivation
from derivo.explain.document import Row
from derivo.explain.formula.of_node import adjoint_symbol
from derivo.explain.formula.tree import Symbol
from derivo.explain.formula.unicode import inline
from derivo.explain.levels import brief
from derivo.explain.levels.tell import Telling
from derivo.explain.prepare import subject
from derivo.explain.subject import unique_names
from derivo.explain.words import Words


def parts_of(derivation: Derivation) -> Iterator[tuple[str, list[Row]]]:
    """Give the derivation as rows of formulas, with their reasons.

    The functions that it calls come after it, each once.

    Yields
    ------
    tuple
        A heading, "" for the whole, and the rows.
    """
    words, whole = Words("en"), subject(derivation.with_plain_steps, {})
    yield "", brief.rows_of(Telling(whole, words))
    for f in whole.functions:
        said = words.text("calls.within_brief", name=f.name)
        yield said, brief.rows_of(Telling(f.body, words))


def signs_of(derivation: Derivation, styles: Mapping[str, str]) -> dict[str, str]:
    """Give the styles of values by the signs that formulas have for them."""
    found: dict[str, str] = {}
    names = unique_names(derivation.traced).items()
    for symbol, name in ((Symbol(name, n.spec.rank), name) for n, name in names):
        if name in styles:
            found[inline(symbol)] = styles[name]
            found[inline(adjoint_symbol(symbol))] = f"bold {styles[name]}"
    return found
