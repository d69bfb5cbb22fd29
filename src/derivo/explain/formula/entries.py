"""Index notation: an entry of an array as sums and products of entries.

A size has one letter throughout an explanation: where rows are counted by i in the
forward pass, they are in every gradient.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from derivo.explain.formula.manner import as_written
from derivo.explain.formula.of_node import formula_of, leaf
from derivo.explain.formula.products import (
    contracted,
    in_order,
    is_itself,
    raised,
    shifted,
    times,
    turned,
)
from derivo.explain.formula.tree import (
    Call,
    Delta,
    Entry,
    Formula,
    Index,
    Minus,
    Number,
    Plus,
    Quotient,
    Sum,
    Words,
)  # fmt: skip
from derivo.explain.formula.tree import Size as SizeFormula
from derivo.explain.subject import Subject
from derivo.graph.dim import Dim
from derivo.graph.node import Node
from derivo.graph.spec import Spec
from derivo.ops.arithmetic import log
from derivo.ops.elementwise import exp
from derivo.ops.leaf import eye
from derivo.simplify.factor import (
    Atom,
    Base,
    Exp,
    Factor,
    Label,
    Log,
    Product,
    Size,
    Total,
    by,
    relabelled,
)  # fmt: skip
from derivo.simplify.patterns import sizes_of
from derivo.simplify.rules import distribute
from derivo.simplify.terms import NotAlgebraic, Terms
from derivo.simplify.translate import Reader

DEEPEST = 6
LETTERS = "ijklprsuvnmaehtox"
MORE = "qbcfgwyz"
MOST_BELOW = 100  # a larger denominator is written as a decimal


class Entries:
    """Writes entries of values.

    Parameters
    ----------
    subject
        Gives the sizes their letters.
    names
        Formulas of values at which to stop.
    """

    def __init__(self, subject: Subject, names: Mapping[Node, Formula]) -> None:
        self.names = names
        taken = set(subject.names.values())
        self.free = [c for c in LETTERS + MORE if c not in taken]
        self.letter_of: dict[str, str] = {}
        for node in subject.graph.nodes():
            for d in node.spec.shape:
                if d != 1 and str(d) not in self.letter_of and self.free:
                    self.letter_of[str(d)] = self.free.pop(0)
        self.scope: dict[int, Index] = {}
        # Letters in use, also those of sums around whose labels are given anew inside.
        self.letters: set[str] = set()
        self.inserted: Node | None = None
        self.depth = 0

    # --- equations --------------------------------------------------------------------

    def equation(
        self, node: Node, *, through: Mapping[Node, Node] | None = None,
        inserted: Node | None = None, multiply_out: bool = False,
    ) -> tuple[Formula, Formula]:  # fmt: skip
        """Give both sides: an entry of a value, and what it is made of.

        Parameters
        ----------
        node
            The value.
        through
            Values that are read through although they have a name.
        inserted
            A value with a name that is written out in brackets, where it stands.
        multiply_out
            Write sums of products without brackets.
        """
        terms = self.read(node, through or {})
        self.inserted = inserted
        labels = self.enter(node)
        left = self.at(self.names.get(node) or formula_of(node, self.names), labels)
        if is_itself(terms, node):
            return left, self.opened(node, labels)
        if multiply_out:
            terms = terms.like(distribute(terms.items))
        return left, self.items(list(terms.items.items()))

    def read(self, node: Node, through: Mapping[Node, Node]) -> Terms:
        """Read a value as a sum of products of values with names."""

        def is_atom(n: Node) -> bool:
            return n is not node and n in self.names and n not in through

        try:
            terms = Reader(is_atom).through(node)
            if is_itself(terms, node) and "elementwise" not in node.op.traits:
                terms = Reader(is_atom, exps=True).through(node)
        except NotAlgebraic:
            return Terms.of(node)
        return contracted(node) if is_itself(terms, node) else terms

    def enter(self, node: Node) -> tuple[Label, ...]:
        """Give the axes of a value their letters, and forget all others."""
        self.scope, self.letters = {}, set()
        shape = node.spec.shape
        labels = tuple(None if d == 1 else k - len(shape) for k, d in enumerate(shape))
        for label, d in zip(labels, shape, strict=True):
            if label is not None:
                self.name(label, d)
        return labels

    def name(self, label: int, size: Dim) -> Index:
        """Give a label its letter: that of its size, or another if that is in use."""
        wish = self.letter_of.get(str(size), "")
        spare = [wish, *self.free, *self.letter_of.values(), *LETTERS, *MORE]
        letter = next(c for c in spare if c and c not in self.letters)
        self.letters.add(letter)
        self.scope[label] = Index(letter)
        return self.scope[label]

    def at(self, base: Formula, labels: tuple[Label, ...]) -> Formula:
        """Write an entry; axes of size 1 have no index."""
        indices = tuple(self.scope[a] for a in labels if a is not None)
        return Entry(base, indices) if indices else base

    # --- sums of products -------------------------------------------------------------

    def items(self, items: list[tuple[Product, Fraction]]) -> Formula:
        """Write a sum; positive terms first."""
        if not items:
            return Number(0)
        ordered = sorted(map(turned, items), key=lambda t: t[1] < 0)
        parts: list[Formula] = []
        for m, c in ordered:
            body = self.product(m, abs(c))
            parts.append(Minus(body) if c < 0 else body)
        return parts[0] if len(parts) == 1 else Plus(tuple(parts))

    def product(self, m: Product, c: Fraction) -> Formula:
        """Write a product: what has a negative power goes below a bar."""
        above: list[Formula] = []
        below: list[Formula] = []
        if c.denominator > MOST_BELOW:
            above.append(Number(float(c)))  # 10⁻⁵ rather than a hundred thousandth
        else:
            above += [] if c.numerator == 1 else [Number(c.numerator)]
            below += [] if c.denominator == 1 else [Number(c.denominator)]
        for f, p in in_order(m):
            shown = self.factor(f)
            (above if p > 0 else below).append(raised(shown, abs(Fraction(p))))
        top = times(above)
        return Quotient(top, times(below)) if below else top

    def factor(self, f: Factor) -> Formula:
        """Write a factor."""
        match f:
            case Atom(node, axes):
                return self.atom(node, axes)
            case Size(dim):
                return SizeFormula(dim)
            case Total():
                return self.total(f)
            case Base(terms):
                return self.items(list(terms))
            case Exp(inner):
                return Call(exp, (self.product(inner, Fraction(1)),))
            case Log(inner_factor):
                return Call(log, (self.factor(inner_factor),))
            case _:
                raise NotAlgebraic

    def total(self, t: Total) -> Formula:
        """Write a sum over indices of its own."""
        before, letters = dict(self.scope), set(self.letters)
        sizes = sizes_of(t) or {}
        indices = {label: self.name(label, sizes[label]) for label in t.bound}
        body = self.product(t.inner, Fraction(1))
        for label, index in reversed(indices.items()):
            body = Sum(index, SizeFormula(sizes[label]), body)
        self.scope, self.letters = before, letters
        return body

    def atom(self, node: Node, axes: tuple[Label, ...]) -> Formula:
        """Write an entry of a value; a function of entries if it has no name."""
        if node in self.names and node is not self.inserted:
            return self.at(self.names[node], axes)
        if node.op is eye and not node.attrs["k"] and None not in axes:
            return Delta(*(self.scope[a] for a in axes if a is not None))
        if not node.inputs:
            return leaf(node) if not node.spec.rank else self.at(leaf(node), axes)
        if self.depth > DEEPEST:
            return Words("…")  # nobody reads on: the values in between have no names
        self.depth += 1
        shown = self.within(node, axes)
        self.depth -= 1
        return shown

    def within(self, node: Node, axes: tuple[Label, ...]) -> Formula:
        """Write an entry of a value by what it is made of."""
        if node is self.inserted or "elementwise" not in node.op.traits:
            terms = self.read(node, {})
            if not is_itself(terms, node):
                # Its own axes have these labels here.
                change = by({k - len(axes): a for k, a in enumerate(axes)})
                return self.items(
                    [(relabelled(m, change), c) for m, c in terms.items.items()]
                )
        return self.opened(node, axes)

    def opened(self, node: Node, axes: tuple[Label, ...]) -> Formula:
        """Write an entry by the operation that gives it."""
        if node.op.picks is not None:
            return self.picked(node, axes)
        if "elementwise" not in node.op.traits:
            return self.at(formula_of(node, self.names), axes)
        args = []
        for operand in node.inputs:
            own = axes[len(axes) - operand.spec.rank :]
            shape = operand.spec.shape
            kept = tuple(None if d == 1 else a for a, d in zip(own, shape, strict=True))
            args.append(self.atom(operand, kept))
        specs = tuple(Spec((), i.spec.kind) for i in node.inputs)
        return as_written(Call(node.op, tuple(args), dict(node.attrs), specs))

    def picked(self, node: Node, axes: tuple[Label, ...]) -> Formula:
        """Write an entry of a part of an array as one of the whole."""
        (whole,) = node.inputs
        base = self.names.get(whole) or formula_of(whole, self.names)
        assert node.op.picks is not None  # noqa: S101
        indices = []
        for d, (step, axis, first) in zip(
            whole.spec.shape, node.op.picks(node.attrs, whole.spec), strict=True
        ):
            if d == 1:
                continue
            label = None if axis is None else axes[axis]
            index = None if label is None else self.scope[label]
            indices.append(shifted(index, step, first))
        return Entry(base, tuple(indices)) if indices else base
