"""A computation number by number: names, values, local derivatives, who reads what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from derivo.explain.factors import Factor
from derivo.explain.formula.local import short_local
from derivo.explain.formula.of_node import formula_of, names_of
from derivo.explain.formula.tree import Formula, Number, Partial
from derivo.explain.levels.paths import paths_between
from derivo.explain.levels.scalar_numbers import seeds_of, slope, values_of
from derivo.explain.levels.scalar_parts import adjoint_of, mark
from derivo.explain.levels.scalarise import Expanded
from derivo.explain.subject import Subject
from derivo.explain.words import Words as Sentences
from derivo.graph.node import Node


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
