"""What is explained: the graph shown, the chain rule on it, names, ids and numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
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
    """

    derivation: Derivation
    graph: Graph
    raw: Differentiated
    arrays: Mapping[str, Any]
    sizes: Mapping[str, int]
    upstream: Any = None

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
        return {n: f"v{k}" for k, n in enumerate(self.graph.nodes(), start=1)}

    @cached_property
    def factors(self) -> tuple[Factor, ...]:
        """The local derivatives, numbered from the result backwards."""
        return number_factors(self.graph.nodes(), self.raw.adjoints)

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
    values, sizes = derivation.bind((), arrays) if arrays else ({}, {})
    if values and not all(a.holds(values) for a in derivation.backward.assumptions):
        derivation = derivation.exact  # as `gradients` does for these values
    forward, traced = derivation.forward, derivation.traced
    shown = simplify_forward(
        traced,
        forward.builder,
        forward.facts,
        recognise=True,
        stabilize=False,
        same_text=False,
    )
    seeds = derivation.backward.seeds
    is_loss = bool(seeds) and seeds[0].op is not argument
    raw = differentiate(shown.graph, derivation.wrt, forward.builder, is_loss=is_loss)
    return Subject(derivation, shown.graph, raw, values, sizes, upstream)
