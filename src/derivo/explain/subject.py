"""What is explained: the graph shown, the chain rule on it, names, ids and numbers.

A subject may have loops over time, and a step of each of them is a subject again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from derivo.differentiate.reverse import Differentiated
from derivo.explain.calls import call_of
from derivo.explain.factors import Factor, number_factors
from derivo.explain.formula.tree import (
    Formula,
    Index,
    Matrix,
    Number,
    Plus,
    Size,
    Symbol,
    Words,
)  # fmt: skip
from derivo.explain.rounding import run_rounded
from derivo.graph.dim import evaluate
from derivo.graph.loop import Loop
from derivo.graph.node import Graph, Node, order
from derivo.ops.leaf import argument
from derivo.passes import Passes
from derivo.run.arguments import adjoints_of_results, floating_type

MOST_STEPS = 500  # more are told without numbers


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
    divide
        Opens the loops: gives a step of each as a subject of its own.
    functions
        The functions that are called, each a subject of its own; only the whole has
        them, those of functions that call others too.
    write_out
        Gives the same with every function written out where it is called.
    """

    derivation: Passes
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
    divide: Callable[[Subject], tuple[Steps, ...]] = lambda _whole: ()
    functions: tuple[Function, ...] = ()
    write_out: Callable[[], Subject] | None = None

    @cached_property
    def written_out(self) -> Subject:
        """The same with every function written out; itself if none is called."""
        return self if self.write_out is None else self.write_out()

    @property
    def has_numbers(self) -> bool:
        """Whether arrays were given."""
        return bool(self.arrays) or not self.graph.inputs

    @property
    def is_loss(self) -> bool:
        """Whether the result is a number whose adjoint is 1."""
        return self.raw.seeds[0].op is not argument

    @cached_property
    def batch(self) -> Any:
        """The size of the batch: the first axis of the first argument, by name.

        It is a batch if no parameter has it: a parameter is an argument after the first
        whose gradient is asked for. None if there is none.
        """
        inputs = self.graph.inputs
        if not inputs or not inputs[0].spec.rank:
            return None
        # A loop over time runs along it: its rows are steps.
        if any(inputs[0] in map(s.operand, s.slices) for s in self.loops):
            return None
        size, wrt = inputs[0].spec.shape[0], set(self.derivation.wanted)
        parameters = [n for n in inputs[1:] if n.attrs["name"] in wrt]
        held = any(str(size) == str(d) for n in parameters for d in n.spec.shape)
        return None if isinstance(size, int) or held else size

    @cached_property
    def names(self) -> Mapping[Node, str]:
        """The user's names of the values shown, each once."""
        return unique_names(self.graph)

    @cached_property
    def ids(self) -> Mapping[Node, str]:
        """Id of every value of the graph: the same in graph, code and frames.

        Arguments that nothing reads come last.
        """
        nodes = dict.fromkeys([*self.graph.nodes(), *self.graph.inputs])
        return {n: f"{self.prefix}v{k}" for k, n in enumerate(nodes, start=1)}

    @cached_property
    def factors(self) -> tuple[Factor, ...]:
        """The local derivatives, numbered from the result backwards."""
        first: dict[object, Node] = {}  # the results of a call hand back together
        for n in sorted(self.raw.adjoints, key=lambda n: n.index):
            first.setdefault(call_of(n) or n, n)
        readers = set(first.values())
        nodes = tuple(n for n in self.graph.nodes() if n in readers)
        return number_factors(nodes, self.raw.adjoints, self.numbered)

    @cached_property
    def loops(self) -> tuple[Steps, ...]:
        """The loops over time, a step of each as a subject of its own."""
        return self.divide(self)

    @property
    def all_loops(self) -> tuple[Steps, ...]:
        """The loops, and after each those in its steps."""
        return tuple(x for s in self.loops for x in (s, *s.body.all_loops))

    @property
    def all_factors(self) -> tuple[Factor, ...]:
        """The factors, those within loops and functions too."""
        parts = (*(s.body for s in self.loops), *(f.body for f in self.functions))
        return (*self.factors, *(f for p in parts for f in p.all_factors))

    @cached_property
    def factor_of(self) -> Mapping[tuple[Node, int], Factor]:
        """Factor by operation and position of the operand."""
        return {(f.reader, f.position): f for f in self.factors}

    def covered_factors(self, with_lines: set[Node]) -> Mapping[Node, tuple[str, ...]]:
        """Give the factors between each value and the next adjoints that have lines."""
        readers: dict[Node, list[tuple[Node, int]]] = {}
        for factor in self.factors:
            readers.setdefault(factor.operand, []).append(
                (factor.reader, factor.position)
            )
        found = {}
        for value in with_lines:
            ids, todo, seen = [], [value], {value}
            while todo:
                for reader, position in readers.get(todo.pop(), ()):
                    ids.append(self.factor_of[reader, position])
                    if reader not in seen and reader not in with_lines:
                        seen.add(reader)
                        todo.append(reader)
            ordered = sorted(ids, key=lambda f: f.number)
            found[value] = tuple(f.id for f in ordered)
        return found

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
            return run_rounded(wanted, known, self.sizes, dtype)


@dataclass(frozen=True, eq=False)
class Function:
    """A function of the user's that is called: what it does is told once.

    Attributes
    ----------
    name
        As the source calls it.
    body
        What it computes from its arguments; with numbers, those of the first call.
    calls
        Its calls, each with the subject that it stands in.
    """

    name: str
    body: Subject
    calls: tuple[tuple[Subject, Node], ...]


@dataclass(frozen=True, eq=False)
class Steps:
    """A loop, and what one step of it is.

    Attributes
    ----------
    node
        The scan.
    outer, body
        What the loop is a part of, and the step: its arguments are what it finds, its
        results the carries as it leaves them, then what is stacked.
    arguments
        What the step finds, in the order of `Loop.bound`.
    bases
        A name for each carry: the same before and after the step.
    items
        What the loop gives, stacked over the steps; the further results of the step.
    time
        The letter that counts the steps.
    told
        What each node of the loop is in the step: what it finds, and what it computes.
    """

    node: Node
    outer: Subject
    body: Subject
    arguments: tuple[Node, ...]
    bases: tuple[str, ...]
    items: tuple[Node, ...]
    time: Index
    told: Mapping[Node, Node]

    @property
    def loop(self) -> Loop:
        """The loop as data."""
        loop: Loop = self.node.attrs["loop"]
        return loop

    @property
    def counter(self) -> str:
        """What counts the steps: the user's own variable, if there is one."""
        return self.outer.inner_names.get(self.node) or self.time.name

    @property
    def carries(self) -> tuple[Node, ...]:
        """The arguments of the step that the step before hands on."""
        return self.arguments[: len(self.loop.carries)]

    @property
    def slices(self) -> tuple[Node, ...]:
        """The arguments of the step that are its part of an array."""
        first = len(self.loop.carries)
        return self.arguments[first : first + len(self.loop.slices)]

    @property
    def fixed(self) -> tuple[Node, ...]:
        """The arguments of the step that are the same at every step."""
        return self.arguments[len(self.loop.carries) + len(self.loop.slices) :]

    @property
    def following(self) -> tuple[Node, ...]:
        """The carries as the step leaves them."""
        return self.body.graph.outputs[: len(self.loop.carries)]

    def operand(self, of: Node) -> Node:
        """Give the value outside that an argument of the step is, or is a part of."""
        return self.node.inputs[self.arguments.index(of)]

    def last_of(self, k: int) -> Node | None:
        """Give what the loop gives of a carry after its last step, if it is read."""
        return next(
            (n for n in self.outer.graph.nodes()
             if "last" in n.op.traits and n.inputs[0] is self.node
             and n.attrs["of"] is self.loop.carries[k]), None,
        )  # fmt: skip

    def gradient(self, of: Node) -> Node | None:
        """Give what a step hands back to one of its arguments."""
        return self.body.raw.gradients.get(of.attrs["name"])

    def kind(self, of: Node) -> str:
        """Tell what is gathered of the gradients of an argument, over the steps."""
        groups = {"last": self.carries, "stack": self.slices, "total": self.fixed}
        return next(kind for kind, group in groups.items() if of in group)

    def part(self, of: Node) -> Node | None:
        """Give the node outside that holds what the loop hands back to an operand."""
        operand, kind = self.operand(of), self.kind(of)
        # One operand may be read in several ways: they come in the order of operands.
        alike = [
            a for a in self.arguments
            if self.operand(a) is operand and self.kind(a) == kind
            and self.gradient(a) is not None
        ]  # fmt: skip
        parts = [
            node for node, why in self.outer.raw.why.items()
            if why.reader is self.node and why.node is operand
            and kind in node.op.traits
        ]  # fmt: skip
        return dict(zip(alike, parts, strict=False)).get(of)

    # --- steps as formulas ------------------------------------------------------------

    def shifted(self, by: int) -> Formula:
        """Write the step so many steps later in the order in which the loop runs."""
        by = -by if self.loop.reverse else by
        return Plus((self.time, Number(by))) if by else self.time

    def base(self, k: int, step: Formula, *, adjoint: bool = False) -> Symbol:
        """Write a carry after a step."""
        rank = self.carries[k].spec.rank
        return Symbol(self.bases[k], rank, adjoint=adjoint, step=step)

    def number_of(self, k: int) -> Formula:
        """Write the number of a step: 0 is before the first that runs, -1 the last."""
        if (k >= 0) != self.loop.reverse:
            return Number(abs(k))
        count, by = self.node.attrs["length"], 1 - k if self.loop.reverse else k + 1
        if isinstance(count, int):
            return Number(count + by)
        return Plus((Size(count), Number(by))) if by else Size(count)

    def all_of(self, row: Formula) -> Formula:
        """Write what is so at each step as all of it, the first step to the last."""
        if not isinstance(row, Symbol) or row.step is None:
            return row
        last = Size(self.node.attrs["length"])
        ends = replace(row, step=Number(1)), Words("…"), replace(row, step=last)
        return Matrix((ends,))

    # --- numbers ----------------------------------------------------------------------

    @cached_property
    def running(self) -> tuple[int, ...]:
        """Numbers of the steps, from 0, in the order in which they run."""
        count = evaluate(self.node.attrs["length"], self.outer.sizes)
        steps = range(count)
        return tuple(reversed(steps) if self.loop.reverse else steps)

    @property
    def has_numbers(self) -> bool:
        """Whether there are numbers for every step."""
        known = bool(self.outer.values)
        return known and 0 < len(self.running) <= MOST_STEPS

    @cached_property
    def at(self) -> Mapping[int, Subject]:
        """The step with its numbers, by number of the step from 0.

        This is backpropagation through time as it is told: from the last step to the
        first, what a step hands back is given to the step before.
        """
        return self.with_adjoints(self.outer.values)

    @cached_property
    def from_the_end(self) -> Mapping[int, Subject]:
        """The same if the results mattered at the last step alone."""
        last = self.running[-1]
        adjoints = self.outer.raw.adjoints
        values = dict(self.outer.values)
        for item in self.items:
            if item in adjoints:
                array = np.array(values[adjoints[item]])
                array[[t for t in self.running if t != last]] = 0
                values[adjoints[item]] = array
        return self.with_adjoints(values)

    def with_adjoints(self, values: Mapping[Node, Any]) -> Mapping[int, Subject]:
        """Run the steps backward, given the adjoints of what the loop gives."""
        trajectory, sizes = self.outer.values[self.node], self.outer.sizes
        adjoints = self.outer.raw.adjoints

        def given(of: Node | None, like: Node) -> Any:
            """Give the adjoint of a result; zeros where none comes back."""
            if of is not None and of in adjoints:
                return values[adjoints[of]]
            return np.zeros(tuple(evaluate(d, sizes) for d in like.spec.shape))[()]

        carried = [given(self.last_of(k), c) for k, c in enumerate(self.carries)]
        names = [n.attrs["name"] for n in self.arguments]
        found: dict[int, Subject] = {}
        for t in reversed(self.running):
            parts = (*carried, *(given(item, item)[t] for item in self.items))
            bound = (trajectory.steps[t][b] for b in self.loop.bound)
            step = found[t] = replace(
                self.body, arrays=dict(zip(names, bound, strict=True)), sizes=sizes,
                upstream=parts if len(parts) > 1 else parts[0],
            )  # fmt: skip
            back = [(self.gradient(c), c) for c in self.carries]
            carried = [given(None, c) if g is None else step.values[g] for g, c in back]
        return found

    @property
    def stacked(self) -> tuple[Node, ...]:
        """The values of the step that the loop gives, stacked over the steps."""
        return self.body.graph.outputs[len(self.loop.carries) :]


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
