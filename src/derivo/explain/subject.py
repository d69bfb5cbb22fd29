"""What is explained: the graph shown, the chain rule on it, names, ids and numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from derivo.differentiate.reverse import Differentiated, differentiate
from derivo.explain.factors import Factor, number_factors
from derivo.graph.node import Graph, Node, order
from derivo.ops.leaf import argument
from derivo.run.arguments import adjoints_of_results, floating_type
from derivo.run.reference import run_graph
from derivo.simplify.driver import simplify_forward

if TYPE_CHECKING:
    from derivo.derivation import Derivation
    from derivo.explain.formula.tree import Formula
    from derivo.explain.steps import Steps


@dataclass(frozen=True, eq=False)
class Subject:
    """A derivation as it is told.

    Attributes
    ----------
    derivation
        What is explained.
    graph
        The forward pass that is shown: functions under their names (sigmoid, softmax),
        but nothing rewritten against overflow, so that every textbook step is there.
    raw
        The chain rule on that graph, as it stands: nothing shortened.
    arrays
        The arguments, if numbers were given.
    sizes
        What the named sizes are, if numbers were given.
    upstream
        Adjoint of the result, if it was given.
    prefix
        Begins the ids, so that those of a part of an explanation are its own.
    numbered
        How many factors have numbers already.
    symbols, adjoint_symbols
        Symbols that stand for values, and for their adjoints, in place of the names:
        what a step of a loop computes has the step as an index.
    inner_names
        The user's names of values inside loops.
    """

    derivation: Derivation
    graph: Graph
    raw: Differentiated
    arrays: Mapping[str, Any]
    sizes: Mapping[str, int]
    upstream: Any = None
    prefix: str = ""
    numbered: int = 0
    symbols: Mapping[Node, Formula] = field(default_factory=dict)
    adjoint_symbols: Mapping[Node, Formula] = field(default_factory=dict)
    inner_names: Mapping[Node, str] = field(default_factory=dict)

    @property
    def has_numbers(self) -> bool:
        """Whether arrays were given."""
        return bool(self.arrays) or not self.graph.inputs

    @property
    def is_loss(self) -> bool:
        """Whether the result is a number whose adjoint is 1."""
        return self.raw.seeds[0].op is not argument

    @cached_property
    def names(self) -> Mapping[Node, str]:
        """The user's names of the values shown, each once."""
        return unique_names(self.graph)

    @cached_property
    def ids(self) -> Mapping[Node, str]:
        """Id of every value of the graph: the same in graph, code and frames."""
        nodes = enumerate(self.graph.nodes(), start=1)
        return {n: f"{self.prefix}v{k}" for k, n in nodes}

    @cached_property
    def factors(self) -> tuple[Factor, ...]:
        """The local derivatives, numbered from the result backwards."""
        return number_factors(self.graph.nodes(), self.raw.adjoints, self.numbered)

    @cached_property
    def loops(self) -> tuple[Steps, ...]:
        """The loops over time, a step of each as a subject of its own."""
        from derivo.explain.step_bodies import steps_of

        return steps_of(self)

    @property
    def all_factors(self) -> tuple[Factor, ...]:
        """The factors, those within loops too."""
        inner = (f for steps in self.loops for f in steps.body.all_factors)
        return (*self.factors, *inner)

    @cached_property
    def factor_of(self) -> Mapping[tuple[Node, int], Factor]:
        """Factor by operation and position of the operand."""
        return {(f.reader, f.position): f for f in self.factors}

    @cached_property
    def values(self) -> Mapping[Node, Any]:
        """Numbers of every value, of every adjoint of `raw` and of every gradient.

        Empty if no arrays were given.
        """
        if not self.has_numbers:
            return {}
        known = {n: self.arrays[n.attrs["name"]] for n in self.graph.inputs}
        dtype = floating_type(self.arrays)
        given = adjoints_of_results(self.graph, self.upstream, dtype, self.sizes)
        parts = given if isinstance(given, tuple) else (given,)
        known |= {
            seed: part
            for seed, part in zip(self.raw.seeds, parts, strict=True)
            if seed.op is argument
        }
        wanted = order(
            [
                *self.graph.outputs,
                *self.raw.adjoints.values(),
                *self.raw.gradients.values(),
            ]
        )
        with np.errstate(all="ignore"):
            return run_graph(wanted, known, self.sizes, dtype)


def unique_names(graph: Graph) -> dict[Node, str]:
    """Give the names of values; one that is used again gets a number, as in the code.

    After ``h = np.tanh(h)`` there are `h` and `h_2`: two values under one name would
    be one value to a reader.
    """
    taken: set[str] = set()
    arguments = {n: graph.names[n] for n in graph.inputs if n in graph.names}
    others = sorted(graph.names.keys() - arguments.keys(), key=lambda n: n.index)
    found = dict.fromkeys(graph.names, "")
    for node in (*arguments, *others):
        name, number = graph.names[node], 2
        while name in taken:
            name, number = f"{graph.names[node]}_{number}", number + 1
        taken.add(name)
        found[node] = name
    return found


def subject(
    derivation: Derivation, arrays: Mapping[str, Any], upstream: Any = None
) -> Subject:
    """Prepare a derivation to be told, with numbers if arrays are given.

    Raises
    ------
    ShapeError, UsageError
        Arrays that do not fit the arguments.
    """
    from derivo.explain.naming import with_deltas, with_names

    values, sizes = derivation.bind((), arrays) if arrays else ({}, {})
    if values and not all(a.holds(values) for a in derivation.backward.assumptions):
        derivation = derivation.exact  # as `gradients` does for these values
    forward, traced = derivation.forward, derivation.traced
    shown = simplify_forward(
        traced,
        forward.builder,
        forward.facts,
        recognise=derivation.forward.graph is not traced,
        stabilize=False,
        same_text=False,
    )
    seeds = derivation.backward.seeds
    is_loss = bool(seeds) and seeds[0].op is not argument
    raw = differentiate(shown.graph, derivation.wrt, forward.builder, is_loss=is_loss)
    graph, raw = outside_loops(shown.graph, raw)
    graph = replace(graph, names=with_names(derivation, graph))
    raw = replace(raw, forward=graph)
    found = Subject(derivation, graph, raw, values, sizes, upstream)
    symbols = with_deltas(derivation, graph, raw) | parts_of_loops(found)
    return replace(found, inner_names=shown.graph.names, symbols=symbols)


def parts_of_loops(about: Subject) -> dict[Node, Formula]:
    """Give symbols for what comes back from loops, as it is and as it was shortened.

    All of the adjoint of a value without a name is ``d(w w)``; a part of an adjoint has
    the number of its loop: ``dw⁽¹⁾``.
    """
    from derivo.explain.formula.of_node import formula_of, names_of
    from derivo.explain.formula.tree import Call, Symbol, Words
    from derivo.explain.levels.tell import D_OF, D_PART

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
                found[node] = Call(D_OF, (shown,))
            else:
                found[node] = Call(D_PART, (shown, Words(number)))
    return found


def outside_loops(graph: Graph, raw: Differentiated) -> tuple[Graph, Differentiated]:
    """Leave out what is inside loops: a step of a loop is a subject of its own.

    What a loop gives has a name, as it has in the code: ``h_all``, ``h_last``.
    """
    nodes = graph.nodes()
    if not any("loop" in n.op.traits for n in nodes):
        return graph, raw
    own = set(nodes)
    names = {n: name for n, name in graph.names.items() if n in own}
    for n in nodes:
        is_result = n in graph.outputs and len(graph.outputs) == 1
        if "item" in n.op.traits and not is_result:
            end = "last" if "last" in n.op.traits else "all"
            names.setdefault(n, f"{graph.names.get(n.attrs['of'], 'y')}_{end}")
    adjoints = {v: a for v, a in raw.adjoints.items() if v in own}
    outside = set(order([*adjoints.values(), *raw.gradients.values()]))
    why = {n: w for n, w in raw.why.items() if n in outside}
    graph = replace(graph, names=names)
    return graph, replace(raw, forward=graph, adjoints=adjoints, why=why)
