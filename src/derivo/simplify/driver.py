"""Simplification: the forward graph first, then each gradient."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from derivo.differentiate.reverse import Differentiated
from derivo.graph.builder import Builder, check
from derivo.graph.node import Graph, Node, Why, order
from derivo.ops.composite import logsumexp, softmax
from derivo.simplify.assume import Facts, SumsToOne
from derivo.simplify.peephole import Polish
from derivo.simplify.recognise import Recogniser
from derivo.simplify.shorten import Found, Shortener


@dataclass(frozen=True)
class Step:
    """One step of the derivation.

    Attributes
    ----------
    kind
        "local", "chain", "fan-out", "broadcast" or "rewrite".
    rule
        Name of the rule.
    result
        The node that the step gives.
    before
        What a rewrite started from.
    assumption
        What a rewrite takes for granted; empty if nothing.
    about
        The forward value concerned.
    """

    kind: str
    rule: str
    result: Node
    before: Node | None = None
    assumption: str = ""
    about: Node | None = None


@dataclass(frozen=True)
class Forward:
    """A forward graph in which spellings have been recognised.

    Attributes
    ----------
    graph
        The graph that is differentiated.
    known
        Every value of the forward pass: the backward pass may read them.
    notes
        What was changed about a value, for its comment.
    """

    graph: Graph
    known: tuple[Node, ...]
    builder: Builder
    facts: Facts
    notes: Mapping[Node, str] = field(default_factory=dict)
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True)
class Backward:
    """A backward pass, as short as the rules could make it."""

    seeds: tuple[Node, ...]
    gradients: Mapping[str, Node]
    adjoints: Mapping[Node, Node]
    why: Mapping[Node, Why]
    notes: Mapping[Node, str]
    steps: tuple[Step, ...]
    assumptions: tuple[SumsToOne, ...]
    independent: tuple[str, ...]


def simplify_forward(
    graph: Graph, builder: Builder, facts: Facts, *, recognise: bool, stabilize: bool
) -> Forward:
    """Recognise what the user spelled out, and rewrite what overflows."""
    if not recognise:
        return Forward(graph, graph.nodes(), builder, facts)
    recogniser = Recogniser(graph, builder, stabilize=stabilize)
    result = recogniser.run()
    check(result)
    values = {*recogniser.new.values(), *(i for n in recogniser.new.values() for i in n.inputs)}
    steps = tuple(
        Step("rewrite", "recognised as " + new.op.name, new, before=old, about=old)
        for old, new in recogniser.rewritten
    )
    return Forward(result, order(values), builder, facts, recogniser.notes, steps)


def simplify_backward(
    derived: Differentiated, forward: Forward, *, enabled: bool
) -> Backward:
    """Shorten every gradient, in the order in which they are computed."""
    independent = tuple(k for k, n in derived.gradients.items() if is_zero(n))
    steps = [*forward.steps, *_chain(derived)]
    if not enabled:
        return Backward(derived.seeds, derived.gradients, derived.adjoints, derived.why, {},
                        tuple(steps), (), independent)  # fmt: skip
    known = frozenset(forward.known)
    rewriting = _Rewriting(derived, forward, Shortener(
        known, forward.builder, forward.facts, targets_of(forward.graph, forward.facts),
        forward.graph.names))
    gradients = {k: rewriting.root(n) for k, n in derived.gradients.items()}
    polish = Polish(gradients.values(), forward.builder)
    gradients = {k: polish(n) for k, n in gradients.items()}
    adjoints = {v: polish(n) for v, n in rewriting.renamed(derived.adjoints).items()}
    why = {polish(n): w for n, w in rewriting.renamed_keys(derived.why).items()}
    used = tuple(sorted(rewriting.assumptions, key=str))
    return Backward(derived.seeds, gradients, adjoints, why, {},
                    tuple(steps + rewriting.steps), used, independent)  # fmt: skip


def is_zero(node: Node) -> bool:
    """Tell whether a gradient is a block of zeros."""
    return node.op.name == "fill" and node.attrs["value"] == 0


class _Rewriting:
    """Goes through a backward pass and shortens each value that something reads."""

    def __init__(self, derived: Differentiated, forward: Forward, shortener: Shortener) -> None:
        self.derived = derived
        self.shortener = shortener
        self.builder = forward.builder
        self.names = forward.graph.names
        self.steps: list[Step] = []
        self.assumptions: set[SumsToOne] = set()
        self.value_of = {a: v for v, a in derived.adjoints.items()}
        shortener.done.update({s: s for s in derived.seeds if s.inputs or s.op.name == "argument"})

    def root(self, node: Node) -> Node:
        """Give what a node becomes: everything that it needs first."""
        for n in order([node]):
            if n in self.shortener.done or n in self.shortener.known:
                continue
            if n is node or self._is_read_whole(n):
                self._shorten(n)
        return self.shortener.done.get(node, node)

    def _is_read_whole(self, node: Node) -> bool:
        """Tell whether an operation that is not algebra reads this node, or is it."""
        return node.op.algebra is None and bool(node.inputs) or node in self.whole

    @cached_property
    def whole(self) -> set[Node]:
        """Nodes that are operands of operations that are not algebra."""
        everything = order(self.derived.gradients.values())
        return {i for n in everything if n.op.algebra is None and n not in self.shortener.known
                for i in n.inputs if i.inputs}  # fmt: skip

    def _shorten(self, node: Node) -> None:
        s = self.shortener
        plain = self._rebuilt(node)
        best, cost = Found(plain), s.cost(plain)
        if node.op.algebra is not None:
            for way in s.ways(node):
                if way.node.spec == node.spec and s.cost(way.node) < cost:
                    best, cost = way, s.cost(way.node)
        if best.node is not plain:
            self.assumptions |= best.assumptions
            rule = "; ".join(best.rules) or "collect like terms"
            assumption = "; ".join(sorted(str(a) for a in best.assumptions))
            about = self.value_of.get(node)
            self.steps.append(Step("rewrite", rule, best.node, plain, assumption, about))
        s.done[node] = best.node
        s.done.setdefault(best.node, best.node)
        s.commit(best.node)

    def _rebuilt(self, node: Node) -> Node:
        """Give a node as it was derived, on what its operands have become."""
        s = self.shortener
        if node in s.known or not node.inputs:
            return node
        inputs = tuple(s.done.get(i) or self._rebuilt(i) for i in node.inputs)
        made = node
        if inputs != node.inputs:
            made = self.builder.make(node.op, inputs, dict(node.attrs), node.line, node.group)
        return made

    def renamed(self, adjoints: Mapping[Node, Node]) -> dict[Node, Node]:
        """Give the adjoints as they are now."""
        return {v: self.shortener.done.get(a) or self._rebuilt(a) for v, a in adjoints.items()}

    def renamed_keys(self, why: Mapping[Node, Why]) -> dict[Node, Why]:
        """Give the reasons for the nodes as they are now."""
        result: dict[Node, Why] = {}
        for node, reason in why.items():
            new = self.shortener.done.get(node) or self._rebuilt(node)
            if new.op is node.op:
                result.setdefault(new, reason)
        return result


def _chain(derived: Differentiated) -> list[Step]:
    """List the steps of the chain rule itself."""
    return [
        Step(w.kind, w.reader.op.name if w.reader is not None else w.kind, n, w.upstream,
             about=w.node)
        for n, w in derived.why.items()
    ]  # fmt: skip


def targets_of(graph: Graph, facts: Facts) -> dict[Node, int]:
    """Find the arguments that weigh logarithms of probabilities: rows of classes.

    Such a target is an argument that multiplies ``log softmax`` along the axis of the
    softmax; an argument that was declared to sum to 1 is one, too.
    """
    targets: dict[Node, int] = {}
    declared = {f.name: f.axis for f in facts.known}
    for n in graph.inputs:
        name = n.attrs["name"]
        if name in declared:
            targets[n] = declared[name] % n.spec.rank
    for n in graph.nodes():
        for argument, axis in _weights(n):
            if facts.may_assume(argument.attrs["name"]):
                targets.setdefault(argument, axis)
    return targets


def _weights(product: Node) -> list[tuple[Node, int]]:
    arguments = [i for i in product.inputs if i.op.name == "argument" and i.spec.rank]
    if len(product.inputs) != 2 or len(arguments) != 1 or "elementwise" not in product.op.traits:
        return []
    (other,) = [i for i in product.inputs if i is not arguments[0]]
    return [
        (arguments[0], n.attrs["axis"] % n.spec.rank)
        for n in _close(other)
        if n.op is softmax or n.op is logsumexp
        if isinstance(n.attrs["axis"], int)
        and n.inputs[0].spec.shape == arguments[0].spec.shape == other.spec.shape
    ]


def _close(node: Node) -> list[Node]:
    """Give a value and what it is made of in one step."""
    return [node, *node.inputs, *(i for n in node.inputs for i in n.inputs)]
