"""From a loop over time to its step: a graph of its own, differentiated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from derivo.differentiate.reverse import differentiate
from derivo.explain.formula.tree import Index
from derivo.explain.step_symbols import name_of, with_symbols
from derivo.explain.subject import Steps, Subject, outside_loops
from derivo.graph.loop import Loop, remade
from derivo.graph.names import Names
from derivo.graph.node import Graph, Node
from derivo.ops.leaf import argument
from derivo.simplify.driver import simplify_backward
from derivo.simplify.loops import results_of
from derivo.simplify.model import Facts, Forward

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
    builder, nodes = outer.derivation.forward.builder, outer.graph.nodes()
    user = outer.inner_names
    items = tuple(n for n in nodes if "stack" in n.op.traits and n.inputs[0] is node)
    bases, names = _bases(loop, user), Names()
    wishes = [f"{b}_before" for b in bases]
    for b, o in zip(loop.bound[len(bases) :], node.inputs[len(bases) :], strict=True):
        part = user.get(b) or f"{name_of(o, outer)}_part"
        wishes.append(part if b in loop.slices else name_of(o, outer))
    # The steps of two loops are told apart, where they do the same, too.
    found = (
        {"name": names.fresh(wish), "spec": b.spec, "of": prefix}
        for wish, b in zip(wishes, loop.bound, strict=True)
    )
    arguments = tuple(builder.make(argument, (), attrs) for attrs in found)
    inside = loop.inside(results_of(node, nodes))
    there = dict(zip(loop.bound, arguments, strict=True))
    for n in inside:
        there |= remade(n, inside, there, builder)
    outputs = (*loop.following, *(i.attrs["of"] for i in items))
    called = {there[n]: user[n] for n in inside if n in user}
    called |= {a: a.attrs["name"] for a in arguments}
    name, results = outer.graph.name, tuple(there[n] for n in outputs)
    body = _subject(Graph(name, arguments, results, called), node, outer, prefix)
    inner = {there.get(n, n): name for n, name in user.items()}
    inner_names = {**user, **inner, **called}
    body = replace(body, prefix=prefix, numbered=numbered, inner_names=inner_names)
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


def _subject(graph: Graph, node: Node, outer: Subject, prefix: str) -> Subject:
    """Derive the backward pass of a step."""
    builder, carried = outer.derivation.forward.builder, node.attrs["loop"].carries
    asked = [
        a for k, (a, o) in enumerate(zip(graph.inputs, node.inputs, strict=True))
        if a.spec.kind in FLOATING and (k < len(carried) or o in outer.raw.adjoints)
    ]  # fmt: skip
    raw = differentiate(
        graph, tuple(a.attrs["name"] for a in asked), builder, of=prefix
    )
    kept = (a.attrs["name"] for a in asked if a in raw.adjoints)
    raw = replace(raw, gradients={k: raw.gradients[k] for k in kept})
    forward = Forward(graph, graph.nodes(), builder, Facts(nothing=True))
    backward = simplify_backward(raw, forward, enabled=True)
    derivation = outer.derivation.part(graph, forward, backward)
    own, raw = outside_loops(graph, raw)
    return Subject(derivation, own, raw, {}, {}, divide=steps_of)
