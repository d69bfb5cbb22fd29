"""Simplifying inside loops: a step is rewritten like any other computation."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from derivo.differentiate.loop import Steps, close, forward_values
from derivo.differentiate.reverse import Differentiated
from derivo.graph.builder import Builder
from derivo.graph.loop import Loop, is_inline, unchanging
from derivo.graph.node import Graph, Node, between, order
from derivo.ops.leaf import fill
from derivo.ops.shape import broadcast_to
from derivo.trace.recorder import Recorder


@dataclass(frozen=True, slots=True)
class StepGraph(Graph):
    """What a step of a loop computes from what it finds."""

    given: frozenset[Node] = frozenset()

    def nodes(self) -> tuple[Node, ...]:
        """Give the nodes of the step itself."""
        return between(self.outputs, self.given)


@dataclass
class _Rebuilding:
    """Rebuilds a graph with the steps of its loops rewritten.

    Attributes
    ----------
    new
        What became of each node.
    inside
        What became of the values that loops hand on or give.
    """

    builder: Builder
    new: dict[Node, Node] = field(default_factory=dict)
    inside: dict[Node, Node] = field(default_factory=dict)

    def run(
        self, nodes: Iterable[Node], loop: Callable[[Node, list[Node]], Node]
    ) -> None:
        """Rebuild nodes in order; `loop` gives what a loop becomes."""
        for node in nodes:
            inputs = [self.new.get(i, i) for i in node.inputs]
            if "loop" in node.op.traits:
                self.new[node] = loop(node, inputs)
                continue
            attrs: Mapping[str, Any] = node.attrs
            if "item" in node.op.traits:
                of = attrs["of"]
                attrs = {"of": self.inside.get(of, of)}
            if tuple(inputs) != node.inputs or attrs != node.attrs:
                self.new[node] = self.builder.make(
                    node.op, tuple(inputs), dict(attrs), node.line, node.group
                )


def results_of(node: Node, nodes: Iterable[Node]) -> list[Node]:
    """Give the values of a step that something outside reads."""
    return [n.attrs["of"] for n in nodes if "item" in n.op.traits and node in n.inputs]


def stacked(node: Node, nodes: Iterable[Node]) -> list[Node]:
    """Give the values of a step that are stacked for something outside."""
    return [n.attrs["of"] for n in nodes if "stack" in n.op.traits and node in n.inputs]


def recognise_loops(
    graph: Graph, builder: Builder, recognise: Callable[[Graph, frozenset[Node]], Graph]
) -> Graph:
    """Recognise what is spelled out inside the loops of a forward graph.

    Parameters
    ----------
    graph
        The traced graph.
    builder
        Where the nodes go.
    recognise
        Does the same to a step, given what the step finds.
    """
    nodes, names = graph.nodes(), dict(graph.names)
    if not any("loop" in n.op.traits for n in nodes):
        return graph
    work = _Rebuilding(builder)

    def step(node: Node, inputs: list[Node]) -> Node:
        loop: Loop = node.attrs["loop"]
        roots = tuple(dict.fromkeys((*loop.following, *results_of(node, nodes))))
        given = frozenset(loop.bound)
        part = StepGraph(graph.name, (), roots, graph.names, given=given)
        found = recognise(part, given)
        work.inside |= dict(zip(roots, found.outputs, strict=True))
        names.update(found.names)
        own = (*loop.carries, *loop.slices)
        fixed = unchanging(found.outputs, frozenset(own))
        following = tuple(work.inside[n] for n in loop.following)
        changed = Loop(loop.carries, loop.slices, fixed, following, loop.reverse)
        operands = (*inputs[: len(own)], *(work.new.get(f, f) for f in fixed))
        attrs = {**node.attrs, "loop": changed}
        return builder.make(node.op, operands, attrs, node.line, node.group)

    work.run(nodes, step)
    outputs = tuple(work.new.get(o, o) for o in graph.outputs)
    names |= {work.new[n]: name for n, name in graph.names.items() if n in work.new}
    return replace(graph, outputs=outputs, names=names)


def shorten_loops(
    derived: Differentiated, known: frozenset[Node], builder: Builder,
    shorten: Callable[[Differentiated, tuple[Node, ...]], Any],
) -> Differentiated:  # fmt: skip
    """Shorten the steps of the backward loops.

    Parameters
    ----------
    derived
        A backward pass.
    known
        Values of the forward pass.
    builder
        Where the nodes go.
    shorten
        Shortens the backward pass of a step, given the values of the forward step;
        gives something with `gradients`, `adjoints` and `why`.
    """
    nodes = order(derived.gradients.values())
    if not any(_is_backward(n, known) for n in nodes):
        return derived
    work = _Rebuilding(builder)
    adjoints, why = dict(derived.adjoints), dict(derived.why)

    def step(node: Node, inputs: list[Node]) -> Node:
        if not _is_backward(node, known):
            return node
        loop: Loop = node.attrs["loop"]
        forward: Node = node.attrs["forward"]
        back: Loop = forward.attrs["loop"]
        values = derived.forward.nodes()
        gathered = stacked(forward, values)
        inside = back.inside(results_of(forward, values))
        roots = tuple(dict.fromkeys((*loop.following, *results_of(node, nodes))))
        # Whatever a step reads is kept for every step, so it had better be little.
        reading = forward_values(list(roots), frozenset(), {*inside, *back.bound})
        kept = _worth_keeping(inside, set(reading), back.bound, derived.forward.names)
        found = (*loop.carries, *loop.slices, *_uncopied(loop.fixed))
        own = frozenset((*kept, *back.bound, *found))
        part = StepGraph(
            derived.forward.name, (), inside, derived.forward.names,
            given=frozenset(back.bound),
        )  # fmt: skip
        within = set(between(roots, own))
        inner = Differentiated(
            part, (), {str(k): r for k, r in enumerate(roots)},
            {v: a for v, a in adjoints.items() if a in within},
            {n: w for n, w in why.items() if n in within},
        )  # fmt: skip
        shorter = shorten(inner, tuple(sorted(own, key=lambda n: n.index)))
        work.inside |= dict(zip(roots, shorter.gradients.values(), strict=True))
        adjoints.update(shorter.adjoints)
        why.update(shorter.why)
        kept += [r for r in gathered if r in back.carries]
        return _closed(node, inputs, roots, work, kept)

    work.run([n for n in nodes if n not in known], step)
    new = work.new
    return Differentiated(
        derived.forward, derived.seeds,
        {k: new.get(n, n) for k, n in derived.gradients.items()},
        {v: new.get(a, a) for v, a in adjoints.items()},
        {new.get(n, n): w for n, w in why.items()},
    )  # fmt: skip


def _uncopied(values: Iterable[Node]) -> Iterator[Node]:
    """Give what arrays are copies of, or are made of copies by: a step needs no copy.

    ``g * np.full(n, 2 / T)`` is ``2 / T * g``.
    """
    for value in values:
        from_copies = "elementwise" in value.op.traits and any(
            i.op in (broadcast_to, fill) for i in value.inputs
        )
        if value.op is broadcast_to or from_copies:
            yield from _uncopied(value.inputs)
        elif value.op is not fill:
            yield value


def _is_backward(node: Node, known: frozenset[Node]) -> bool:
    return (
        "loop" in node.op.traits
        and node not in known
        and node.attrs["forward"] is not None
    )


def _worth_keeping(
    inside: Iterable[Node], reading: set[Node], bound: Iterable[Node],
    names: Mapping[Node, str],
) -> list[Node]:  # fmt: skip
    """Give the values of a step that are kept for every step if they are read.

    An unnamed product or sum of values that are read anyway is computed again.
    """
    at_hand, kept = {*bound, *reading}, []
    for n in inside:
        again = "elementwise" in n.op.traits and "floating" not in n.op.traits
        cheap = n.op.algebra is not None and again and n not in names
        if cheap and all(i in at_hand or is_inline(i) for i in n.inputs):
            at_hand.add(n)
        elif n in reading or n in names:
            kept.append(n)
    return kept


def _closed(
    node: Node, inputs: list[Node], roots: tuple[Node, ...], work: _Rebuilding,
    kept: list[Node],
) -> Node:  # fmt: skip
    """Make a backward loop again, now that its steps read other values."""
    loop: Loop = node.attrs["loop"]
    forward: Node = node.attrs["forward"]
    found = dict(zip(loop.bound, inputs, strict=True))
    values = {*kept, *forward.attrs["loop"].bound}
    arrays = {
        s: found[s] for s in loop.slices if "bound" in s.op.traits and s not in values
    }
    steps = Steps({c: c for c in loop.carries}, inputs[: len(loop.carries)], arrays)
    ends = [work.inside[n] for n in loop.following]
    results = [work.inside[n] for n in roots if n not in loop.following]
    made = close(forward, frozenset(kept), steps, ends, results, Recorder(work.builder))
    operands = tuple(work.new.get(i, i) for i in made.inputs)
    if operands == made.inputs:
        return made
    return work.builder.make(made.op, operands, dict(made.attrs), made.line, made.group)


# --- unread ---------------------------------------------------------------------------
#
# What a loop hands on, or runs along, and nothing reads is left out of it.


def without_unread(graph: Graph, builder: Builder) -> Graph:
    """Leave out what no result of a function needs of its loops.

    A plain loop hands on whatever its steps change: a name that is bound in each step
    is bound after the last one, too, and nobody reads it.
    """
    if not any("loop" in n.op.traits for n in graph.nodes()):
        return graph
    work = _Unread(builder)
    work.run(graph.outputs, frozenset())
    new = work.new
    outputs = tuple(new.get(o, o) for o in graph.outputs)
    names = dict(graph.names)
    names |= {new[n]: name for n, name in graph.names.items() if n in new}
    return replace(graph, outputs=outputs, names=names)


class _Unread:
    def __init__(self, builder: Builder) -> None:
        self.builder = builder
        self.new: dict[Node, Node] = {}

    def run(self, roots: Iterable[Node], given: Container[Node]) -> None:
        """Rebuild what lies between the roots and what is given."""
        nodes = between(roots, given)
        for node in nodes:
            if "loop" in node.op.traits:
                items = [n for n in nodes if "item" in n.op.traits and node in n.inputs]
                made = self._loop(node, items)
            else:
                inputs = tuple(self.new.get(i, i) for i in node.inputs)
                attrs = None
                if "item" in node.op.traits:
                    of = node.attrs["of"]
                    attrs = {"of": self.new.get(of, of)}
                    attrs = None if attrs["of"] is of else attrs
                made = self.builder.remake(node, inputs, attrs)
            if made is not node:
                self.new[node] = made

    def _loop(self, node: Node, items: list[Node]) -> Node:
        loop: Loop = node.attrs["loop"]
        carries, results = _read(loop, items)
        roots = [after for c, after in _ends(loop) if c in carries] + results
        self.run(roots, frozenset(loop.bound))
        roots = [self.new.get(r, r) for r in roots]
        inside = between(roots, frozenset(loop.bound))
        read = {*roots, *(i for n in inside for i in n.inputs)}
        slices = tuple(s for s in loop.slices if s in read)
        own = tuple(c for c in loop.carries if c in carries)
        fixed = unchanging(roots, frozenset((*own, *slices)))
        following = tuple(roots[: len(own)])
        kept = Loop(own, slices, fixed, following, loop.reverse)
        operand = dict(zip(loop.bound, node.inputs, strict=True))
        operands = tuple(operand.get(b, b) for b in kept.bound)
        operands = tuple(self.new.get(o, o) for o in operands)
        return self.builder.remake(node, operands, {**node.attrs, "loop": kept})


def _read(loop: Loop, items: Iterable[Node]) -> tuple[set[Node], list[Node]]:
    """Give the carries that something needs, and the results that are gathered."""
    items = list(items)
    results = [n.attrs["of"] for n in items if "last" not in n.op.traits]
    carries = {n.attrs["of"] for n in items if "last" in n.op.traits}
    after = dict(_ends(loop))
    while True:
        roots = [*results, *(after[c] for c in carries)]
        inside = between(roots, frozenset(loop.bound))
        read = {*roots, *(i for n in inside for i in n.inputs)}
        more = read.intersection(after) - carries
        if not more:
            return carries, results
        carries |= more


def _ends(loop: Loop) -> Iterable[tuple[Node, Node]]:
    """Give each carry with what a step makes of it."""
    return zip(loop.carries, loop.following, strict=True)
