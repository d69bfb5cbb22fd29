"""Shortening a gradient: read it as a sum of products in several ways."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import partial

from derivo.errors import DerivoError
from derivo.graph.builder import Builder
from derivo.graph.node import Node
from derivo.simplify.assume import Facts, SumsToOne
from derivo.simplify.factor import (
    Base,
    Factor,
    Product,
    Rational,
    Size,
    Total,
    base,
    product,
    total,
)  # fmt: skip
from derivo.simplify.fold import (
    Definition,
    complexity,
    definition,
    fold,
    is_root,
    rebase,
)
from derivo.simplify.patterns import has_exponentials, is_other_side
from derivo.simplify.read import Reader
from derivo.simplify.rules import SumFacts, distribute
from derivo.simplify.sums import collect
from derivo.simplify.terms import NotAlgebraic, Terms, complement
from derivo.simplify.write import Writer
from derivo.trace.recorder import Recorder

Definitions = tuple[Definition, ...]


@dataclass(frozen=True)
class Found:
    """A way to write a gradient.

    Attributes
    ----------
    node
        The gradient.
    rules
        Names of the rules that led to it.
    assumptions
        What it takes for granted.
    """

    node: Node
    rules: tuple[str, ...] = ()
    assumptions: frozenset[SumsToOne] = frozenset()


class Shortener:
    """Shortens the nodes of one backward pass.

    Parameters
    ----------
    known
        The values of the forward pass, which cost nothing.
    targets
        Arguments that may be assumed to sum to 1 along an axis, and the axis.
    names
        The user's names of forward values.
    extra
        Products that the backward pass may compute for itself, to use them twice.
    """

    def __init__(
        self, known: frozenset[Node], builder: Builder, facts: Facts,
        targets: Mapping[Node, int], names: Mapping[Node, str],
        extra: tuple[Definition, ...] = (),
    ) -> None:  # fmt: skip
        self.shared: set[Node] = set()
        self.known = known
        self.names = names
        self.builder = builder
        self.facts = facts
        self.targets = targets
        self.done: dict[Node, Node] = {}
        # What is computed in any case costs nothing more; what `extra` adds is counted
        # when whole backward passes are compared.
        self.committed: set[Node] = {*known, *(d.value.node for d in extra)}
        self.read: set[Node] = set()
        self.one_level = Reader(lambda n: n in known)
        kinds = {n: self._kind(n) for n in known}
        self.kinds = kinds
        monomial = Reader(lambda n: kinds.get(n, "") not in ("product", ""))
        self.definitions = tuple(dict.fromkeys(
            d for n in sorted(known, key=lambda n: n.index) if kinds[n] == "product"
            for t in (self.one_level.through(n), monomial.through(n))
            if (d := definition(n, t)) is not None
        ))  # fmt: skip
        # With all of them, or with those alone that the user gave a name.
        named = tuple(d for d in self.definitions if d.value.node in names)
        self.roots = tuple(
            {
                d.inner[0][0]: d for d in reversed(self.definitions) if is_root(d)
            }.values()
        )
        self.choices = tuple(
            dict.fromkeys(((*named, *extra), (*self.definitions, *extra)))
        )
        self.sums = {
            frozenset(t.items.items()): n
            for n in sorted(known, key=lambda n: -n.index) if kinds[n] == "sum"
            for t in (self.one_level.through(n), monomial.through(n))
        }  # fmt: skip
        self.writers = tuple(
            Writer(Recorder(builder), lambda n: n in known, self.sums, pull_sizes=pull)
            for pull in (True, False)
        )
        self.totals: dict[Total, Fraction | None] = {}
        self.deep = Reader(lambda n: n.op.algebra is None, exps=True)
        self.quotients = {
            frozenset(t.items.items()): n
            for n in sorted(known, key=lambda n: -n.index) if n.op.algebra is not None
            if has_exponentials(t := self.deep(n))
        }  # fmt: skip

    def identify(self, node: Node) -> Terms | None:
        """Find a quotient of exponentials among the forward values, or 1 minus it.

        The derivative of ``log(1 + exp(-n))`` brings in ``sigmoid(-n)``, which is
        ``1 - p`` where the forward pass has ``p = sigmoid(n)``.
        """
        terms = self.deep(node)
        if not has_exponentials(terms):
            return None
        found = self.quotients.get(frozenset(terms.items.items()))
        if found is not None:
            return Terms.of(found)
        try:
            other = complement(1 - terms)
        except DerivoError:
            return None
        found = self.quotients.get(frozenset(other.items.items()))
        if found is None and is_other_side(terms):
            found = self.writers[0](other)
        return None if found is None else 1 - Terms.of(found)

    def _kind(self, node: Node) -> str:
        """Tell a forward value that is a sum from one that is a product, or neither."""
        if node.op.algebra is None or not node.inputs:
            return "atom"
        terms = self.one_level.through(node)
        if terms.items == Terms.of(node).items or not terms.items:
            return "atom"
        if len(terms.items) > 1:
            return "sum"
        (m,) = terms.items
        return "sum" if any(isinstance(f, Base) for f, _ in m) else "product"

    def ways(self, node: Node) -> Iterator[Found]:
        """Give the ways in which a node can be written."""
        seen: set[object] = set()
        kinds = ((), ("sum",), ("product",), ("sum", "product"))
        for through in (*kinds, *((*k, "shared") for k in kinds if self.shared)):
            is_atom = partial(self._is_atom, through=through)
            reader = Reader(is_atom, self.done, identify=self.identify)
            try:
                terms = reader.through(node)
            except NotAlgebraic:
                continue
            for expand in (False, True):
                yield from self._written(terms, seen, expand=expand)

    def _is_atom(self, node: Node, through: tuple[str, ...]) -> bool:
        """Tell whether a node stands for itself while a gradient is read."""
        if node in self.done:
            return node not in self.shared or "shared" not in through
        return self.kinds.get(node, "") not in ("", *through)

    def _written(
        self, terms: Terms, seen: set[object], *, expand: bool
    ) -> Iterator[Found]:
        rules: list[str] = []
        items = dict(terms.items)
        read = (expand, frozenset(items.items()))
        if read in seen:
            return
        seen.add(read)
        facts = SumFacts(self.deep, self.facts, self.targets, self.totals)
        if expand:
            expanded = distribute(items)
            rules += ["multiply out"] if expanded != items else []
            items = expanded
        items = facts.apply(items)
        rules += facts.fired
        if expand and facts.fired:
            items = facts.apply(distribute(items))
        rules += [f"assume that {a}" for a in sorted(facts.used, key=str)]
        unfolded = ("unfolded", frozenset(items.items()))
        if unfolded in seen:
            return
        seen.add(unfolded)
        if self._is_hopeless(items, seen):
            return
        sized = any(isinstance(f, Size) for m in items for f, _ in m)
        for definitions in self.choices:
            used = list(rules)
            based = collect((rebase(m, self.roots), c) for m, c in items.items())
            folded = self._folded(based, definitions, used)
            key = (frozenset(folded.items()), terms.shape)
            if key not in seen:
                seen.add(key)
                for writer in self.writers if sized else self.writers[:1]:
                    node = writer(terms.like(folded))
                    yield Found(node, tuple(dict.fromkeys(used)), frozenset(facts.used))

    def _is_hopeless(
        self, items: Mapping[Product, Fraction], seen: set[object]
    ) -> bool:
        """Tell whether a way is far longer than another that has been found."""
        length = sum(1 + complexity(m) for m in items)
        best = min((k for k in seen if isinstance(k, float)), default=float("inf"))
        seen.add(min(length, best))
        return length > 2 * best + 6

    def _folded(
        self, items: dict[Product, Fraction], definitions: Definitions, rules: list[str]
    ) -> dict[Product, Fraction]:
        """Fold each product by the forward values, also inside sums and totals."""
        parts: list[tuple[Product, Fraction]] = []
        for m, c in items.items():
            n, d, found = fold(self._inner_folded(m, definitions), definitions)
            rules += [f"use {self.label(f)} from the forward pass" for f in found]
            parts.append((n, c * d))
        return collect(parts)

    def _inner_folded(self, m: Product, definitions: Definitions) -> Product:
        parts: list[tuple[Factor, Rational]] = []
        for f, p in m:
            new: Factor = f
            if isinstance(f, Base):
                new = base(self._folded(dict(f.terms), definitions, []).items())
            elif isinstance(f, Total) and any(isinstance(g, Base) for g, _ in f.inner):
                new = total(f.bound, self._inner_folded(f.inner, definitions))
            parts.append((new, p))
        return product(parts)

    def label(self, node: Node) -> str:
        """Name a value in the name of a rule."""
        return self.names.get(node, node.op.name)

    def cost(self, node: Node) -> tuple[float, ...]:
        """Count what a node adds to what is computed already.

        Operations first; then forward values that nothing has read yet, since each has
        to be kept; then the sizes of what is computed, and the number of views.
        """
        new = self.new_nodes([node])
        work = [n for n in new if n.inputs and "view" not in n.op.traits]
        kept = {
            i for n in new for i in n.inputs if i in self.known and i not in self.read
        }
        size = sum(max(n.spec.rank, *(i.spec.rank for i in n.inputs)) for n in work)
        return len(work), len([i for i in kept if i.inputs]), size, len(new)

    def commit(self, node: Node) -> None:
        """Note that a node is going to be computed."""
        new = self.new_nodes([node])
        self.committed |= new
        self.read |= {i for n in new for i in n.inputs if i in self.known}

    def new_nodes(self, roots: Iterable[Node]) -> set[Node]:
        """Give the nodes below `roots` that nothing else has needed yet."""
        seen: set[Node] = set()
        stack = [r for r in roots if r not in self.committed]
        while stack:
            n = stack.pop()
            if n not in seen:
                seen.add(n)
                stack.extend(i for i in n.inputs if i not in self.committed)
        return seen
