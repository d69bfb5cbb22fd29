"""Shortening a gradient: read it as a sum of products in several ways."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import Any

from derivo.errors import DerivoError
from derivo.graph.builder import Builder
from derivo.graph.node import Node
from derivo.ops.arithmetic import neg
from derivo.ops.elementwise import cosh, sinh, tanh
from derivo.simplify.assume import SumsToOne
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
    Folder,
    complexity,
    definition,
    is_root,
    rebase,
)
from derivo.simplify.patterns import has_exponentials, is_other_side
from derivo.simplify.read import Reader
from derivo.simplify.rules import SumFacts, distribute
from derivo.simplify.sums import Items, collect
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
        Names of the rules that led to it; a forward value where that was made use of.
    assumptions
        What it takes for granted.
    changed
        It is written in another way than the chain rule gives.
    turned
        Its sign was taken out, which is worth while only if something is saved.
    """

    node: Node
    rules: tuple[str | Node, ...] = ()
    assumptions: frozenset[SumsToOne] = frozenset()
    changed: bool = True
    turned: bool = False


class Context:
    """What can be said of the forward values of a region, once for all attempts.

    Parameters
    ----------
    builder
        Where new nodes go.
    known
        The values of the forward pass, which cost nothing.
    named
        Those that the user gave a name.
    targets
        Arguments that may be assumed to sum to 1: the axis, and the assumption.

    Attributes
    ----------
    kinds
        Whether a forward value is a sum, a product, or an atom.
    definitions
        Forward values that are products; `named` are those with a name.
    roots
        Those that are roots of another value.
    sums, quotients
        Forward values by what they are: as sums, and as quotients of exponentials.
    """

    def __init__(
        self, builder: Builder, known: frozenset[Node], named: frozenset[Node],
        targets: Mapping[Node, tuple[int, SumsToOne]],
    ) -> None:  # fmt: skip
        self.builder = builder
        self.known = known
        self.targets = targets
        ordered = sorted(known, key=lambda n: n.index)
        self.one_level = Reader(lambda n: n in known)
        self.kinds = {n: self._kind(n) for n in ordered}
        monomial = Reader(lambda n: self.kinds.get(n, "") not in ("product", ""))
        readers = (self.one_level, monomial)
        self.definitions = tuple(dict.fromkeys(
            d for n in ordered if self.kinds[n] == "product"
            for t in (r.through(n) for r in readers)
            if (d := definition(n, t)) is not None
        ))  # fmt: skip
        self.named = tuple(d for d in self.definitions if d.value.node in named)
        self.roots = tuple(
            {
                d.inner[0][0]: d for d in reversed(self.definitions) if is_root(d)
            }.values()
        )
        self.sums = {
            frozenset(t.items.items()): n
            for n in reversed(ordered) if self.kinds[n] == "sum"
            for t in (r.through(n) for r in readers)
        }  # fmt: skip
        self.writers = tuple(
            Writer(Recorder(builder), lambda n: n in known, self.sums, pull_sizes=pull)
            for pull in (True, False)
        )
        self.deep = Reader(lambda n: n.op.algebra is None, exps=True)
        self.quotients = {
            frozenset(t.items.items()): n
            for n in reversed(ordered) if n.op.algebra is not None
            if has_exponentials(t := self.deep(n))
        }  # fmt: skip
        self.totals: dict[Total, tuple[Fraction | None, frozenset[SumsToOne]]] = {}
        self.folders = tuple(
            Folder(d) for d in dict.fromkeys((self.named, self.definitions))
        )
        self.worked: dict[Any, tuple[Items, tuple[str, ...], frozenset[SumsToOne]]] = {}
        self.written: dict[Any, Node] = {}

    def identify(self, node: Node) -> Terms | None:
        """Find a quotient of exponentials among the forward values, or 1 minus it.

        The derivative of ``log(1 + exp(-n))`` brings in ``sigmoid(-n)``, which is
        ``1 - p`` where the forward pass has ``p = sigmoid(n)``.
        """
        if node.op is sinh:
            return self._by_tanh(node)
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

    def _by_tanh(self, node: Node) -> Terms | None:
        """Read sinh(x) as cosh(x) tanh(x) where the forward pass has cosh(x).

        Both overflow, and in a ratio the one cancels.
        """
        even = next(
            (n for n in self.kinds if n.op is cosh and n.inputs == node.inputs), None
        )
        if even is None:
            return None
        odd = self.builder.make(tanh, node.inputs)
        return Terms.of(even) * Terms.of(odd)

    def work_out(
        self, items: Items, read: tuple[bool, object]
    ) -> tuple[Items, tuple[str, ...], frozenset[SumsToOne]]:
        """Multiply a sum out, if wanted, and put known totals in: once for each sum.

        Returns
        -------
        items, rules, assumptions
            What became of the sum, how, and what that takes for granted.
        """
        if read not in self.worked:
            facts = SumFacts(self.deep, self.targets, self.totals)
            rules: list[str] = []
            if read[0]:
                expanded = distribute(items)
                rules += ["multiply out"] if expanded != items else []
                items = expanded
            items = facts.apply(items)
            rules += facts.fired
            if read[0] and facts.fired:
                items = facts.apply(distribute(items))
            rules += [f"assume that {a}" for a in sorted(facts.used, key=str)]
            self.worked[read] = items, tuple(rules), frozenset(facts.used)
        return self.worked[read]

    def rebased(self, items: Items) -> Items:
        """Write powers as powers of roots that the forward pass has computed."""
        if not self.roots:
            return items
        return collect((rebase(m, self.roots), c) for m, c in items.items())

    def write(self, terms: Terms, *, pull: bool) -> Node:
        """Write a sum as a node: once for each sum."""
        key = (pull, terms.shape, frozenset(terms.items.items()))
        if key not in self.written:
            self.written[key] = self.writers[not pull](terms)
        return self.written[key]

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


class Shortener:
    """Gives the ways to write the values of a region, in one attempt to shorten it.

    Parameters
    ----------
    context
        What can be said of the forward values.
    extra
        Products that the backward pass may compute for itself, to use them twice.
    shared
        Adjoints that stay whole.
    """

    def __init__(
        self, context: Context, extra: Definitions, shared: frozenset[Node]
    ) -> None:
        self.context = context
        self.shared = shared
        self.done: dict[Node, Node] = {}
        # With all definitions, or with those alone that the user gave a name.
        self.choices = context.folders
        if extra:
            self.choices = tuple(Folder(extra, known=f) for f in context.folders)

    def ways(self, node: Node) -> Iterator[Found]:
        """Give the ways in which a node can be written."""
        seen: set[object] = set()
        kinds = ((), ("sum",), ("product",), ("sum", "product"))
        for through in (*kinds, *((*k, "shared") for k in kinds if self.shared)):
            is_atom = partial(self._is_atom, through=through)
            reader = Reader(is_atom, self.done, identify=self.context.identify)
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
        return self.context.kinds.get(node, "") not in ("", *through)

    def _written(
        self, terms: Terms, seen: set[object], *, expand: bool
    ) -> Iterator[Found]:
        read = (expand, frozenset(terms.items.items()))
        if read in seen:
            return
        seen.add(read)
        items, worked, facts = self.context.work_out(terms.items, read)
        unfolded = ("unfolded", frozenset(items.items()))
        if unfolded in seen:
            return
        seen.add(unfolded)
        if self._is_hopeless(items, seen):
            return
        sized = any(isinstance(f, Size) for m in items for f, _ in m)
        for folder in self.choices:
            used: list[str | Node] = list(worked)
            folded = self._folded(self.context.rebased(items), folder, used)
            key = (frozenset(folded.items()), terms.shape)
            if key in seen:
                continue
            seen.add(key)
            rest = (tuple(dict.fromkeys(used)), facts)
            for pull in (True, False) if sized else (True,):
                yield Found(self.context.write(terms.like(folded), pull=pull), *rest)
            # The same without its sign may have been computed: -(2 a b).
            if len(folded) == 1 and -1 != next(iter(folded.values())) < 0:
                turned = self.context.write(-terms.like(folded), pull=pull)
                node = self.context.builder.make(neg, (turned,))
                yield Found(node, *rest, turned=True)

    def _is_hopeless(
        self, items: Mapping[Product, Fraction], seen: set[object]
    ) -> bool:
        """Tell whether a way is far longer than another that has been found."""
        length = sum(1 + complexity(m) for m in items)
        best = min((k for k in seen if isinstance(k, float)), default=float("inf"))
        seen.add(min(length, best))
        return length > 2 * best + 6

    def _folded(
        self, items: Mapping[Product, Fraction], folder: Folder, rules: list[str | Node]
    ) -> Items:
        """Fold each product by the forward values, also inside sums and totals."""
        parts: list[tuple[Product, Fraction]] = []
        for m, c in items.items():
            n, d, found = folder(self._inner_folded(m, folder))
            rules += found
            parts.append((n, c * d))
        return collect(parts)

    def _inner_folded(self, m: Product, folder: Folder) -> Product:
        parts: list[tuple[Factor, Rational]] = []
        for f, p in m:
            new: Factor = f
            if isinstance(f, Base):
                new = base(self._folded(dict(f.terms), folder, []).items())
            elif isinstance(f, Total) and any(isinstance(g, Base) for g, _ in f.inner):
                new = total(f.bound, self._inner_folded(f.inner, folder))
            parts.append((new, p))
        return product(parts)
