"""Solving a region: every way to write its values is tried, the shortest is kept."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache, reduce
from operator import mul

from derivo.graph.builder import Builder
from derivo.graph.dim import Dim, evaluate, names
from derivo.graph.node import Node, between
from derivo.graph.op import Op
from derivo.ops.shape import sum_to
from derivo.simplify.fold import Definition, part_products
from derivo.simplify.region import Place, Region
from derivo.simplify.shorten import Context, Found, Shortener


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
