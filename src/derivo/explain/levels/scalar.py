"""Scalar level: every path from an argument to a result, as a product of factors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from derivo.explain.document import (
    Block,
    Display,
    Fold,
    Link,
    Note,
    Paragraph,
    Row,
    Section,
)
from derivo.explain.factors import Factor
from derivo.explain.formula.local import short_local
from derivo.explain.formula.of_node import formula_of
from derivo.explain.formula.tree import (
    Formula,
    Matrix,
    Number,
    Partial,
    Plus,
    Symbol,
    Times,
)
from derivo.explain.levels.paths import Path, paths_between
from derivo.explain.levels.scalar_numbers import (
    DIGITS,
    seeds_of,
    sign_before,
    slope,
    values_of,
    weighed,
)
from derivo.explain.levels.scalar_parts import (
    added,
    adjoint_of,
    as_it_is,
    folded,
    mark,
    multiplied,
)
from derivo.explain.levels.scalarise import (
    Expanded,
    NotExpandedError,
    expand,
    small_sizes,
)
from derivo.explain.levels.tell import anchor_word
from derivo.explain.subject import Subject
from derivo.explain.words import Words as Sentences
from derivo.graph.node import Node

MOST_IN_FULL, MOST_ENTRIES, MOST_PATHS, MOST_LINES = 4, 12, 12, 40
MOST_FACTORS = 80  # of an argument's entries: the rest come about in the same way


def sections(subject: Subject, words: Sentences) -> tuple[Section, ...]:
    """Tell the chain rule number by number."""
    is_scalar = all(not n.spec.rank for n in subject.graph.nodes())
    try:
        expanded = (
            as_it_is(subject) if is_scalar else expand(subject, small_sizes(subject))
        )
    except NotExpandedError:
        note = Note("reason", words.runs("scalar.not_expanded"))
        return (Section("scalar", words.runs("scalar.title"), (note,), "scalar"),)
    t = _Scalars(subject, expanded, words)
    return (t.overview(), *t.arguments())


@dataclass
class _Scalars:
    subject: Subject
    expanded: Expanded
    words: Sentences

    def __post_init__(self) -> None:
        self.names: Mapping[Node, Formula] = self.expanded.names
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

    # --- the parts --------------------------------------------------------------------

    def overview(self) -> Section:
        """Show the forward pass number by number, and all local derivatives."""
        w = self.words
        rows = [
            Row(self.names[n], formula_of(n, self.names))
            for n in self.nodes
            if n.inputs and n in self.names
        ]
        local = [
            Row(self.sign(f), self.local(f))
            for n in self.nodes if n in self.active and n.inputs
            for f in self.factors_into(n)
        ]  # fmt: skip
        blocks: list[Block] = []
        if self.expanded.sizes:
            listed = ", ".join(f"{k} = {v}" for k, v in self.expanded.sizes.items())
            blocks.append(Paragraph(w.runs("scalar.sizes", sizes=listed)))
        blocks += [
            Paragraph(w.runs("scalar.forward")), *folded(w, rows, MOST_LINES),
            Paragraph(w.runs("scalar.local")), *folded(w, local, MOST_PATHS),
        ]  # fmt: skip
        if self.beside:
            blocks.append(Note("reason", w.runs("scalar.direct")))
        return Section("scalar", w.runs("scalar.title"), tuple(blocks), "scalar")

    def arguments(self) -> list[Section]:
        """Show the chain rule for the entries of every argument."""
        found = []
        for node in self.wanted:
            entries = self.expanded.entries[node]
            flat = list(np.ravel(entries))
            blocks: list[Block] = []
            written = 0
            for k, entry in enumerate(flat):
                if k >= MOST_ENTRIES or written > MOST_FACTORS:
                    left = str(len(flat) - k)
                    blocks.append(
                        Paragraph(self.words.runs("scalar.same_way", count=left))
                    )
                    break
                inner, factors = self.entry(entry)
                written += factors
                if k < MOST_IN_FULL:
                    blocks += inner
                else:
                    name = self.derivative(entry)
                    blocks.append(
                        Fold(self.words.runs("scalar.entry", entry=name), tuple(inner))
                    )
            name = self.subject.names.get(node, node.attrs["name"])
            if entries.ndim:
                blocks += self.gathered(node, entries)
            anchor = "scalar-" + anchor_word(name, self.subject.ids[node])
            symbol = self.subject.symbols.get(node) or Symbol(name, node.spec.rank)
            title = self.words.runs("scalar.argument", value=symbol)
            found.append(Section(anchor, title, tuple(blocks), "scalar"))
        return found

    def gathered(self, node: Node, entries: object) -> list[Block]:
        """Gather the entries into the matrix that they are entries of."""
        rows = np.atleast_2d(np.asarray(entries, dtype=object))
        if rows.ndim != 2 or rows.size > MOST_ENTRIES:
            return []
        matrix = Matrix(tuple(tuple(self.derivative(e) for e in r) for r in rows))
        symbol = Symbol(
            self.subject.names.get(node, node.attrs["name"]),
            node.spec.rank,
            adjoint=True,
        )
        name = anchor_word(symbol.name, self.subject.ids[node])
        link = Link(self.words.text("scalar.to_matrix"), f"#matrix-{name}")
        return [
            Paragraph(self.words.runs("scalar.gathered")),
            Display((Row(symbol, matrix),)), Paragraph((link,)),
        ]  # fmt: skip

    def entry(self, entry: Node) -> tuple[list[Block], int]:
        """Show all paths from one number to the results; count their factors."""
        blocks: list[Block] = []
        totals: list[Formula] = []
        rows: list[Row] = []
        told: set[Node] = set()
        several = False
        slopes: dict[Node, float | None] = {}
        given: list[tuple[int, float | None]] = []
        count = 0
        for k, result in enumerate(self.expanded.graph.outputs):
            found, more = paths_between(
                entry, result, self.nodes, self.active, MOST_PATHS
            )
            if not found:
                continue
            is_new = result not in told
            if is_new:
                shown, slopes[result] = self.paths(entry, result, found)
                rows += shown
                count += sum(map(len, found))
                if more:  # the others are missing in the sum
                    slopes[result] = None
                    rows = rows[:-1] if self.values else rows
            told.add(result)
            given.append((k, slopes[result]))
            if more and is_new:
                blocks.append(
                    Note("warning", self.words.runs("scalar.too_many", count=str(more)))
                )
            totals.append(
                Times(
                    (
                        self.adjoint(result, k),
                        Partial(self.names_or(result), self.names_or(entry)),
                    ),
                    "·",
                )
            )
            if len(found) > 1 and is_new and not several:
                several = True
                blocks.append(
                    Note(
                        "reason",
                        self.words.runs("scalar.added", value=self.names_or(entry)),
                    )
                )
        if not rows:
            said = self.words.runs("scalar.none", value=self.names_or(entry))
            return [Paragraph(said)], 0
        if not self.subject.is_loss or len(totals) > 1:
            whole = totals[0] if len(totals) == 1 else Plus(tuple(totals))
            reason = self.words.runs("scalar.upstream")
            rows.append(Row(self.derivative(entry), whole, reason))
            # Of a part of the rows the numbers are no gradient of the whole.
            rows += weighed(given, self.seeds) if self.is_whole else []
        return [Display(tuple(rows)), *blocks], count

    def paths(
        self, entry: Node, result: Node, found: list[Path]
    ) -> tuple[list[Row], float | None]:
        """Write the products along the paths, in signs, in full, and in numbers.

        Returns
        -------
        list, float or None
            The rows, and what they add up to, if there are numbers.
        """
        left = Partial(self.names_or(result), self.names_or(entry))
        signs = [
            multiplied([mark(self.expanded, f, self.sign(f)) for f in p]) for p in found
        ]
        full = [
            multiplied([mark(self.expanded, f, self.local(f)) for f in p])
            for p in found
        ]
        rows = [Row(left, added(signs)), Row(None, added(full))]
        total = None
        if self.values:
            products, total = [], 0.0
            factors = []
            for path in found:
                numbers = [slope(f, self.values) for f in path]
                factors.append(numbers)
                parts = [
                    mark(self.expanded, f, Number(x, DIGITS))
                    for f, x in zip(path, numbers, strict=True)
                ]
                products.append(multiplied(parts))
                with np.errstate(all="ignore"):
                    total += float(np.prod(numbers))
            if np.isnan(total):  # 0 times ∞ on a path that a mask has closed
                return rows, None
            rows.append(Row(None, added(products), self.words.runs("matrix.numbers")))
            sign = sign_before(total, factors)
            rows.append(Row(None, Number(total, DIGITS), (), sign))
        return rows, total

    # --- formulas ---------------------------------------------------------------------

    def factors_into(self, node: Node) -> list[Factor]:
        return [
            Factor("", 0, 0, node, k)
            for k, i in enumerate(node.inputs)
            if i in self.active
        ]  # fmt: skip

    def names_or(self, node: Node) -> Formula:
        return self.names.get(node) or formula_of(node, self.names)

    def sign(self, f: Factor) -> Formula:
        """Write a local derivative as such: ∂n/∂m, or ∂⁺n/∂m beside other paths."""
        direct = (f.operand, f.reader) in self.beside
        return Partial(self.names_or(f.reader), self.names_or(f.operand), direct)

    def local(self, f: Factor) -> Formula:
        """Write a local derivative out: w, 1, σ'(n)."""
        found = short_local(f, self.names, builder=self.builder)
        return self.sign(f) if found is None else found

    def adjoint(self, result: Node, k: int) -> Formula:
        """Write what comes from outside for a result: it may be but a part."""
        s = self.subject
        own = s.symbols.get(s.raw.seeds[k]) if self.expanded.graph is s.graph else None
        return own or adjoint_of(self.names_or(result))

    def derivative(self, entry: Node) -> Formula:
        own = self.subject.adjoint_symbols.get(entry)
        return own or adjoint_of(self.names_or(entry))
