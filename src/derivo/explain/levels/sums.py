"""Sums and products as they are shown: in formulas, and in numbers that come out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from derivo.explain.document import Block, Display, Fold, Row, Runs
from derivo.explain.formula.tree import Formula, Mark, Number, Plus, Times
from derivo.explain.words import Words as Sentences

RESULT = 4  # significant digits of what comes out
MOST_DIGITS = 9


def added(terms: Sequence[Formula]) -> Formula:
    """Add terms; one alone is itself."""
    return terms[0] if len(terms) == 1 else Plus(tuple(terms))


def multiplied(parts: Iterable[Formula], sign: str = "·") -> Formula:
    """Multiply factors; one alone is itself, and none are 1."""
    found = tuple(parts) or (Number(1),)
    return found[0] if len(found) == 1 else Times(found, sign)


def folded(words: Sentences, rows: list[Row], most: int) -> list[Block]:
    """Show the first rows, the rest behind a fold."""
    if len(rows) <= most:
        return [Display(tuple(rows))]
    title = words.runs("page.more", count=str(len(rows) - most))
    rest = Fold(title, (Display(tuple(rows[most:])),))
    return [Display(tuple(rows[:most])), rest]


def coloured(body: Formula, factor: str) -> Formula:
    """Write a factor in its colour, if it has one."""
    return Mark(body, factor) if factor else body


def worked_out(
    products: Sequence[Sequence[tuple[float, str]]], sign: str = "·", reason: Runs = ()
) -> list[Row]:
    """Write a sum of products in numbers, and what it comes to.

    Parameters
    ----------
    products
        The numbers that are multiplied, each with the factor whose colour it has.
    sign
        Of the products.
    reason
        What to say of it.
    """
    numbers = [[x for x, _ in p] for p in products]
    with np.errstate(all="ignore"):
        total = float(sum(np.prod(p) for p in numbers))
    if np.isnan(total):  # 0 times ∞ on a path that a mask has closed
        return []
    digits = digits_for((total, numbers))
    terms = [
        multiplied([coloured(Number(x, digits), f) for x, f in p], sign)
        for p in products
    ]
    result = Row(None, Number(total, RESULT))
    if [len(p) for p in numbers] == [1]:
        return [replace(result, reason=reason)]
    return [Row(None, added(terms), reason), result]


def digits_for(*sums: tuple[float, Iterable[Iterable[float]]]) -> int:
    """Give the digits that factors are shown with, so that they make what is shown.

    A sum of products is shown with `RESULT` digits. Who multiplies the factors as they
    stand there comes to the same: they have one digit more, or as many as that takes.
    More digits are not always better: half a unit may be rounded the other way again.

    Parameters
    ----------
    *sums
        Each with what it comes to, and the factors of its products.
    """
    found = [(f"{c:.{RESULT}g}", [list(p) for p in products]) for c, products in sums]
    for digits in range(RESULT, MOST_DIGITS):
        if all(_comes_to(goal, products, digits) for goal, products in found):
            return digits
    return MOST_DIGITS


def _comes_to(goal: str, products: list[list[float]], digits: int) -> bool:
    with np.errstate(all="ignore"):
        shown = sum(np.prod([float(f"{x:.{digits}g}") for x in p]) for p in products)
    return f"{shown:.{RESULT}g}" == goal
