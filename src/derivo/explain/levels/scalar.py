"""Scalar level: every path from an argument to a result, as a product of factors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

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
from derivo.explain.formula.local import local_derivative, prime
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
from derivo.explain.levels.scalar_parts import (
    added,
    adjoint_of,
    as_it_is,
    mark,
    multiplied,
    slope,
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
from derivo.run.reference import run_graph

MOST_IN_FULL, MOST_ENTRIES, MOST_PATHS = 4, 12, 12
DIGITS = 4


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
        wrt = set(self.subject.derivation.wrt)
        self.wanted = [
            n for n in self.subject.graph.inputs if n.attrs["name"] in wrt
        ]  # fmt: skip
        self.values = self._values()
        self.active = self._active()

    def _active(self) -> set[Node]:
        active = {e for n in self.wanted for e in np.ravel(self.expanded.entries[n])}
        for node in self.nodes:
            if node.spec.kind in {"float", "pyfloat"} and active & set(node.inputs):
                active.add(node)
        return active

    def _values(self) -> Mapping[Node, Any]:
        s = self.subject
        if not s.has_numbers or any(
            s.sizes.get(k, 0) < v for k, v in self.expanded.sizes.items()
        ):
            return {}
        known: dict[Node, Any] = {}
        for node in s.graph.inputs:
            array = np.asarray(s.arrays[node.attrs["name"]])
            entries = self.expanded.entries[node]
            # The first rows and columns, as many as are written out.
            cut = array[tuple(slice(d) for d in entries.shape)]
            known.update(zip(np.ravel(entries), np.ravel(cut), strict=True))
        try:
            with np.errstate(all="ignore"):
                return run_graph(
                    self.expanded.graph.outputs, known, self.expanded.sizes
                )
        except (AttributeError, TypeError):
            return {}  # text for arrays alone: the level is told without numbers

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
            Paragraph(w.runs("scalar.forward")), Display(tuple(rows[:40])),
            Paragraph(w.runs("scalar.local")),
        ]  # fmt: skip
        shown = Display(tuple(local[:MOST_PATHS]))
        rest = local[MOST_PATHS:200]
        blocks.append(shown)
        if rest:
            title = w.runs("page.more", count=str(len(rest)))
            blocks.append(Fold(title, (Display(tuple(rest)),)))
        return Section("scalar", w.runs("scalar.title"), tuple(blocks), "scalar")

    def arguments(self) -> list[Section]:
        """Show the chain rule for the entries of every argument."""
        found = []
        for node in self.wanted:
            entries = self.expanded.entries[node]
            flat = list(np.ravel(entries))[:MOST_ENTRIES]
            blocks: list[Block] = []
            for k, entry in enumerate(flat):
                inner = self.entry(entry)
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
            found.append(
                Section(
                    anchor,
                    self.words.runs("scalar.argument", value=symbol),
                    tuple(blocks),
                    "scalar",
                )
            )
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

    def entry(self, entry: Node) -> list[Block]:
        """Show all paths from one number to the results."""
        blocks: list[Block] = []
        totals: list[Formula] = []
        rows: list[Row] = []
        told: set[Node] = set()
        for k, result in enumerate(self.expanded.graph.outputs):
            found, more = paths_between(
                entry, result, self.nodes, self.active, MOST_PATHS
            )
            if not found:
                continue
            is_new = result not in told
            rows += self.paths(entry, result, found) if is_new else []
            told.add(result)
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
            if len(found) > 1 and is_new:
                blocks.append(
                    Note(
                        "reason",
                        self.words.runs("scalar.added", value=self.names_or(entry)),
                    )
                )
        if not rows:
            return [
                Paragraph(self.words.runs("scalar.none", value=self.names_or(entry)))
            ]
        if not self.subject.is_loss or len(totals) > 1:
            whole = totals[0] if len(totals) == 1 else Plus(tuple(totals))
            reason = self.words.runs("scalar.upstream")
            rows.append(Row(self.derivative(entry), whole, reason))
        return [Display(tuple(rows)), *blocks]

    def paths(self, entry: Node, result: Node, found: list[Path]) -> list[Row]:
        """Write the products along the paths, in signs, in full, and in numbers."""
        left = Partial(self.names_or(result), self.names_or(entry))
        signs = [
            multiplied([mark(self.expanded, f, self.sign(f)) for f in p]) for p in found
        ]
        full = [
            multiplied([mark(self.expanded, f, self.local(f)) for f in p])
            for p in found
        ]
        rows = [Row(left, added(signs)), Row(None, added(full))]
        if self.values:
            products, total = [], 0.0
            for path in found:
                numbers = [slope(f, self.values) for f in path]
                parts = [
                    mark(self.expanded, f, Number(x, DIGITS))
                    for f, x in zip(path, numbers, strict=True)
                ]
                products.append(multiplied(parts))
                with np.errstate(all="ignore"):
                    total += float(np.prod(numbers))
            rows.append(Row(None, added(products), self.words.runs("matrix.numbers")))
            rows.append(Row(None, Number(total, DIGITS)))
        return rows

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
        """Write a local derivative as such: ∂n/∂m."""
        return Partial(self.names_or(f.reader), self.names_or(f.operand))

    def local(self, f: Factor) -> Formula:
        """Write a local derivative out: w, 1, σ'(n)."""
        found = prime(f, self.names) or local_derivative(
            f, self.names, builder=self.builder
        )
        return self.sign(f) if found is None else found

    def adjoint(self, result: Node, k: int) -> Formula:
        """Write what comes from outside for a result: it may be but a part."""
        s = self.subject
        own = s.symbols.get(s.raw.seeds[k]) if self.expanded.graph is s.graph else None
        return own or adjoint_of(self.names_or(result))

    def derivative(self, entry: Node) -> Formula:
        own = self.subject.adjoint_symbols.get(entry)
        return own or adjoint_of(self.names_or(entry))
