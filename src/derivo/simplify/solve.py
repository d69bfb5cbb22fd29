"""Solving a region: every way to write its values is tried, the shortest is kept."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, partial, reduce
from operator import mul
from typing import Any

from derivo.errors import DerivoError
from derivo.graph.builder import Builder
from derivo.graph.dim import Dim, evaluate, names
from derivo.graph.node import Node, between
from derivo.graph.op import Op
from derivo.ops.arithmetic import neg
from derivo.ops.elementwise import cosh, sinh, tanh
from derivo.ops.shape import sum_to
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
from derivo.simplify.model import SumsToOne
from derivo.simplify.patterns import has_exponentials, is_other_side
from derivo.simplify.region import Place, Region
from derivo.simplify.rules import (
    Definition,
    Folder,
    SumFacts,
    complexity,
    definition,
    distribute,
    is_root,
    part_products,
    rebase,
)
from derivo.simplify.terms import Items, NotAlgebraic, Terms, collect, complement
from derivo.simplify.translate import Reader, Writer
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
    choosable
        Values of which only some elements may count.

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
        choosable: frozenset[Node] = frozenset(),
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
            if (d := definition(n, t, choosable=n in choosable)) is not None
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


@dataclass(frozen=True, slots=True)
class Solution:
    """The answer for a region.

    Attributes
    ----------
    given
        The place of each value that the answer is made of.
    found
        What became of the value at a place, for every root, and for adjoints that stay
        whole: a value made of the given ones.
    cost
        Operations, elements kept and elements moved.
    """

    given: Mapping[Node, int]
    found: Mapping[int, Found]
    cost: Cost


@dataclass
class Tried:
    """How many regions have been solved so far, and how many nodes that has taken."""

    regions: int = 0
    nodes: int = 0


TRIED = Tried()


def solve(region: Region) -> Solution:
    """Shorten a region: by itself, and with products worth computing for it."""
    values = Values(region)
    if _is_one_view(region):
        return Solution(values.at, {}, (0, 0, 0, 1))
    context = values.context
    shared = frozenset(values.nodes[k] for k in region.shared)
    best = Attempt(values, (), shared)
    if shared:
        best = min(best, Attempt(values, (), frozenset()), key=Attempt.cost)
    products = part_products(
        context.definitions, context.roots, values.builder, values.forward
    )
    for extra in products:
        again = Attempt(values, (extra,), frozenset())
        best = min(best, again, key=Attempt.cost)
    TRIED.regions += 1
    TRIED.nodes += values.builder.count
    found = {k: best.found[n] for k, n in enumerate(values.nodes) if n in best.found}
    return Solution(values.at, found, best.cost())


def _is_one_view(region: Region) -> bool:
    """Tell a view of a value that is given as it is: ``w.T``. It is as it should be."""
    if len(region.places) != 2:
        return False
    given, view = region.places
    return given.op is None and view.op is not None and "view" in view.op.traits


class Values:
    """The values of a region as nodes of their own.

    Attributes
    ----------
    nodes
        The value at each place.
    at
        The place of each value that is given.
    forward
        Those that the forward pass computes.
    free
        Those, and what else is computed outside of the region.
    kept
        Those that the backward pass reads in any case.
    named
        Those that the user gave a name.
    roots
        The values that are wanted.
    """

    def __init__(self, region: Region) -> None:
        self.builder = Builder()
        self.nodes: list[Node] = []
        for place in region.places:
            self.nodes.append(self._node(place))
        self.roots = [self.nodes[k] for k in region.roots]
        pairs = list(zip(self.nodes, region.places, strict=True))
        self.given = frozenset(n for n, p in pairs if p.forward or not p.inputs)
        self.at = {n: k for k, n in enumerate(self.nodes) if n in self.given}
        self.forward = frozenset(n for n, p in pairs if p.forward)
        self.free = frozenset(n for n, p in pairs if p.forward or p.op is None)
        self.kept = frozenset(n for n, p in pairs if p.kept)
        self.named = frozenset(n for n, p in pairs if p.named)
        self.context = Context(
            self.builder,
            self.forward,
            self.named,
            {n: p.target for n, p in pairs if p.target is not None},
            frozenset(n for n, p in pairs if p.choosable),
        )

    def _node(self, place: Place) -> Node:
        builder, attrs = self.builder, {k: v for k, _, v in place.attrs}
        if place.op is not None:
            inputs = tuple(self.nodes[k] for k in place.inputs)
            return builder.make(place.op, inputs, attrs)
        # An atom differs from all others; it is not looked up, so it needs no key.
        op = Op("atom", (), lambda: place.spec, traits=place.traits)
        node = Node(op, (), attrs, place.spec, builder.count)
        builder.count += 1
        return node


class Attempt:
    """Goes through the roots of a region and shortens each, in order.

    Parameters
    ----------
    values
        The values of the region.
    extra
        Products that the backward pass may compute for itself.
    shared
        Adjoints that several roots are made of, to be shortened first and kept whole.

    Attributes
    ----------
    found
        What became of each root.
    """

    def __init__(
        self, values: Values, extra: tuple[Definition, ...], shared: frozenset[Node]
    ) -> None:
        self.values = values
        self.shortener = Shortener(values.context, extra, shared)
        self.shortener.done.update({n: n for n in values.given - values.forward})
        # What is computed in any case costs nothing more; what `extra` adds is counted
        # when whole attempts are compared.
        self.committed = {*values.free, *(d.value.node for d in extra)}
        self.read = set(values.kept)
        self.found: dict[Node, Found] = {}
        self.now: dict[Node, Node] = {n: n for n in values.given}
        wanted = {*values.roots, *shared}
        for n in values.nodes:
            if n not in values.given:
                plain = self._plain(n)
                self.now[n] = self._shortened(n, plain) if n in wanted else plain

    def cost(self) -> Cost:
        """Tell what the region costs as a whole."""
        given, kept = self.values.free, self.values.kept
        return self._of(between((self.now[n] for n in self.values.roots), given), kept)

    def _plain(self, node: Node) -> Node:
        """Give a node as it was derived, on what its operands have become."""
        inputs = tuple(self.now[i] for i in node.inputs)
        return self.values.builder.remake(node, inputs)

    def _shortened(self, node: Node, plain: Node) -> Node:
        best, cost = Found(plain, changed=False), self._cost(plain)
        for way in self.shortener.ways(node):
            if way.node.spec != node.spec:
                continue
            # An undone broadcast is a sum like others: equal sums are one node.
            now, tie = self._cost(way.node), best.node.op is sum_to
            if way.turned and now[0] >= cost[0]:
                continue
            if now < cost or (tie and now == cost):
                best, cost = way, now
        if best.node is plain:
            best = Found(plain, changed=False)
        self.found[node] = best
        done = self.shortener.done
        done[node] = best.node
        done.setdefault(best.node, best.node)
        new = between([best.node], self.committed)
        self.committed.update(new)
        forward = self.values.forward
        for i in (i for n in new for i in n.inputs if i in forward):
            self.read.add(_whole(i, forward, self.read))
        return best.node

    def _cost(self, node: Node) -> Cost:
        """Tell what a node adds to what is computed already."""
        return self._of(between([node], self.committed), self.read)

    def _of(self, new: Collection[Node], read: Collection[Node]) -> Cost:
        """Tell what new nodes cost, where some forward values are kept anyway."""
        work = [n for n in new if n.inputs and "view" not in n.op.traits]
        forward = self.values.forward
        views: set[Node] = set()
        kept = {
            _whole(i, forward, views) for n in new for i in n.inputs if i in forward
        }
        saved = sum(elements(n) for n in kept if n not in read)
        moved = sum(sum(map(elements, {n, *n.inputs})) for n in work)
        return (
            len(work),
            saved,
            moved,
            len(new) + len(views - set(read) - self.values.named),
        )


# Operations first; then the elements of forward values that are kept for this alone,
# and those that are read and written; then the number of nodes, with numbers and views.
Cost = tuple[int, int, int, int]
# What a size that is known by name is taken for: all alike, and well above 1.
NAMED_SIZE = 64


def elements(node: Node) -> int:
    """Tell how many numbers a value holds, roughly."""
    return reduce(mul, map(_length, node.spec.shape), 1)


@cache
def _length(dim: Dim) -> int:
    return evaluate(dim, dict.fromkeys(names(dim), NAMED_SIZE))


def _whole(node: Node, forward: Collection[Node], views: set[Node]) -> Node:
    """Give what is kept where a view is read, and note the views."""
    while node.inputs and "view" in node.op.traits and node.inputs[0] in forward:
        views.add(node)
        node = node.inputs[0]
    return node
