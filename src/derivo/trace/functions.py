"""Functions stay functions: what lies between a call and its results is cut out.

The user's function is traced as one graph; the tracer notes each call of a helper, what
it was given and what it gave. Here the calls that are to stay are cut out of that
graph, outermost first, each as a `Block` over arguments of its own. Calls that do the
same are calls of one block, for equal computations are equal nodes.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from derivo.graph.block import Block
from derivo.graph.builder import Builder, Constant
from derivo.graph.loop import Loop, is_inline, remade, unchanging, within_loops
from derivo.graph.names import RESERVED
from derivo.graph.nest import leaves, paths, pruned, rebuilt, short_name
from derivo.graph.node import Graph, Node, order
from derivo.ops.call import call, result
from derivo.ops.leaf import argument
from derivo.ops.scan import bound
from derivo.trace.invocation import Invocation, Iterations

Keeps = Callable[[Invocation], bool]


def outline(
    graph: Graph, top: Invocation, builder: Builder, keeps: Keeps
) -> tuple[Graph, Outliner]:
    """Cut the calls that stay out of a graph.

    Parameters
    ----------
    graph
        What the whole function computes.
    top
        The run of the function, with the calls that it made.
    builder
        Where new nodes go.
    keeps
        Says of a call whether it stays.

    Returns
    -------
    graph
        What the function computes with the help of others.
    outliner
        Knows the block that each call that stays is a call of, and the number of each
        loop.
    """
    outliner = Outliner(graph, top, builder, keeps)
    outlined = outliner.run()
    while True:
        read = _results_read(outlined, outliner.blocks.values())
        if all(len(read[b]) == len(b.graph.outputs) for b in outliner.blocks.values()):
            return outlined, outliner
        # A cache that a helper gives beside its result, and nobody reads.
        wanted = {
            i: [outliner.regions[i].outputs[k] for k in sorted(read[b])]
            for i, b in outliner.blocks.items()
        }
        outliner = Outliner(graph, top, builder, keeps, wanted)
        outlined = outliner.run()


def _results_read(graph: Graph, blocks: Iterable[Block]) -> dict[Block, set[int]]:
    """Give, for each block, which of its results something reads."""
    read: dict[Block, set[int]] = {b: set() for b in blocks}
    for nodes in (graph.nodes(), *(b.graph.nodes() for b in read)):
        for n in (*nodes, *within_loops(nodes)):
            if "result" in n.op.traits:
                read[n.inputs[0].attrs["block"]].add(n.attrs["at"])
    return read


@dataclass(frozen=True)
class Region:
    """What lies between the arguments of a call and its results, in the whole graph.

    Attributes
    ----------
    operands
        What it reads, and the way to it: ``mlp.w`` for ``mlp["w"]``.
    parameters
        The parameters that hold the operands, in nests of operands.
    outputs
        Its results.
    structure
        How they are handed back, in a nest of outputs.
    inside
        What it computes.
    """

    operands: Mapping[Node, str]
    parameters: tuple[tuple[str, Any], ...]
    outputs: tuple[Node, ...]
    structure: Any
    inside: tuple[Node, ...]


class Regions:
    """Finds what lies between the arguments of calls and their results.

    Parameters
    ----------
    graph
        What the whole function computes.
    top
        The run of the function.
    """

    def __init__(self, graph: Graph, top: Invocation) -> None:
        self.names = graph.names
        nodes = graph.nodes()
        everything = {*nodes, *within_loops(nodes)}
        self.nodes = tuple(sorted(everything, key=lambda n: n.index))
        self.varying = varying_of(self.nodes)
        # Number of the youngest reader of each value.
        end = max((i.end for i in top.everything()), default=0)
        self.read_until = dict.fromkeys(graph.outputs, end)
        for n in self.nodes:
            for i in n.inputs:
                self.read_until[i] = max(self.read_until.get(i, 0), n.index)
        self.handed_on: dict[Iterations, set[int]] = {}
        self.made_by: dict[str, list[range]] = {}
        for invocation in (*top.everything(), *top.repeated):
            made = range(invocation.start, invocation.end)
            self.made_by.setdefault(invocation.function, []).append(made)

    def find(
        self, invocation: Invocation, wanted: list[Node] | None = None
    ) -> Region | None:
        """Give the region of a call; None if it computes nothing new.

        `wanted` are the results that something reads; all if left out.
        """
        given = set(leaves(dict(invocation.arguments)))

        found: set[Node] = set()

        def is_result(n: Node) -> bool:
            """Keep what is new; a value that is given back twice stands once."""
            new = n not in given and n.index >= invocation.start and n in self.varying
            if not new or n in found or (wanted is not None and n not in wanted):
                return False
            found.add(n)
            return True

        given_back = invocation.result
        if invocation.of is not None:
            given_back = self._read_after(invocation)
        structure = pruned(given_back, is_result)
        outputs = tuple(dict.fromkeys(leaves(structure)))
        if not outputs:
            return None
        read: set[Node] = set()
        closed: dict[Node, None] = {}
        inside: set[Node] = set()
        stack = list(reversed(outputs))
        while stack:
            n = stack.pop()
            if n in given:
                read.add(n)
            elif self.is_outer(n, invocation):
                closed[n] = None
            elif n not in inside:
                inside.add(n)
                stack.extend(reversed(n.inputs))
        parameters = _parameters(invocation, read)
        self._add_closed(parameters, closed, invocation)
        operands = {n: path for path, n in paths(parameters)}
        ordered = tuple(sorted(inside, key=lambda n: n.index))
        return Region(operands, tuple(parameters.items()), outputs, structure, ordered)

    def _read_after(self, step: Invocation) -> tuple[Node, ...]:
        """Give what a step of a loop computes and something after it reads.

        What one step hands on, the others do, too: nobody may read it after the last.
        """
        assert step.of is not None  # noqa: S101
        places = self.handed_on.get(step.of)
        if places is None:
            made = [self._made(s.start, s.stop) for s in step.of.steps]
            places = self.handed_on[step.of] = {
                k
                for s, nodes in zip(step.of.steps, made, strict=True)
                for k, n in enumerate(nodes)
                if self.read_until.get(n, 0) >= s.stop
            }
        own = self._made(step.start, step.end)
        return tuple(n for k, n in enumerate(own) if k in places)

    def _made(self, start: int, stop: int) -> list[Node]:
        """Give the values of numbers from `start` that depend on an argument."""
        return [n for n in self.nodes if start <= n.index < stop and n in self.varying]

    def _add_closed(
        self, parameters: dict[str, Any], closed: Iterable[Node],
        invocation: Invocation,
    ) -> None:  # fmt: skip
        """Make parameters of what a helper closed over, in the order of its reading.

        What a step of a loop reads is called the same at every step.
        """
        for n in closed:
            wish = invocation.names.get(n) or self.names.get(n) or "constant"
            if invocation.of is not None:
                wish = "value"
            name, k = wish, 2
            while name in parameters or name in RESERVED:
                name, k = f"{wish}_{k}", k + 1
            parameters[name] = n

    def closing(
        self, region: Region, closed: Iterable[Node], invocation: Invocation
    ) -> Region:
        """Give a region with further values that it closes over."""
        parameters = dict(region.parameters)
        self._add_closed(parameters, closed, invocation)
        operands = {n: path for path, n in paths(parameters)}
        return replace(region, operands=operands, parameters=tuple(parameters.items()))

    def is_outer(self, n: Node, invocation: Invocation) -> bool:
        """Tell what a helper closed over: values from before, and whole arrays.

        What an earlier call of the same function made, such as a mask of a certain
        size or the sine of an argument that both have, is the function's own. (What
        the step of a loop before made may be what it hands on.)
        """
        if isinstance(n.attrs.get("value"), Constant) or "bound" in n.op.traits:
            return True
        if invocation.of is not None and n.op.picks is not None:
            # The row that belongs to a step is cut outside: it is another each time.
            return all(self.is_outer(i, invocation) for i in n.inputs)
        if n.index >= invocation.start or is_inline(n):
            return False
        if invocation.of is not None and n in self.varying:
            return True
        return not any(n.index in made for made in self.made_by[invocation.function])


def _parameters(invocation: Invocation, read: set[Node]) -> dict[str, Any]:
    """Give the parameters with what is read of them.

    A value given twice is read where it was given first.
    """
    unread = set(read)

    def is_read(n: Node) -> bool:
        if n not in unread:
            return False
        unread.remove(n)
        return True

    return {
        k: p for k, v in invocation.arguments.items()
        if (p := pruned(v, is_read)) is not None
    }  # fmt: skip


def varying_of(nodes: Iterable[Node]) -> frozenset[Node]:
    """Give the nodes that depend on an argument (or on what a loop's step finds)."""
    varying: set[Node] = set()
    for n in nodes:
        own = n.op is argument or "bound" in n.op.traits
        if own or any(i in varying for i in n.inputs):
            varying.add(n)
    return frozenset(varying)


@dataclass
class Outliner:
    """Cuts calls out of a graph, one scope after the other."""

    graph: Graph
    top: Invocation
    builder: Builder
    keeps: Keeps
    wanted: Mapping[Invocation, list[Node]] = field(default_factory=dict)
    blocks: dict[Invocation, Block] = field(default_factory=dict)
    regions: dict[Invocation, Region] = field(default_factory=dict)
    loops: dict[Iterations, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.finder = Regions(self.graph, self.top)

    def run(self) -> Graph:
        """Give the graph of the whole function."""
        new = self._scope(self.top, self.graph.outputs, {})
        names = {new[n]: name for n, name in self.graph.names.items() if n in new}
        names |= {n: self.graph.names[n] for n in self.graph.inputs}
        unchanged = within_loops(new.values())
        names |= {n: self.graph.names[n] for n in unchanged if n in self.graph.names}
        outputs = tuple(new[o] for o in self.graph.outputs)
        return replace(self.graph, outputs=outputs, names=names)

    def _kept_below(self, invocation: Invocation) -> list[Invocation]:
        """Give the calls that a function makes, seen past those that do not stay."""
        found: list[Invocation] = []
        for inner in invocation.below:
            region = self.region(inner) if self.keeps(inner) else None
            found += [inner] if region is not None else self._kept_below(inner)
        return found

    def region(self, invocation: Invocation) -> Region | None:
        """Give what lies between a call and its results, if it computes anything."""
        if invocation not in self.regions:
            region = self.finder.find(invocation, self.wanted.get(invocation))
            if region is None:
                return None
            self.regions[invocation] = region
        return self.regions[invocation]

    def _scope(
        self, around: Invocation, roots: tuple[Node, ...], given: Mapping[Node, Node]
    ) -> dict[Node, Node]:
        """Rebuild what a function computes, with calls where others do."""
        owner: dict[Node, Invocation] = {}
        for inner in self._kept_below(around):
            for n in self.regions[inner].outputs:
                owner.setdefault(n, inner)
        found = None if around is self.top else self._numbered(around.function)
        return self._rebuilt(roots, given, owner, found)

    def _rebuilt(
        self, roots: Iterable[Node], given: Mapping[Node, Node],
        owner: Mapping[Node, Invocation], found: Callable[[Node], Node] | None,
    ) -> dict[Node, Node]:  # fmt: skip
        """Rebuild values; `owner` tells the call that a value is a result of.

        They are made in the order in which the user computed: operands are older than
        results.
        """
        new = dict(given)
        needed = self._needed(roots, owner, new)
        for node in needed:
            inner_call = owner.get(node)
            if inner_call is not None and node not in new:
                results = self._called(inner_call, new)
                new |= {n: r for n, r in results.items() if owner[n] is inner_call}
            elif inner_call is None and self._calls_inside(node, needed, owner):
                new |= self._loop(node, needed, new, owner, found)
            elif inner_call is None:
                new |= remade(node, needed, new, self.builder, found)
        return new

    def _calls_inside(
        self, node: Node, nodes: Iterable[Node], owner: Mapping[Node, Invocation]
    ) -> bool:
        """Tell whether functions are called in the steps of a loop."""
        if "loop" not in node.op.traits:
            return False
        own = (node, *(n for n in nodes if node in n.inputs))
        return any(n in owner for n in within_loops(own))

    def _loop(
        self, node: Node, nodes: Iterable[Node], new: Mapping[Node, Node],
        owner: Mapping[Node, Invocation], found: Callable[[Node], Node] | None,
    ) -> dict[Node, Node]:  # fmt: skip
        """Rebuild a loop with calls in its steps, and what the steps compute."""
        loop: Loop = node.attrs["loop"]
        results = [n.attrs["of"] for n in nodes if node in n.inputs and "of" in n.attrs]
        own = (*loop.carries, *loop.slices)
        bound_now = {b: b if found is None else found(b) for b in own}
        roots = (*loop.following, *results)
        inside = self._rebuilt(roots, {**new, **bound_now}, owner, found)
        following = tuple(inside[n] for n in loop.following)
        # A function reads its arguments, and not what is made of them before the loop.
        kept = (*following, *(inside[n] for n in results))
        fixed = unchanging(kept, frozenset(bound_now.values()))
        now = Loop(
            tuple(bound_now[c] for c in loop.carries),
            tuple(bound_now[s] for s in loop.slices),
            fixed, following, loop.reverse,
        )  # fmt: skip
        operands = (*(new[i] for i in node.inputs[: len(own)]), *fixed)
        attrs = {**node.attrs, "loop": now}
        return {**inside, node: self.builder.remake(node, operands, attrs)}

    def _numbered(self, function: str) -> Callable[[Node], Node]:
        """Give what makes the values that the steps of a block's loops find.

        They are numbered from the beginning in every block, so that blocks with equal
        loops are equal.
        """
        serial = itertools.count()

        def found(value: Node) -> Node:
            attrs = {"serial": (function, next(serial)), "spec": value.spec}
            return self.builder.make(bound, (), attrs, value.line)

        return found

    def _needed(
        self, roots: Iterable[Node], owner: Mapping[Node, Invocation],
        given: Mapping[Node, Node],
    ) -> list[Node]:  # fmt: skip
        """Give what is computed for `roots`, as far as no other function does."""
        seen: set[Node] = set()
        stack = [r for r in roots if r not in given]
        while stack:
            node = stack.pop()
            if node in seen:
                continue
            seen.add(node)
            below: Iterable[Node] = node.inputs
            if node in owner:
                below = self.regions[owner[node]].operands
            stack.extend(i for i in below if i not in given)
        return sorted(seen, key=lambda n: n.index)

    def _called(
        self, invocation: Invocation, new: Mapping[Node, Node]
    ) -> dict[Node, Node]:
        """Make the call of a block; give what stands for its results."""
        block = self._block(invocation)
        region = self.regions[invocation]
        # An array that is closed over may be noted after the first result is made.
        operands = tuple(new.get(n, n) for n in region.operands)
        make, line = self.builder.make, invocation.line
        attrs = {"block": block, "step": self._step(invocation)}
        node = make(call, operands, attrs, line)
        return {
            n: make(result, (node,), {"at": k, "spec": n.spec}, line)
            for k, n in enumerate(region.outputs)
        }

    def _step(self, invocation: Invocation) -> tuple[int, int] | None:
        """Give the number of a loop, and that of the step."""
        loop = invocation.of
        if loop is None:
            return None
        number = self.loops.setdefault(loop, len(self.loops))
        return number, [s.start for s in loop.steps if len(s)].index(invocation.start)

    def _block(self, invocation: Invocation) -> Block:
        """Give what a call calls: the block that an equal one called, if there was."""
        region, given, new = self._with_all_operands(invocation)
        outputs = tuple(new[o] for o in region.outputs)
        place = {n: k for k, n in enumerate(region.operands)}
        parameters = tuple(
            (name, rebuilt(nest, place.__getitem__)) for name, nest in region.parameters
        )
        found = {n: k for k, n in enumerate(region.outputs)}
        structure = rebuilt(region.structure, found.__getitem__)
        inputs = tuple(given.values())
        key = (invocation.function, inputs, outputs, repr(parameters), repr(structure))
        block = self.builder.blocks.get(key)
        if block is None:
            names = self._names(invocation, new)
            names |= {
                p: self._argument_name(n, p, invocation) for n, p in given.items()
            }
            graph = Graph(invocation.name, inputs, outputs, names, parameters)
            step_of = None if invocation.of is None else invocation.of.targets
            block = Block(graph, structure, invocation.function, step_of)
            self.builder.blocks[key] = block
        self.blocks[invocation] = block
        return block

    def _with_all_operands(
        self, invocation: Invocation
    ) -> tuple[Region, dict[Node, Node], dict[Node, Node]]:
        """Rebuild what a call computes, over arguments of its own.

        What a function that it calls reads by itself is an operand of both.
        """
        make = self.builder.make
        while True:
            region = self.regions[invocation]
            given = {
                n: make(argument, (), {
                    "name": path, "spec": n.spec, "of": invocation.function
                })
                for n, path in region.operands.items()
            }  # fmt: skip
            new = self._scope(invocation, region.outputs, given)
            known = set(given.values())
            missing = [
                n
                for n in order(new[o] for o in region.outputs)
                if n in self.finder.varying
                and not n.inputs
                and n not in known
                and n not in region.operands
            ]
            if not missing:
                return region, given, new
            self.regions[invocation] = self.finder.closing(region, missing, invocation)

    def _argument_name(
        self, outside: Node, placeholder: Node, invocation: Invocation
    ) -> str:
        if invocation.of is None:
            return short_name(placeholder.attrs["name"])
        own = invocation.of.bound.get(outside)
        outer = own or invocation.names.get(outside) or self.graph.names.get(outside)
        return outer or short_name(placeholder.attrs["name"])

    def _names(
        self, invocation: Invocation, new: Mapping[Node, Node]
    ) -> dict[Node, str]:
        """Name values as the function did, then as those that it takes in."""
        names: dict[Node, str] = {}
        taken: set[str] = set()
        waiting = [invocation]
        while waiting:
            inner = waiting.pop(0)
            for n, name in inner.names.items():
                if n in new and new[n] not in names and (
                    inner is invocation or name not in taken
                ):  # fmt: skip
                    names[new[n]] = name
            taken = set(names.values())
            waiting += [i for i in inner.below if i not in self.blocks]
        for n in within_loops(new):
            if n in new and n in self.graph.names:
                names.setdefault(new[n], self.graph.names[n])
        return names


def calls_in(nodes: Iterable[Node]) -> list[Node]:
    """Give the calls among nodes and in the steps of their loops, forward ones."""
    nodes = tuple(nodes)
    everything = (*nodes, *within_loops(nodes))
    return [
        n for n in everything if "call" in n.op.traits and "back" not in n.op.traits
    ]
