"""Which functions stay functions, and which are written out where they are called.

A helper stays if it is called twice or more, or is long, and if writing it out would
not make the backward pass of its caller shorter: softmax before a cross-entropy is
written out, for `p - t` is all that is left of the two.
"""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from derivo.differentiate.reverse import differentiate
from derivo.errors import DerivoError, UsageError
from derivo.graph.block import Block, inline, rolls_among
from derivo.graph.builder import check
from derivo.graph.loop import within_loops
from derivo.graph.node import Graph, Node
from derivo.simplify.driver import Functions, simplify_forward
from derivo.simplify.model import Facts
from derivo.trace.functions import Outliner, Region, calls_in, outline
from derivo.trace.invocation import Invocation, Iterations
from derivo.trace.tracer import Traced

# A helper that is called once stays if it has so many operations.
LONG = 6
# A loop over values that lie in no list stays one if its steps are so many operations
# all together, a call being two: to gather what comes back takes lines of its own.
LONG_WRITTEN_OUT = 12
# Longer ones are not written out to see whether that is shorter: hardly anything of
# theirs meets what is around them.
LONGEST_TRIED = 40
# One that is called more often in one place is written out only if each call saves so
# many operations.
WORTH = 2
# What stands for all functions in inline=.
EVERY = "*"


@dataclass(frozen=True)
class Choice:
    """What the user said about functions, by name.

    Attributes
    ----------
    keep
        Functions that stay functions.
    inline
        Functions that are written out where they are called.
    """

    keep: tuple[str, ...] = ()
    inline: tuple[str, ...] = ()

    @classmethod
    def read(cls, keep: str | Iterable[str], inlined: str | Iterable[str]) -> Choice:
        """Read names as the user gives them: one, or several."""
        kept, written_out = _names("keep", keep), _names("inline", inlined)
        both = set(kept) & set(written_out)
        if both:
            message = (
                f"{min(both)!r} is in keep= and in inline=; a function either "
                "stays one or is written out"
            )
            raise UsageError(message)
        return cls(kept, written_out)

    def check(self, seen: Iterable[str], name: str) -> None:
        """Refuse names of functions that were not called."""
        seen = set(seen)
        known = {EVERY, *seen, *(f.rpartition(".")[2] for f in seen)}
        for word in ("keep", "inline"):
            for given in getattr(self, word):
                if given not in known:
                    called = ", ".join(sorted(seen)) or "no functions of yours"
                    message = (
                        f"{word}: {given!r} is not among the functions that {name} "
                        f"calls: {called}"
                    )
                    raise UsageError(message)

    def keeps(self, function: str) -> bool | None:
        """Tell what was said about a function; None if nothing."""
        names = {function, function.rpartition(".")[2]}
        if names & set(self.keep):
            return True
        return False if {*names, EVERY} & set(self.inline) else None


def _names(option: str, given: object) -> tuple[str, ...]:
    """Read names of functions: one, or several."""
    several = (given,) if isinstance(given, str) or given is None else given
    names = tuple(several) if isinstance(several, Iterable) else (several,)
    if not all(isinstance(name, str) for name in names):
        message = (
            f"{option}={given!r} is to be the name of a function that is called, as "
            f"{option}='block', or several of them"
        )
        raise UsageError(message)
    return names


@dataclass(frozen=True)
class Outlined:
    """A traced function in which others are called.

    Attributes
    ----------
    graph
        What the function computes with the help of others.
    notes
        For each function that was called, what became of it and why.
    """

    graph: Graph
    notes: Mapping[str, str] = field(default_factory=dict)


def with_functions(
    run: Traced, wrt: tuple[str, ...], functions: Functions, facts: Facts,
    choice: Choice,
) -> Outlined:  # fmt: skip
    """Decide which of the functions that were called stay, and cut those out.

    Parameters
    ----------
    run
        The trace of the whole function.
    wrt
        Names of the arguments whose gradients are wanted.
    functions
        Derives the functions that stay.
    facts
        What may be assumed of the arguments of the whole function.
    choice
        What the user said.

    Raises
    ------
    UsageError
        The user named functions that were not called.
    """
    below = [i for i in run.top.everything() if i is not run.top]
    choice.check((i.function for i in below if i.of is None), run.graph.name)
    if not below or (EVERY in choice.inline and not choice.keep):
        return Outlined(run.graph)
    return _Chooser(run, wrt, functions, facts, choice).outlined()


class _Chooser:
    def __init__(
        self, run: Traced, wrt: tuple[str, ...], functions: Functions, facts: Facts,
        choice: Choice,
    ) -> None:  # fmt: skip
        self.run, self.wrt, self.functions = run, wrt, functions
        self.facts, self.choice = facts, choice
        self.builder = functions.builder
        self.notes: dict[str, str] = {}
        self.caller = {
            inner: around for around in run.top.everything() for inner in around.below
        }
        # Pairs of a caller and a function that is written out in it.
        self.written_out: set[tuple[str, str]] = set()

    def outlined(self) -> Outlined:
        """Give the graph in which those functions are called that stay."""
        self.stay = self._worth_keeping()
        self.loops = {
            i.of
            for i in self.run.top.everything()
            if i.of is not None and not self._has_scan(i)
        }
        if not self.stay and not self.loops:
            return Outlined(self.run.graph, self.notes)
        graph, outliner = self._cut()
        if self._leave_single_operations(outliner.blocks.values()):
            graph, outliner = self._cut()
        tried = dict.fromkeys(outliner.blocks.values())
        if self.functions.simplify and self._try_to_write_out(graph, tuple(tried)):
            graph, outliner = self._cut()
        forms: dict[str, set[Block]] = {}
        for invocation, block in outliner.blocks.items():
            if invocation.of is None:
                forms.setdefault(invocation.function, set()).add(block)
        for function, blocks in forms.items():
            self.notes.setdefault(function, _how_it_stays(blocks))
        check(graph)
        return Outlined(graph, self.notes)

    def _leave_single_operations(self, blocks: Iterable[Block]) -> bool:
        """Write out what is one operation, as sigmoid is in any spelling."""
        single = set()
        for block in dict.fromkeys(blocks):
            nodes = self.functions.forward(block).graph.nodes()
            named = self.choice.keeps(block.function) or block.step_of is not None
            if not named and work_in(nodes) + len(calls_in(nodes)) == 1:
                single.add(block.function)
        for function in single:
            self.notes[function] = "is written out: it is one operation"
        self.stay -= single
        return bool(single)

    def _cut(self) -> tuple[Graph, Outliner]:
        """Cut out the functions that stay, and the steps of those loops that are ones.

        A loop is left as it was traced that does not do the same at every step.
        """
        while True:
            graph, outliner = outline(
                self.run.graph, self.run.top, self.builder, self._keeps
            )
            no_loops = {
                loop for loop in self.loops if not _is_loop(loop, graph, outliner)
            }
            if not no_loops:
                return graph, outliner
            self.loops -= no_loops

    @cached_property
    def scans(self) -> list[int]:
        """The numbers of the loops over time that were written as such."""
        return [n.index for n in self.run.graph.nodes() if "loop" in n.op.traits]

    def _has_scan(self, step: Invocation) -> bool:
        return any(step.start <= k < step.end for k in self.scans)

    def _keeps(self, invocation: Invocation) -> bool:
        if invocation.of is not None:
            return invocation.of in self.loops
        if invocation.function not in self.stay:
            return False
        # The function in which the call comes to stand: one that stays itself.
        around = self.caller[invocation]
        while around is not self.run.top and not self._keeps(around):
            around = self.caller[around]
        return (around.function, invocation.function) not in self.written_out

    def _worth_keeping(self) -> set[str]:
        """Give the functions that are called often, or long, or that the user keeps."""
        outliner = Outliner(self.run.graph, self.run.top, self.builder, lambda _: True)
        calls: Counter[str] = Counter()
        longest: dict[str, int] = {}
        for invocation in self.run.top.everything():
            region = None
            if invocation is not self.run.top and invocation.of is None:
                region = outliner.region(invocation)
            if region is None:
                continue
            function = invocation.function
            calls[function] += 1
            length = work_in(region.inside)
            if any(_same(outliner.region(inner), region) for inner in invocation.below):
                length = 0  # it hands on what another function gives
            longest[function] = max(length, longest.get(function, 0))
        stay = set()
        for function, length in longest.items():
            said = self.choice.keeps(function)
            often = calls[function] > 1 and length > 1
            if calls[function] and (often or length >= LONG if said is None else said):
                stay.add(function)
            else:
                self.notes.setdefault(function, "is written out: it is short")
        return stay

    def _try_to_write_out(self, graph: Graph, blocks: tuple[Block, ...]) -> bool:
        """Find the functions without which their callers are shorter."""
        f = self.functions
        scopes = [Scope(graph, self._cost_of_whole, f)]
        scopes += [Scope(b.graph, self._cost_of_block, f, b) for b in blocks]
        for scope in scopes:
            function = scope.block.function if scope.block else ""
            for name, nodes in scope.called().items():
                if self.choice.keeps(name) or (function, name) in self.written_out:
                    continue
                if length_of(nodes[0].attrs["block"]) > LONGEST_TRIED:
                    continue
                if scope.meets_algebra(nodes) and self._is_shorter(scope, nodes):
                    self.written_out.add((function, name))
                    self.written_out |= pairs_below(nodes[0].attrs["block"])
                    where = function or self.run.graph.name
                    self.notes[name] = (
                        f"is written out in {where}: its backward pass is shorter so"
                    )
        return bool(self.written_out)

    def _is_shorter(self, scope: Scope, calls: list[Node]) -> bool:
        """Tell whether a scope's backward pass is shorter with a call written out."""
        written = _write_out(scope.graph, calls[:1], self.functions)
        try:
            saved = scope.own_cost - scope.cost(written)
            # A function that is called again and again is worth some operations.
            return saved >= (1 if len(calls) == 1 else WORTH)
        except DerivoError:
            return False  # what is wrong is said when the function itself is derived

    def _cost_of_whole(self, graph: Graph) -> int:
        is_loss = len(graph.outputs) == 1 and not graph.outputs[0].spec.rank
        return self._cost(graph, self.wrt, self.facts, is_loss=is_loss)

    def _cost_of_block(self, graph: Graph) -> int:
        floats = (n.attrs["name"] for n in graph.inputs if n.spec.kind == "float")
        return self._cost(graph, tuple(floats), Facts(nothing=True), is_loss=False)

    def _cost(
        self, graph: Graph, wrt: tuple[str, ...], facts: Facts, *, is_loss: bool
    ) -> int:
        f = self.functions
        forward = simplify_forward(
            graph, self.builder, facts, recognise=f.simplify, stabilize=f.stabilize
        )
        raw = differentiate(
            forward.graph, wrt, self.builder, is_loss=is_loss, functions=f
        )
        return f.operations(f.shortened(raw, forward), forward)


@dataclass
class Scope:
    """The whole function, or one that it calls, in which others are called.

    Attributes
    ----------
    graph
        What it computes.
    cost
        Counts the operations of the backward pass of such a graph.
    block
        The function; None for the whole.
    """

    graph: Graph
    cost: Callable[[Graph], int]
    functions: Functions
    block: Block | None = None

    @cached_property
    def own_cost(self) -> int:
        """The operations of its backward pass as it stands."""
        if self.block is None:
            return self.cost(self.graph)
        # Most likely it is what is needed in the end, too.
        floats = (k for k, n in enumerate(self.graph.inputs) if n.spec.kind == "float")
        every = tuple(range(len(self.graph.outputs)))
        derived = self.functions.derived(self.block, tuple(floats), every)
        return self.functions.operations(derived.backward, derived.forward)

    def called(self) -> dict[str, list[Node]]:
        """Give the calls by the function that they call."""
        found: dict[str, list[Node]] = {}
        for node in calls_in(self.graph.nodes()):
            found.setdefault(node.attrs["block"].function, []).append(node)
        return found

    def meets_algebra(self, calls: list[Node]) -> bool:
        """Tell whether a call stands next to an operation it could cancel with."""
        nodes = self.graph.nodes()
        nodes = (*nodes, *within_loops(nodes))
        own = {n for n in nodes if n.inputs[:1] and n.inputs[0] in calls}
        # A sum hands its adjoint on as it is: what comes into it meets nothing.
        beside = {
            i for c in calls for i in c.inputs if i.op.algebra is not operator.add
        }
        for n in nodes:
            if own.isdisjoint(n.inputs):
                continue
            beside.add(n)
            if n.op.traits & {"view", "selects"}:
                own.add(n)  # parts of a result meet what reads them
        return any(n.op.algebra is not None and n.inputs for n in beside)


def _how_it_stays(blocks: set[Block]) -> str:
    """Say that a function stays, and why there are several of it if there are."""
    shapes = {tuple(n.spec for n in b.graph.inputs) for b in blocks}
    if len(blocks) == 1:
        return "stays a function"
    if len(blocks) == len(shapes):
        return f"stays a function, once for each of {len(shapes)} sets of shapes"
    return (
        f"stays a function in {len(blocks)} forms: its calls differ in what they close "
        "over, or in numbers that they are given"
    )


def _is_loop(loop: Iterations, graph: Graph, outliner: Outliner) -> bool:
    """Tell whether a loop does the same at every step, and is worth a loop."""
    number = outliner.loops.get(loop)
    if number is None:
        return False
    scopes = [graph, *(b.graph for b in dict.fromkeys(outliner.blocks.values()))]
    rolls = [
        roll
        for scope in scopes
        for n, roll in rolls_among(scope.nodes(), scope.inputs, scope.signature).items()
        if n == number
    ]
    if not rolls or None in rolls:
        return False
    steps = sum(len(s) > 0 for s in loop.steps)
    if any(len(r.calls) != steps for r in rolls if r is not None):
        return False
    (roll, *_) = rolls
    assert roll is not None  # noqa: S101
    step: Block = roll.calls[0].attrs["block"]
    if roll.singles and not roll.lists and not roll.rows:
        nodes = step.graph.nodes()
        length = work_in(nodes) + 2 * len(calls_in(nodes))
        return steps * length >= LONG_WRITTEN_OUT
    return bool(roll.lists or roll.rows) or length_of(step) >= LONG


def is_work(node: Node) -> bool:
    """Tell an operation from a leaf and from a view."""
    return bool(node.inputs) and not node.op.traits & {"view", "result", "call"}


def work_in(nodes: Iterable[Node]) -> int:
    """Count operations, those of the steps of loops once."""
    nodes = tuple(nodes)
    return sum(map(is_work, (*nodes, *within_loops(nodes))))


def _same(one: Region | None, other: Region) -> bool:
    return one is not None and one.inside == other.inside


def pairs_below(block: Block) -> set[tuple[str, str]]:
    """Give each function that a block calls, at any depth, with its caller."""
    found: set[tuple[str, str]] = set()
    for node in calls_in(block.graph.nodes()):
        inner: Block = node.attrs["block"]
        found |= {(block.function, inner.function)} | pairs_below(inner)
    return found


def length_of(block: Block) -> int:
    """Count the operations of a function, those of others at every call."""
    nodes = block.graph.nodes()
    own = work_in(nodes)
    return own + sum(length_of(n.attrs["block"]) for n in calls_in(nodes))


def _write_out(scope: Graph, calls: list[Node], functions: Functions) -> Graph:
    """Put the bodies of some calls in their place."""
    given = {n: n for n in scope.inputs}
    new = inline(scope.outputs, functions.builder, given, chosen=calls.__contains__)
    names = {new[n]: name for n, name in scope.names.items() if n in new}
    return replace(scope, outputs=tuple(new[o] for o in scope.outputs), names=names)
