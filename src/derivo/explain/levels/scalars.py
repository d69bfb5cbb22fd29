"""A computation number by number: names, values, local derivatives, who reads what."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from derivo.explain.document import Block, Display, Fold, Row
from derivo.explain.factors import Factor
from derivo.explain.formula.local import short_local
from derivo.explain.formula.of_node import formula_of, gradient_of, names_of
from derivo.explain.formula.tree import (
    Entry,
    Formula,
    Mark,
    Number,
    Partial,
    Plus,
    Symbol,
    Times,
)
from derivo.explain.levels.paths import paths_between
from derivo.explain.levels.scalarise import (
    Expanded,
)
from derivo.explain.subject import Subject
from derivo.explain.words import Words as Sentences
from derivo.graph.node import Node
from derivo.run.reference import run_graph


def as_it_is(subject: Subject) -> Expanded:
    """Take a graph of numbers as it is: it needs no expansion."""
    names = dict(names_of(subject))
    forward = set(subject.graph.nodes())
    return Expanded(
        subject.graph,
        {n: f for n, f in names.items() if n in forward},
        {n: np.array(n, dtype=object) for n in forward},
        dict(subject.factor_of),
    )


def mark(expanded: Expanded, f: Factor, body: Formula) -> Formula:
    """Colour a factor, if the graph that is shown has it."""
    known = expanded.factors.get((f.reader, f.position))
    return body if known is None else Mark(body, known.id)


def adjoint_of(formula: Formula) -> Formula:
    """Write the adjoint of what a formula stands for."""
    match formula:
        case Symbol():
            return replace(formula, adjoint=True)
        case Entry(base, indices):
            return Entry(adjoint_of(base), indices)
        case _:
            return gradient_of(formula)


def added(terms: list[Formula]) -> Formula:
    """Add terms; one alone is itself."""
    return terms[0] if len(terms) == 1 else Plus(tuple(terms))


def multiplied(parts: list[Formula]) -> Formula:
    """Multiply factors; one alone is itself."""
    return parts[0] if len(parts) == 1 else Times(tuple(parts), "×")


def folded(words: Sentences, rows: list[Row], most: int) -> list[Block]:
    """Show the first rows, the rest behind a fold."""
    if len(rows) <= most:
        return [Display(tuple(rows))]
    title = words.runs("page.more", count=str(len(rows) - most))
    rest = Fold(title, (Display(tuple(rows[most:])),))
    return [Display(tuple(rows[:most])), rest]


RESULT = 4  # significant digits of what comes out
MOST_DIGITS = 9


def values_of(s: Subject, expanded: Expanded) -> Mapping[Node, Any]:
    """Compute every number of an expanded graph; none if no arrays were given."""
    if not s.has_numbers or any(
        s.sizes.get(k, 0) < v for k, v in expanded.sizes.items()
    ):
        return {}
    known: dict[Node, Any] = {}
    for node in s.graph.inputs:
        array = np.asarray(s.arrays[node.attrs["name"]])
        entries = expanded.entries[node]
        # The first rows and columns, as many as are written out.
        cut = array[tuple(slice(d) for d in entries.shape)]
        known.update(zip(np.ravel(entries), np.ravel(cut), strict=True))
    try:
        with np.errstate(all="ignore"):
            return run_graph(expanded.graph.outputs, known, expanded.sizes)
    except (AttributeError, TypeError):
        return {}  # text for arrays alone: the level is told without numbers


def seeds_of(s: Subject, expanded: Expanded, values: Mapping[Node, Any]) -> list[float]:
    """Give the numbers that come from outside, one for every result."""
    found: list[float] = []
    if not values:
        return found
    for result, seed in zip(s.graph.outputs, s.raw.seeds, strict=True):
        whole = np.broadcast_to(s.values.get(seed, 1.0), np.shape(s.values[result]))
        cut = tuple(slice(d) for d in np.shape(expanded.entries[result]))
        found += [float(x) for x in np.ravel(whole[cut])]
    return found


def weighed(
    given: Sequence[tuple[int, float | None]], seeds: Sequence[float]
) -> list[Row]:
    """Put numbers in for what comes from outside, and for each derivative.

    Parameters
    ----------
    given
        The place of each result, and the derivative of it, if that is known in full.
    seeds
        What comes from outside for every result; none if there are no numbers.
    """
    known = [(seeds[k], x) for k, x in given if seeds and x is not None]
    if len(known) < len(given):
        return []
    with np.errstate(all="ignore"):
        total = float(sum(seed * x for seed, x in known))
    digits = digits_for(total, known)
    products: list[Formula] = [
        Times((Number(seed, digits), Number(x, digits)), "·") for seed, x in known
    ]
    return [Row(None, added(products)), Row(None, Number(total, RESULT))]


def digits_for(total: float, products: Iterable[Iterable[float]]) -> int:
    """Give the digits that factors are shown with, so that they make what is shown.

    A sum of products is shown with `RESULT` digits. Who multiplies the factors as they
    stand there comes to the same: they have one digit more, or as many as that takes.
    """
    return digits_for_all([(total, products)])


def digits_for_all(sums: Iterable[tuple[float, Iterable[Iterable[float]]]]) -> int:
    """Give the digits with which each of several sums of products comes out right.

    More digits are not always better: half a unit may be rounded the other way again.
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


def slope(f: Factor, values: Mapping[Node, Any]) -> float:
    """Compute a local derivative from the rule of its operation."""
    reader = f.reader
    operands = [np.float64(values[i]) for i in reader.inputs]
    assert reader.op.vjp is not None  # noqa: S101
    with np.errstate(all="ignore"):
        parts = reader.op.vjp(
            np.float64(1),
            np.float64(values[reader]),
            *operands,
            **reader.attrs,
        )
    return float(parts[f.position])


@dataclass
class Scalars:
    """A subject written out number by number.

    Attributes
    ----------
    subject, words
        What is told, and in which language.
    expanded
        The same with a node for every number.
    """

    subject: Subject
    expanded: Expanded
    words: Sentences

    def __post_init__(self) -> None:
        self.names: Mapping[Node, Formula] = self.expanded.names
        self.whole = names_of(self.subject)
        self.builder = self.subject.derivation.forward.builder
        self.nodes = self.expanded.graph.nodes()
        wrt = set(self.subject.derivation.wanted)
        self.wanted = [
            n for n in self.subject.graph.inputs if n.attrs["name"] in wrt
        ]  # fmt: skip
        self.values = values_of(self.subject, self.expanded)
        self.seeds = seeds_of(self.subject, self.expanded, self.values)
        self.active = self._active()
        self.beside = self._beside()
        sizes = self.subject.sizes
        self.is_whole = all(
            sizes.get(name, n) == n for name, n in self.expanded.sizes.items()
        )

    def _active(self) -> set[Node]:
        active = {e for n in self.wanted for e in np.ravel(self.expanded.entries[n])}
        for node in self.nodes:
            if node.spec.kind in {"float", "pyfloat"} and active & set(node.inputs):
                active.add(node)
        return active

    def _beside(self) -> set[tuple[Node, Node]]:
        """Give the entries that a result reads, while other paths lead there, too."""
        entries = {e for n in self.wanted for e in np.ravel(self.expanded.entries[n])}
        return {
            (entry, result)
            for result in self.expanded.graph.outputs
            for entry in entries & set(result.inputs)
            if len(paths_between(entry, result, self.nodes, self.active, 2)[0]) > 1
        }

    @cached_property
    def readers(self) -> Mapping[Node, list[Factor]]:
        """The operations that read each number and pass a gradient back to it."""
        found: dict[Node, list[Factor]] = {}
        for node in self.nodes:
            for factor in self.factors_into(node) if node in self.active else ():
                found.setdefault(factor.operand, []).append(factor)
        return found

    def factors_into(self, node: Node) -> list[Factor]:
        """Give the local derivatives of an operation."""
        return [
            Factor("", 0, 0, node, k)
            for k, i in enumerate(node.inputs)
            if i in self.active
        ]  # fmt: skip

    @cached_property
    def gradients(self) -> Mapping[Node, float]:
        """The gradient of every number that the results depend on.

        Empty without numbers, and where but a part of the rows is written out: then
        they would be no gradients of the whole.
        """
        if not self.values or not self.is_whole:
            return {}
        found = dict.fromkeys(self.expanded.graph.outputs, 0.0)
        for result, seed in zip(self.expanded.graph.outputs, self.seeds, strict=True):
            found[result] += seed
        with np.errstate(all="ignore"):
            for node in reversed(self.nodes):
                for f in self.readers.get(node, ()):
                    back = found.get(f.reader, 0.0) * slope(f, self.values)
                    found[node] = found.get(node, 0.0) + back
        return found

    # --- formulas ---------------------------------------------------------------------

    def name(self, node: Node) -> Formula:
        """Give the name of a number, or its formula."""
        return self.names.get(node) or formula_of(node, self.names)

    def sign(self, f: Factor) -> Formula:
        """Write a local derivative as such: ∂n/∂m, or ∂⁺n/∂m beside other paths."""
        direct = (f.operand, f.reader) in self.beside
        return Partial(self.name(f.reader), self.name(f.operand), direct)

    def local(self, f: Factor) -> Formula:
        """Write a local derivative out: w, 1, σ'(n)."""
        found = short_local(f, self.names, builder=self.builder)
        return self.sign(f) if found is None else found

    def marked(self, f: Factor, body: Formula) -> Formula:
        """Colour a factor, if the graph that is shown has it."""
        return mark(self.expanded, f, body)

    def is_one(self, f: Factor) -> bool:
        """Tell whether a local derivative is 1: the gradient is passed on."""
        return self.local(f) == Number(1)

    def adjoint(self, result: Node, k: int) -> Formula:
        """Write what comes from outside for a result: it may be but a part."""
        s = self.subject
        own = s.symbols.get(s.raw.seeds[k]) if self.expanded.graph is s.graph else None
        return own or adjoint_of(self.name(result))

    def derivative(self, entry: Node) -> Formula:
        """Write the gradient of a number."""
        own = self.subject.adjoint_symbols.get(entry)
        return own or adjoint_of(self.name(entry))
