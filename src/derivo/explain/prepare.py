"""From a derivation to what is told of it: names, symbols, and numbers if given."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from derivo.differentiate.reverse import differentiate
from derivo.explain.calls import (
    block_of,
    calls_in,
    results_of,
    with_calls,
    with_steps,
)
from derivo.explain.formula.of_node import formula_of, gradient_of, names_of
from derivo.explain.formula.tree import Formula, Symbol
from derivo.explain.naming import with_deltas, with_names
from derivo.explain.step_bodies import steps_of
from derivo.explain.subject import Function, Subject, outside_loops
from derivo.graph.block import Block, has_calls
from derivo.graph.dim import evaluate
from derivo.graph.node import Graph, Node, order
from derivo.ops.leaf import argument
from derivo.passes import Passes
from derivo.simplify.driver import simplify_forward
from derivo.simplify.model import Derived, Facts


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
    forward, seeds = derivation.forward, derivation.backward.seeds
    shown = simplify_forward(
        derivation.outlined,
        forward.builder,
        forward.facts,
        recognise=forward.graph is not derivation.outlined,
        stabilize=False,
        same_text=False,
    ).graph
    is_loss = bool(seeds) and seeds[0].op is not argument
    found = _subject(derivation, shown, is_loss=is_loss)
    found = replace(found, arrays=values, sizes=sizes, upstream=upstream)
    if not calls_in(found.graph):
        return found
    return replace(
        found, functions=_functions(found, derivation),
        write_out=lambda: subject(derivation.written_out, arrays, upstream),
    )  # fmt: skip


def _subject(
    derivation: Passes, shown: Graph, *, is_loss: bool = False, of: str = ""
) -> Subject:
    """Apply the chain rule to a graph as it is shown, and name what comes about."""
    builder, functions = derivation.forward.builder, derivation.functions
    has = has_calls(shown.nodes())
    shown = with_steps(shown, builder) if has else shown
    raw = differentiate(
        shown, derivation.wanted, builder, is_loss=is_loss, functions=functions, of=of
    )
    if has:
        derivation, raw = with_calls(derivation, raw)
    inner_names = raw.forward.names
    graph, raw = outside_loops(raw.forward, raw)
    graph = replace(graph, names=with_names(derivation, graph))
    raw = replace(raw, forward=graph)
    found = Subject(derivation, graph, raw, {}, {}, divide=steps_of)
    symbols = with_deltas(derivation, graph, raw) | parts_of_loops(found)
    return replace(found, inner_names=inner_names, symbols=symbols)


# --- functions that are called --------------------------------------------------------


def _functions(outer: Subject, whole: Passes) -> tuple[Function, ...]:
    """Give the functions that are called, each once, with the calls of it.

    With numbers, each has those of its first call. One that is called with arrays of
    several shapes is one function still: it has the shapes of its first call.
    """
    wanted: dict[Block, set[int]] = {}
    _note(whole.backward.gradients.values(), wanted)
    found: dict[str, Function] = {}
    todo = [outer]
    numbered = outer.numbered + len(outer.all_factors)
    while todo:
        holder = todo.pop(0)
        for node in calls_in(holder.graph):
            block = block_of(node)
            name = block.graph.name
            if name not in found:
                body = _body(block, whole, wanted.get(block, set()))
                prefix = f"f{len(found) + 1}-"
                body = replace(body, prefix=prefix, numbered=numbered)
                if holder.values:
                    body = _with_numbers(body, node, holder)
                numbered += len(body.all_factors)
                found[name] = Function(name, body, ())
                todo.append(body)
            known = found[name]
            found[name] = replace(known, calls=(*known.calls, (holder, node)))
    return tuple(found.values())


def _note(roots: Iterable[Node], wanted: dict[Block, set[int]]) -> None:
    """Note which gradients are wanted of each function, at any of its calls."""
    for node in order(roots):
        if "back" in node.op.traits:
            derived: Derived = node.attrs["derived"]
            wanted.setdefault(derived.block, set()).update(derived.wrt)
            _note(derived.gradients, wanted)


def _body(block: Block, whole: Passes, wanted: set[int]) -> Subject:
    """Make a subject of a function: it stands in the source of the whole."""
    functions, inputs = whole.functions, block.graph.inputs
    shown = simplify_forward(
        block.graph, functions.builder, Facts(nothing=True),
        recognise=functions.simplify, stabilize=False, same_text=False,
    ).graph  # fmt: skip
    floating = {k for k, n in enumerate(inputs) if n.spec.kind in ("float", "pyfloat")}
    wrt = tuple(sorted(wanted or floating))
    derived = functions.derived(block, wrt, tuple(range(len(block.graph.outputs))))
    part = whole.part(block.graph, derived.forward, derived.backward)
    # What comes back is the same value in the plain chain rule and in the shorter one.
    return _subject(part, shown, of=derived.seeds[0].attrs["of"])


def _with_numbers(body: Subject, call: Node, holder: Subject) -> Subject:
    """Give a function the numbers of a call: zeros come back where nothing does."""
    names = [n.attrs["name"] for n in body.graph.inputs]
    arrays = {k: holder.values[i] for k, i in zip(names, call.inputs, strict=True)}
    adjoints = {
        n.attrs["at"]: holder.raw.adjoints[n]
        for n in results_of(call, holder.graph) if n in holder.raw.adjoints
    }  # fmt: skip
    parts = []
    for at, output in enumerate(body.graph.outputs):
        shape = tuple(evaluate(d, holder.sizes) for d in output.spec.shape)
        given = holder.values[adjoints[at]] if at in adjoints else 0.0
        parts.append(np.broadcast_to(given, shape)[()])
    upstream = tuple(parts) if len(parts) > 1 else parts[0]
    return replace(body, arrays=arrays, sizes=holder.sizes, upstream=upstream)


# --- loops ----------------------------------------------------------------------------


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
