"""What simplification gives: a recognised forward graph, a shortened backward pass."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from derivo.graph.builder import Builder
from derivo.graph.node import Graph, Node, Why
from derivo.simplify.assume import Facts, SumsToOne


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
    steps: tuple[Step, ...]
    assumptions: tuple[SumsToOne, ...]
    independent: tuple[str, ...]
