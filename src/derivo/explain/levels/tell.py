"""What the levels share: names, shapes under factors, numbers beside formulas."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np

from derivo.explain.document import Display, Row, Runs, Section
from derivo.explain.drawing.of_subject import is_transparent
from derivo.explain.factors import Factor
from derivo.explain.formula.entries import Entries
from derivo.explain.formula.local import local_derivative, short_local
from derivo.explain.formula.of_node import (
    adjoint_symbol,
    formula_of,
    gradient_of,
    names_of,
)  # fmt: skip
from derivo.explain.formula.tree import (
    Call,
    Entry,
    Formula,
    Mark,
    Matrix,
    Number,
    Size,
    Sum,
    Symbol,
    Under,
    Words,
    walk,
)  # fmt: skip
from derivo.explain.subject import Steps, Subject
from derivo.explain.words import Words as Sentences
from derivo.explain.writers.numbers import is_small
from derivo.graph.dim import evaluate
from derivo.graph.node import Node, order
from derivo.graph.spec import Spec
from derivo.ops.leaf import argument
from derivo.simplify.spelling import Lowering

DIGITS = 4
MOST_ENTRIES = 6


def no_spec(*_specs: Any, **_attrs: Any) -> Any:
    """Refuse to compute: a sign is no operation."""
    raise NotImplementedError


class Telling:
    """A subject with its names, and the ways to write about it.

    Parameters
    ----------
    subject, words
        What is told, and in which language.
    """

    def __init__(self, subject: Subject, words: Sentences) -> None:
        self.subject = subject
        self.words = words
        self.names = dict(names_of(subject))
        self.names |= {
            part: self.handed(steps, a)
            for steps in subject.loops for a in steps.arguments
            if (part := steps.part(a)) is not None and part not in self.names
        }  # fmt: skip
        self.entries = Entries(subject, self.names)
        self.builder = subject.derivation.forward.builder
        self.owned = {a for v, a in subject.raw.adjoints.items() if v in self.names}
        self._lowered = Lowering(self.builder)
        self.readers: dict[Node, list[Factor]] = {}
        for factor in subject.factors:
            self.readers.setdefault(factor.operand, []).append(factor)

    @cached_property
    def handed_back(self) -> dict[Node, None]:
        """The values whose gradients are steps of their own, from the result back.

        A value without a name that has the very gradient of its reader is none, nor is
        one that no argument leads to: a loop may start from zeros.
        """
        adjoints, named = self.subject.raw.adjoints, self.subject.names
        passed = {
            f.operand for f in self.subject.factors
            if f.operand not in named and adjoints[f.reader] is adjoints[f.operand]
        }  # fmt: skip
        return {
            n: None for n in reversed(self.subject.graph.nodes())
            if n in adjoints and n not in passed and not is_transparent(n)
            and is_reached(n, self.subject)
        }  # fmt: skip

    # --- names ------------------------------------------------------------------------

    def shown(self, node: Node) -> Formula:
        """Give the name of a value, or its formula."""
        return self.names.get(node) or formula_of(node, self.names)

    def adjoint(self, node: Node) -> Formula:
        """Give the symbol for the adjoint of a value."""
        own = self.subject.adjoint_symbols.get(node)
        if own is not None:
            return own
        symbol = self.names.get(node)
        if isinstance(symbol, Symbol):
            return adjoint_symbol(symbol)
        held = self.subject.raw.adjoints.get(node)
        known = None if held is None else self.names.get(held)
        if held in self.owned and not self._is_handed(node, held):
            known = None  # another value has the same adjoint, and the name of it
        return known or gradient_of(formula_of(node, self.names))

    def came_back(self, factor: Factor) -> Formula:
        """Give the symbol for what comes back to an operand along one path.

        That is the whole adjoint if nothing else comes back; else it has a name of its
        own, for the adjoint is the sum: ``dw⁽¹⁾``, ``dw⁽²⁾``.
        """
        value = factor.operand
        ways, before = self.readers[value], len(self.looped(value))
        if len(ways) + before + len(self.given(value)) == 1:
            return self.adjoint(value)
        # What comes back from loops has the numbers of the loops.
        taken = len(self.subject.loops) if before else 0
        number = f"({taken + ways.index(factor) + 1})"
        whole = self.adjoint(value)
        if isinstance(whole, Symbol):
            return replace(whole, high=number)
        return gradient_of(formula_of(value, self.names), number)

    def given(self, value: Node) -> list[Formula]:
        """Give what comes from outside to a result that is read on within."""
        seeds = zip(self.subject.graph.outputs, self.subject.raw.seeds, strict=True)
        return [
            self.names[seed] for result, seed in seeds
            if result is value and seed.op is argument and seed in self.names
            and seed is not self.subject.raw.adjoints.get(value)
        ]  # fmt: skip

    def looped(self, value: Node) -> list[tuple[Steps, Node]]:
        """Give the loops that hand a gradient back to a value: the argument of each."""
        return [
            (steps, a) for steps in self.subject.loops for a in steps.arguments
            if steps.operand(a) is value and steps.gradient(a) is not None
        ]  # fmt: skip

    def came_from(self, steps: Steps, argument: Node) -> Formula:
        """Give the symbol for what a loop hands back: all of an adjoint, or a part."""
        part = steps.part(argument)
        known = None if part is None else names_of(self.subject).get(part)
        return known or self.adjoint(steps.operand(argument))

    def handed(self, steps: Steps, argument: Node) -> Formula:
        """Write what a loop hands back: summed over its steps, or that of a step."""
        inner = Telling(steps.body, self.words)
        kind, gradient = steps.kind(argument), steps.gradient(argument)
        if kind == "total" and gradient is not None:
            count = Size(steps.node.attrs["length"])
            return Sum(steps.time, count, inner.written(gradient))
        shown = inner.adjoint(argument)
        if kind == "last" and isinstance(shown, Symbol):
            return replace(shown, step=steps.number_of(0))
        return steps.all_of(shown)

    def written(self, node: Node) -> Formula:
        """Write how a value is computed; what a loop gives is written by its steps."""
        if "item" not in node.op.traits:
            return formula_of(node, self.names)
        for steps in self.subject.loops:
            if steps.node is node.inputs[0]:
                return self._given(node, steps)
            for a in steps.arguments:
                if steps.part(a) is node:
                    return self.handed(steps, a)
        return formula_of(node, self.names)

    def _given(self, item: Node, steps: Steps) -> Formula:
        """Write what a loop gives: its last carry, or the values of all steps."""
        if "last" in item.op.traits:
            place = steps.loop.carries.index(item.attrs["of"])
            return steps.base(place, steps.number_of(-1))
        row = steps.stacked[steps.items.index(item)]
        return steps.all_of(Telling(steps.body, self.words).shown(row))

    def _is_handed(self, node: Node, held: Node | None) -> bool:
        """Tell whether a value has the very adjoint of a reader with a name."""
        adjoints = self.subject.raw.adjoints
        return any(
            f.reader in self.names or self._is_handed(f.reader, held)
            for f in self.readers.get(node, ())
            if adjoints.get(f.reader) is held
        )

    def anchor(self, node: Node) -> str:
        """Give the word for a value in anchors: its name, or its id."""
        name = self.subject.names.get(node, "")
        return self.subject.prefix + anchor_word(name, self.subject.ids[node])

    def is_in_code(self, node: Node) -> bool:
        """Tell whether a line of the emitted code computes a value.

        Of the step of a loop that is not known.
        """
        if "s" in self.subject.prefix:
            return True
        lines = self.subject.derivation.emitted.lines.values()
        return self._lowered(node) in lines

    # --- local derivatives ------------------------------------------------------------

    def local(self, factor: Factor) -> Formula | None:
        """Give the local derivative of an element-wise operation, in full."""
        return local_derivative(factor, self.names, builder=self.builder)

    def marked(self, factor: Factor) -> Formula | None:
        """Give the local derivative in its colour, short: ``σ'(n)``, ``w``, ``1``."""
        found = short_local(factor, self.names, builder=self.builder)
        return None if found is None else Mark(found, factor.id)

    def part(self, factor: Factor) -> Node | None:
        """Give what comes back through one operand of an operation."""
        return self._parts.get((factor.reader, factor.position))

    @cached_property
    def _parts(self) -> dict[tuple[Node | None, int | None], Node]:
        found: dict[tuple[Node | None, int | None], Node] = {}
        why = self.subject.raw.why.items()
        for kind in ("broadcast", "chain"):  # what is added up over copies, if it is
            for node, reason in why:
                if reason.kind == kind:
                    found.setdefault((reason.reader, reason.position), node)
        return found

    def entries_of(self, part: Node, left: Formula) -> tuple[Formula, Formula]:
        """Give both sides of an entry of what comes back, under a symbol for it."""
        own, backward = self.entries.equation(part)
        if isinstance(own, Entry):
            left = Entry(left, own.indices)
        return left, backward

    # --- shapes and numbers -----------------------------------------------------------

    def with_shapes(self, node: Node) -> Formula:
        """Write how a value is computed, with the shape under every operand."""
        shaped = {n: under_shape(f, n) for n, f in self.names.items()}
        if node.op.contraction is None:
            is_item = "item" in node.op.traits
            return self.written(node) if is_item else formula_of(node, shaped)
        args = tuple(under_shape(self.shown(i), i) for i in node.inputs)
        specs = tuple(i.spec for i in node.inputs)
        return Call(node.op, args, dict(node.attrs), specs)

    def number(self, node: Node | None) -> Formula | None:
        """Write a value with its numbers, if it is small; None without numbers."""
        found = None if node is None else self.subject.values.get(node)
        if found is None:
            return None
        a = np.asarray(found)
        return numbers(a) if a.size == 1 or is_small(a, MOST_ENTRIES) else None

    def in_numbers_only(self, node: Node | None) -> list[Row]:
        """Write what a computation gives, if that is small."""
        result = self.number(node)
        return [] if result is None else [Row(None, result)]

    def in_numbers(self, node: Node) -> list[Row]:
        """Write a computation with numbers in place of names, and what it gives."""
        result = self.number(node)
        if result is None:
            return []
        swap: dict[Node, Formula] = {
            n: Number(evaluate(n.attrs["dim"], self.subject.sizes))
            for n in order([node]) if "dim" in n.attrs
        }  # fmt: skip
        for n in self.names:
            shown = self.number(n) if n in self.subject.values else None
            if shown is not None:
                swap[n] = shown
        rows = []
        filled = formula_of(node, swap)
        if isinstance(filled, Call) and not any_symbol(filled):
            rows.append(Row(None, filled, self.words.runs("matrix.numbers")))
        rows.append(Row(None, result))
        return rows


def is_reached(value: Node, subject: Subject) -> bool:
    """Tell whether a value has to do with an argument."""
    if not value.inputs or "item" in value.op.traits:
        return "name" in value.attrs or bool(value.inputs)
    return any(i in subject.raw.adjoints for i in value.inputs)


def of_part(sections: Iterable[Section], prefix: str, said: Runs) -> list[Section]:
    """Give sections of a part of a subject anchors of their own, and say whose."""
    found = []
    for s in sections:
        anchor = s.anchor if prefix in s.anchor else f"{prefix}{s.anchor}"
        found.append(replace(s, anchor=anchor, title=(*s.title, *said)))
    return found


def anchor_word(name: str, otherwise: str) -> str:
    """Give a name with letters, digits and hyphens alone, for an anchor."""
    plain = "".join(c if c.isascii() and c.isalnum() else "-" for c in name)
    return plain.strip("-") or otherwise


def any_symbol(formula: Formula) -> bool:
    """Tell whether a name is left in a formula."""
    return any(isinstance(part, Symbol | Words) for part in walk(formula))


def numbers(array: Any, digits: int = DIGITS) -> Formula:
    """Write a small array as a matrix of numbers."""
    a = np.asarray(array)
    if a.dtype.kind == "f" and a.size > 1 and np.isfinite(a).all():
        # What is left of rounding beside large numbers is 0 to a reader.
        a = np.where(np.abs(a) < 1e-13 * np.abs(a).max(), 0.0, a)
    if a.size == 1:
        return Number(a.reshape(())[()].item(), digits)
    rows = np.atleast_2d(a)
    return Matrix(tuple(tuple(Number(x.item(), digits) for x in r) for r in rows))


def under_shape(formula: Formula, node: Node) -> Formula:
    """Write the shape of a value under its symbol."""
    return Under(formula, shape_of(node.spec)) if node.spec.rank else formula


def shape_of(spec: Spec) -> str:
    """Write a shape as it stands under a brace: ``N × M``."""
    return " × ".join(str(d).replace("*", "·") for d in spec.shape)


def display(rows: list[Row]) -> tuple[Display, ...]:
    """Give rows as a block; nothing if there are none."""
    return (Display(tuple(rows)),) if rows else ()
