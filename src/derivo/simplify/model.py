"""What simplification gives: a recognised forward graph, a shortened backward pass."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from derivo.graph.block import Block
from derivo.graph.builder import Builder
from derivo.graph.node import Graph, Node, Why
from derivo.simplify.assume import Facts, SumsToOne


@dataclass(frozen=True)
class Step:
    """One step of the derivation.

    Attributes
    ----------
    kind
        "local", "chain", "fan-out", "broadcast", "rewrite"; "function": what became of
        a function that is called, and why; "assert": a statement about values that
        was not tried; "write": an argument that the function writes into; "tie": a
        named size that is another; or "size": what named sizes must be.
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
    steps: tuple[Step, ...]
    assumptions: tuple[SumsToOne, ...]
    independent: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Derived:
    """A block with its backward pass, for one set of wanted gradients.

    Attributes
    ----------
    wrt
        Places of the block's arguments whose gradients it gives, in their order.
    seeded
        Places of the block's results that have an adjoint.
    """

    block: Block
    wrt: tuple[int, ...]
    seeded: tuple[int, ...]
    forward: Forward
    backward: Backward

    @property
    def graph(self) -> Graph:
        """The forward pass, as it runs."""
        return self.forward.graph

    @property
    def seeds(self) -> tuple[Node, ...]:
        """The adjoints of the results, in the order of `seeded`."""
        return self.backward.seeds

    @property
    def gradients(self) -> tuple[Node, ...]:
        """What the backward pass gives, in the order of `wrt`."""
        return tuple(self.backward.gradients.values())
