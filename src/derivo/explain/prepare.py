"""From a derivation to what is told of it: names, symbols, and numbers if given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from derivo.differentiate.reverse import differentiate
from derivo.explain.calls import Calls, functions_of
from derivo.explain.formula.of_node import formula_of, gradient_of, names_of
from derivo.explain.formula.tree import Formula, Symbol
from derivo.explain.naming import with_deltas, with_names
from derivo.explain.step_bodies import steps_of
from derivo.explain.subject import Subject, outside_loops
from derivo.graph.block import has_calls
from derivo.graph.node import Node
from derivo.ops.leaf import argument
from derivo.passes import Passes
from derivo.simplify.driver import simplify_forward


def subject(
    derivation: Passes, arrays: Mapping[str, Any], upstream: Any = None
) -> Subject:
    """Prepare a derivation to be told, with numbers if arrays are given.

    Raises
    ------
    ShapeError, UsageError
        Arrays that do not fit the arguments.
    """
    values, sizes = derivation.bind((), arrays) if arrays else ({}, {})
    if values and not all(a.holds(values) for a in derivation.backward.assumptions):
        derivation = derivation.exact  # as `gradients` does for these values
    forward = derivation.forward
    shown = simplify_forward(
        derivation.outlined,
        forward.builder,
        forward.facts,
        recognise=forward.graph is not derivation.outlined,
        stabilize=False,
        same_text=False,
    ).graph
    calls = None
    if has_calls(shown.nodes()):
        calls = Calls(derivation)
        derivation, shown = calls.told(), calls.graph(shown)
    seeds = derivation.backward.seeds
    is_loss = bool(seeds) and seeds[0].op is not argument
    raw = differentiate(shown, derivation.wanted, forward.builder, is_loss=is_loss)
    graph, raw = outside_loops(shown, raw)
    graph = replace(graph, names=with_names(derivation, graph))
    raw = replace(raw, forward=graph)
    found = Subject(derivation, graph, raw, values, sizes, upstream, divide=steps_of)
    symbols = with_deltas(derivation, graph, raw) | parts_of_loops(found)
    found = replace(found, inner_names=shown.names, symbols=symbols)
    if calls is None:
        return found
    of = calls.derivation
    return replace(
        found, functions=functions_of(found, calls),
        write_out=lambda: subject(of.written_out, arrays, upstream),
    )  # fmt: skip


def parts_of_loops(about: Subject) -> dict[Node, Formula]:
    """Give symbols for what comes back from loops, as it is and as it was shortened.

    All of the adjoint of a value without a name is ``∂E/∂(w w)``; a part of an adjoint
    has the number of its loop: ``dw⁽¹⁾``.
    """
    found: dict[Node, Formula] = {}
    d = about.derivation
    for nodes, passed in (
        (about.graph.nodes(), about.raw),
        (d.forward.graph.nodes(), d.backward),
    ):
        loops = [n for n in nodes if "loop" in n.op.traits]
        held = set(passed.adjoints.values())
        names = names_of(about) if loops else {}
        for node, why in passed.why.items():
            if why.reader not in loops:
                continue
            number = f"({loops.index(why.reader) + 1})"
            shown = names.get(why.node) or formula_of(why.node, names)
            if isinstance(shown, Symbol):
                part = replace(shown, adjoint=True, high=number)
                found |= {} if node in held else {node: part}
            elif node in held:
                found[node] = gradient_of(shown)
            else:
                found[node] = gradient_of(shown, number)
    return found
