"""From a derivation to a program: every value in operations that NumPy has."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from derivo.emit.comments import backward_comment
from derivo.emit.local import local_derivative
from derivo.emit.program import FunctionProgram, Program
from derivo.emit.turned import Turned
from derivo.emit.variants import written_for
from derivo.graph.block import Block
from derivo.graph.builder import Builder
from derivo.graph.loop import within_loops
from derivo.graph.nest import as_written, gradient_nests
from derivo.graph.node import Graph, Node, order
from derivo.simplify.driver import Functions
from derivo.simplify.model import Backward, Derived, Forward
from derivo.simplify.polish import KeptAxes
from derivo.simplify.spelling import Lowering


def program(
    traced: Graph, structure: Any, forward: Forward, backward: Backward,
    functions: Functions | None = None, notes: tuple[str, ...] = (),
) -> Program:  # fmt: skip
    """Put together what is to be written: all values in operations that NumPy has.

    Parameters
    ----------
    traced
        The function: its name and its parameters.
    structure
        How the results are handed back.
    functions
        What derived the functions that it calls; None if this is to be computed from,
        not read: then nothing is changed in place, either.
    notes
        What a reader must know of the forward function.
    """
    wanted = _returned(traced, backward)
    every = tuple(range(len(forward.graph.outputs)))
    written = _program(
        traced,
        structure,
        forward,
        backward,
        every,
        wanted,
        in_place=functions is not None,
    )
    written = replace(written, notes=notes)
    if functions is None:
        return written
    roots = (*written.outputs, *written.gradients.values())
    return replace(written, functions=tuple(_called(roots, functions)))


def _called(roots: Iterable[Node], functions: Functions) -> Iterator[FunctionProgram]:
    """Give the functions that are called below `roots`, callees before callers."""
    blocks: dict[Block, None] = {}

    def visit(roots: Iterable[Node]) -> None:
        for node in _with_steps(roots):
            block = node.attrs["block"] if _is_call(node) else None
            if block is not None and block not in blocks:
                visit(functions.forward(block).graph.outputs)
                blocks[block] = None

    visit(roots)
    wanted: dict[Block, dict[Derived, None]] = {block: {} for block in blocks}
    written: dict[Block, dict[Derived, Derived]] = {}
    _note_wanted(roots, wanted)
    # A backward pass calls those of the functions that the forward pass calls: those
    # of a function are known once all its callers are.
    for block in reversed(blocks):
        written[block] = written_for(block, wanted[block], functions)
        for derived in dict.fromkeys(written[block].values()):
            _note_wanted(derived.gradients, wanted)
    for block in blocks:
        yield _function(block, written[block], functions)


def _with_steps(roots: Iterable[Node]) -> Iterator[Node]:
    """Give what is computed, with what the steps of loops compute."""
    nodes = order(roots)
    yield from nodes
    yield from within_loops(nodes)


def _is_call(node: Node) -> bool:
    return "call" in node.op.traits and "back" not in node.op.traits


def _note_wanted(
    roots: Iterable[Node], wanted: Mapping[Block, dict[Derived, None]]
) -> None:
    for node in _with_steps(roots):
        if "back" in node.op.traits:
            derived: Derived = node.attrs["derived"]
            wanted[derived.block][derived] = None


def _function(
    block: Block, written_for: Mapping[Derived, Derived], functions: Functions
) -> FunctionProgram:
    graph, forward = block.graph, functions.forward(block)

    def written(derived: Derived | None) -> Program:
        seeded = derived.seeded if derived else ()
        backward = derived.backward if derived else _NOTHING
        nests = _returned(graph, backward)
        return _program(graph, block.structure, forward, backward, seeded, nests)

    variants = dict.fromkeys(written_for.values())
    largest_first = sorted(variants, key=lambda d: (-len(d.wrt), d.wrt, d.seeded))
    return FunctionProgram(
        block,
        written(None),
        tuple((d, written(d)) for d in largest_first),
        written_for,
    )


def _returned(graph: Graph, backward: Backward) -> tuple[Any, ...]:
    nests = gradient_nests(graph, backward.gradients).values()
    return tuple(as_written(nest) for nest in nests)


_NOTHING = Backward((), {}, {}, {}, (), (), ())


def _program(  # noqa: PLR0913  one for both kinds of functions
    traced: Graph, structure: Any, forward: Forward, backward: Backward,
    seeded: tuple[int, ...], returned: tuple[Any, ...], *, in_place: bool = True,
) -> Program:  # fmt: skip
    lowering, shared = Lowering(forward.builder), KeptAxes(forward.builder, ())

    graph = [shared(lowering(n)) for n in forward.known]
    results = [shared(lowering(n)) for n in forward.graph.outputs]
    turned = Turned(order(results), forward.builder)

    def lowered(node: Node) -> Node:
        """Give what is written for a value of the forward pass."""
        return turned(shared(lowering(node)))

    names = {lowered(n): name for n, name in forward.graph.names.items()}
    names = turned.renamed(names)
    lowering.in_place, lowering.at_hand = in_place, frozenset(graph)
    reused = KeptAxes(forward.builder, graph)

    def written(node: Node) -> Node:
        """Give what is written for a value of the backward pass."""
        return turned(reused(lowering(node)))

    adjoints: dict[Node, str] = {}
    values: dict[Node, Node] = {}
    unnamed: dict[Node, Node] = {}
    for value, adjoint in backward.adjoints.items():
        if value in forward.graph.names and shared(lowering(value)) not in turned.items:
            adjoints.setdefault(written(adjoint), forward.graph.names[value])
            values.setdefault(written(adjoint), lowered(value))
        else:
            unnamed.setdefault(written(adjoint), lowered(value))
    why = {written(n): w for n, w in backward.why.items()}
    for n, w in why.items():
        if "item" in n.op.traits and w.node in forward.graph.names:
            adjoints.setdefault(n, forward.graph.names[w.node])
    named = forward.graph.names

    def comment(node: Node, bound: Mapping[Node, str]) -> str:
        reason = why.get(node)
        if reason is not None and reason.kind == "chain" and reason.reader is not None:
            pair = (reason.reader, *reason.reader.inputs)
            called = {n: bound.get(lowered(n)) or named.get(n) for n in pair}
            names_now = {n: name for n, name in called.items() if name}
            text = local_derivative(reason.reader, names_now, forward.builder)
            if text:
                return text
        return backward_comment(node, why, {**named, **bound})

    everything = order([*forward.known, *backward.gradients.values()])
    inside = within_loops(everything)
    declared = forward.facts.known
    return Program(
        name=traced.name,
        inputs=traced.inputs,
        outputs=tuple(lowered(n) for n in forward.graph.outputs),
        seeds=tuple(s for s in backward.seeds if s.op.name == "argument"),
        structure=structure,
        gradients={k: written(n) for k, n in backward.gradients.items()},
        forward=frozenset(order(map(turned, graph))),
        names=names,
        adjoints=adjoints,
        values=values,
        unnamed=unnamed,
        comment=comment,
        forward_notes={lowered(n): note for n, note in forward.notes.items()},
        roles=_roles(everything, written, forward.builder),
        written={n: written(n) for n in (*everything, *inside)},
        assumptions=tuple(
            f"{a}, as declared" if a in declared else str(a)
            for a in backward.assumptions
        ),
        tried=tuple(a for a in backward.assumptions if a not in declared),
        signature=traced.signature,
        returned=returned,
        seeded=seeded,
    )


def _roles(
    nodes: Iterable[Node], written: Callable[[Node], Node], builder: Builder
) -> dict[Node, Node]:
    """Give what values are that are written in simpler operations: a softmax."""
    return {
        written(n): builder.make(n.op, tuple(map(written, n.inputs)), dict(n.attrs))
        for n in nodes
        if n.op.lower is not None
    }
