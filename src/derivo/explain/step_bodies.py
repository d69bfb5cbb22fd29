"""From a loop over time to its step: a graph of its own, differentiated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from derivo.differentiate.reverse import differentiate
from derivo.explain.formula.tree import Index
from derivo.explain.step_symbols import name_of, with_symbols
from derivo.explain.subject import Steps, Subject, outside_loops
from derivo.graph.builder import Builder
from derivo.graph.loop import Loop
from derivo.graph.names import Names
from derivo.graph.node import Graph, Node
from derivo.ops.leaf import argument
from derivo.passes import Passes
from derivo.simplify.driver import simplify_backward
from derivo.simplify.loops import results_of
from derivo.simplify.model import Facts, Forward
from derivo.trace.arguments.given import Given

FLOATING = ("float", "pyfloat")
ENDS = ("_t", "_prev", "_previous", "_old", "_next", "_new")
LETTERS = "tsr"  # of the step: of a loop, of a loop in it, ...


def steps_of(outer: Subject) -> tuple[Steps, ...]:
    """Give the loops of a subject whose results matter, in the order of the graph."""
    found: list[Steps] = []
    numbered = outer.numbered + len(outer.factors)
    for node in outer.graph.nodes():
        if "loop" in node.op.traits:
            prefix = f"{outer.prefix}s{len(found) + 1}-"
            steps = _steps(node, outer, prefix, numbered)
            numbered += len(steps.body.all_factors)
            found.append(steps)
    return tuple(found)


def _steps(node: Node, outer: Subject, prefix: str, numbered: int) -> Steps:
    loop: Loop = node.attrs["loop"]
    builder = outer.derivation.forward.builder
    user = outer.inner_names
    items = tuple(
        n for n in outer.graph.nodes() if "stack" in n.op.traits and n.inputs[0] is node
    )
    results = results_of(node, outer.graph.nodes())
    bases = _bases(loop, user)
    names = Names()
    wishes = [
        *(f"{b}_before" for b in bases),
        *(user.get(s) or f"{name_of(o, outer)}_part" for s, o in
          zip(loop.slices, node.inputs[len(bases) :], strict=False)),
        *(name_of(o, outer) for o in node.inputs[len(bases) + len(loop.slices) :]),
    ]  # fmt: skip
    arguments = tuple(
        builder.make(
            argument, (), {"name": names.fresh(wish), "spec": b.spec, "of": prefix}
        )
        for wish, b in zip(wishes, loop.bound, strict=True)
    )
    there = dict(zip(loop.bound, arguments, strict=True))
    rebuild(loop.inside(results), there, builder)
    outputs = tuple(there.get(n, n) for n in loop.following)
    outputs += tuple(there.get(i.attrs["of"], i.attrs["of"]) for i in items)
    called = {there[n]: user[n] for n in loop.inside(results) if n in user}
    called |= {a: a.attrs["name"] for a in arguments}
    graph = Graph(outer.graph.name, arguments, outputs, called)
    inner = {there.get(n, n): name for n, name in user.items()}
    body = _subject(graph, arguments, node, outer, prefix)
    names_in = {**user, **inner, **graph.names}
    body = replace(body, prefix=prefix, numbered=numbered, inner_names=names_in)
    letter = Index(LETTERS[min(prefix.count("-") - 1, len(LETTERS) - 1)])
    steps = Steps(node, outer, body, arguments, bases, items, letter, there)
    return replace(steps, body=with_symbols(steps))


def _bases(loop: Loop, user: Mapping[Node, str]) -> tuple[str, ...]:
    """Give each carry one name: ``h`` where the step calls it `h_prev` and `h`."""
    taken, found = Names(), []
    for carry, after in zip(loop.carries, loop.following, strict=True):
        own = after not in loop.bound
        wish = _plain(user.get(carry, "")) or _plain(user.get(after, "")) * own
        found.append(taken.fresh(wish or "carry"))
    return tuple(found)


def _plain(name: str) -> str:
    """Give ``h`` for `h_prev` and `h_t`: the index says as much."""
    for end in ENDS:
        name = name.removesuffix(end) or name
    return name


def rebuild(nodes: tuple[Node, ...], there: dict[Node, Node], builder: Builder) -> None:
    """Make nodes anew on other operands, and the bodies of the loops among them.

    `there` holds what is known to have become of each node, and gets the rest.
    """
    for n in nodes:
        attrs = dict(n.attrs)
        if "loop" in n.op.traits:
            loop: Loop = attrs["loop"]
            rebuild(loop.inside(results_of(n, nodes)), there, builder)
            attrs["loop"] = loop.replace(lambda m: there.get(m, m))
        if "item" in n.op.traits:
            attrs["of"] = there.get(attrs["of"], attrs["of"])
        inputs = tuple(there.get(i, i) for i in n.inputs)
        there[n] = builder.make(n.op, inputs, attrs, n.line, n.group)


def _subject(
    graph: Graph, arguments: tuple[Node, ...], node: Node, outer: Subject, prefix: str
) -> Subject:
    """Derive the backward pass of a step."""
    builder = outer.derivation.forward.builder
    loop: Loop = node.attrs["loop"]
    asked = [
        a for k, (a, o) in enumerate(zip(arguments, node.inputs, strict=True))
        if a.spec.kind in FLOATING
        and (k < len(loop.carries) or o in outer.raw.adjoints)
    ]  # fmt: skip
    wrt = tuple(a.attrs["name"] for a in asked)
    raw = differentiate(graph, wrt, builder, of=prefix)
    kept = tuple(a.attrs["name"] for a in asked if a in raw.adjoints)
    raw = replace(raw, gradients={k: raw.gradients[k] for k in kept})
    forward = Forward(graph, graph.nodes(), builder, Facts(nothing=True))
    backward = simplify_backward(raw, forward, enabled=True)

    def again() -> Passes:
        raise NotImplementedError

    whole = outer.derivation
    derivation = Passes(
        whole.function, Given({}), graph, None, forward, backward, whole.functions,
        again,
    )  # fmt: skip
    own, raw = outside_loops(graph, raw)
    return Subject(derivation, own, raw, {}, {}, divide=steps_of)
