"""What simplification takes for granted, and what it gives."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from derivo.errors import UsageError
from derivo.graph.block import Block
from derivo.graph.builder import Builder
from derivo.graph.node import Graph, Node, Why
from derivo.ops.composite import logsumexp, softmax

_SUMS_TO_ONE = re.compile(
    r"(?:every |each )?(?:rows? of )?(\w+)(?: rows?)? sums? to (?:1|one)"
    r"(?: along axis (-?\d+))?"
)


@dataclass(frozen=True)
class SumsToOne:
    """Every row of an argument, along one axis, sums to 1 (a cross-entropy target)."""

    name: str
    axis: int = -1

    def holds(self, values: Mapping[str, Any]) -> bool:
        """Try it on actual values."""
        array = np.asarray(values[self.name])
        tolerance = 1e-4 if array.dtype == np.float32 else 1e-9
        return bool(np.allclose(array.sum(axis=self.axis), 1, rtol=0, atol=tolerance))

    def __str__(self) -> str:
        """Say it."""
        along = (
            "every row" if self.axis == -1 else f"every slice along axis {self.axis}"
        )
        return f"{along} of {self.name} sums to 1"


@dataclass(frozen=True)
class Facts:
    """What the user declared.

    Attributes
    ----------
    known
        Facts that were given.
    free
        Arguments that nothing is to be assumed of.
    nothing
        Assume nothing of any argument.
    """

    known: tuple[SumsToOne, ...] = ()
    free: frozenset[str] = frozenset()
    nothing: bool = False

    @classmethod
    def read(cls, texts: Iterable[str]) -> Facts:
        """Read facts such as ``"t sums to 1"``, ``"t is free"`` and ``"nothing"``."""
        known, free, nothing = [], set(), False
        for text in texts:
            words = re.sub(r"\s+", " ", text.strip())
            one = _SUMS_TO_ONE.fullmatch(words)
            if words == "nothing":
                nothing = True
            elif one:
                known.append(SumsToOne(one[1], int(one[2] or -1)))
            elif match := re.fullmatch(r"(\w+) is free", words):
                free.add(match[1])
            else:
                message = (
                    f"assume: {text!r} is not understood; write 't sums to 1', "
                    "'t sums to 1 along axis 0', 't is free' or 'nothing'"
                )
                raise UsageError(message)
        return cls(tuple(known), frozenset(free), nothing)

    def check_arguments(self, graph: Graph) -> None:
        """Refuse facts about arguments, or axes, that the function does not have."""
        ranks = {n.attrs["name"]: n.spec.rank for n in graph.inputs}
        for name in [*(f.name for f in self.known), *sorted(self.free)]:
            if name not in ranks:
                call = f"{graph.name}({', '.join(ranks)})"
                message = f"assume: {name!r} is not an argument of {call}"
                raise UsageError(message)
        for fact in self.known:
            rank = ranks[fact.name]
            if not -rank <= fact.axis < rank:
                message = (
                    f"assume: {fact.name} has {rank} axes, so there is no axis "
                    f"{fact.axis} to sum along"
                )
                raise UsageError(message)

    def may_assume(self, name: str) -> bool:
        """Tell whether facts about an argument may be taken for granted."""
        return not self.nothing and name not in self.free


# --- targets --------------------------------------------------------------------------
#
# Which arguments are targets: class weights that may be assumed to sum to 1.


def targets_of(graph: Graph, facts: Facts) -> dict[Node, tuple[int, SumsToOne]]:
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
    return {n: (axis, assumption(n, axis, facts)) for n, axis in targets.items()}


def assumption(argument: Node, axis: int, facts: Facts) -> SumsToOne:
    """Say what is assumed of an argument, in the user's words if there are any."""
    name = argument.attrs["name"]
    for fact in facts.known:
        if fact.name == name:
            return fact
    return SumsToOne(name, axis - argument.spec.rank)


def _weights(product: Node) -> list[tuple[Node, int]]:
    if len(product.inputs) != 2 or "elementwise" not in product.op.traits:
        return []
    found = []
    for weight, other in (product.inputs, product.inputs[::-1]):
        for n in _close(other):
            if n.op is not softmax and n.op is not logsumexp:
                continue
            axis = n.attrs["axis"]
            if not isinstance(axis, int):
                continue
            axis %= n.inputs[0].spec.rank
            target = _behind(weight, axis)
            shape = n.inputs[0].spec.shape
            if target is not None and shape == target.spec.shape == other.spec.shape:
                found.append((target, axis))
    return found if len({target for target, _ in found}) == 1 else []


def _behind(weight: Node, axis: int) -> Node | None:
    """Give the argument that a weight is made of: smoothed, or scaled row by row.

    ``0.9 * t + 0.1 / n`` and ``w[:, None] * t`` weigh classes as t does.
    """
    while weight.op.name != "argument":
        if "elementwise" not in weight.op.traits or weight.op.algebra is None:
            return None
        wide = [i for i in weight.inputs if _varies(i, axis, weight.spec.rank)]
        if len(wide) != 1 or wide[0].spec != weight.spec:
            return None
        (weight,) = wide
    return weight if weight.spec.rank else None


def _varies(node: Node, axis: int, rank: int) -> bool:
    """Tell whether a value differs along an axis of the frame that it stands in."""
    own = axis - (rank - node.spec.rank)
    return 0 <= own < node.spec.rank and node.spec.shape[own] != 1


def _close(node: Node) -> list[Node]:
    """Give a value and what it is made of in one step."""
    return [node, *node.inputs, *(i for n in node.inputs for i in n.inputs)]


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
