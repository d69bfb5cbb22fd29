"""Reverse mode: walk the graph backwards, multiply by local derivatives, add up."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from derivo.differentiate.loop import pull_back_loop
from derivo.errors import InternalError, NotSupportedError
from derivo.graph.block import Block
from derivo.graph.builder import Builder
from derivo.graph.names import Names, adjoint_name
from derivo.graph.node import Graph, Node, Why
from derivo.graph.spec import Spec
from derivo.ops.arithmetic import mul
from derivo.ops.call import call_back, result
from derivo.ops.leaf import argument, as_float, constant, fill
from derivo.ops.shape import broadcast_to, sum_to
from derivo.trace.recorder import Recorder


@dataclass(frozen=True)
class Differentiated:
    """A forward graph, and the backward graph that continues it.

    Attributes
    ----------
    forward
        The computation that was differentiated.
    seeds
        The adjoints of its results: arguments of the backward pass, or the constant 1
        for a loss.
    gradients
        The adjoint of each value asked for, by name.
    adjoints
        Forward value to the node that holds its adjoint.
    why
        Why each node of the backward pass is there.
    """

    forward: Graph
    seeds: tuple[Node, ...]
    gradients: Mapping[str, Node]
    adjoints: Mapping[Node, Node]
    why: Mapping[Node, Why] = field(default_factory=dict)


class Functions(Protocol):
    """Whoever derives the functions that a graph calls."""

    def derived(
        self, block: Block, wrt: tuple[int, ...], seeded: tuple[int, ...]
    ) -> Any:
        """Give the backward pass of a block: something with `gradients`."""


def differentiate(
    graph: Graph, wrt: tuple[str, ...], builder: Builder, *, is_loss: bool = False,
    functions: Functions | None = None, of: str = "",
) -> Differentiated:  # fmt: skip
    """Derive the backward pass of `graph` for the arguments named in `wrt`.

    Parameters
    ----------
    graph
        A traced computation.
    wrt
        Names of arguments, in the order in which gradients are wanted.
    builder
        Where the nodes go.
    is_loss
        The result is one number at the end of the chain: its adjoint is 1.
    functions
        Derives the functions that the graph calls, if it calls any.
    of
        Keeps the adjoints of the results of different functions apart.

    Raises
    ------
    NotSupportedError
        An operation on the way has no derivative.
    """
    recorder = Recorder(builder)
    by_name = {n.attrs["name"]: n for n in graph.inputs}
    wanted = [by_name[name] for name in wrt]
    why: dict[Node, Why] = {}
    seeds = _seeds(graph, builder, of, is_loss=is_loss)
    pairs = list(zip(graph.outputs, seeds, strict=True))
    work = _Work(recorder, why, functions)
    adjoints = _backpropagate(pairs, wanted, graph.nodes(), work)
    gradients = {}
    for name, node in zip(wrt, wanted, strict=True):
        zero = {"value": 0, "shape": node.spec.shape, "kind": "float"}
        gradients[name] = adjoints.get(node) or builder.make(fill, (), zero)
    return Differentiated(graph, seeds, gradients, adjoints, why)


@dataclass(frozen=True)
class _Work:
    """What all parts of one backward pass share."""

    recorder: Recorder
    why: dict[Node, Why]
    functions: Functions | None


def _backpropagate(
    seeds: list[tuple[Node, Node]], wanted: list[Node], nodes: tuple[Node, ...],
    work: _Work,
) -> dict[Node, Node]:  # fmt: skip
    """Walk back from values with known adjoints; give the adjoints of all others."""
    active = _active(nodes, wanted)
    adjoints: dict[Node, Node] = {}
    inner: dict[Node, Node] = {}
    for output, seed in seeds:
        _accumulate(output, seed, adjoints, work)
    for node in reversed(nodes):
        if "loop" in node.op.traits:
            inner |= _pull_back_loop(node, nodes, active, adjoints, work)
        elif "call" in node.op.traits:
            _pull_back_call(node, nodes, active, adjoints, work)
        elif (
            node in adjoints
            and node.inputs
            and node in active
            and not node.op.traits & {"item", "result"}
        ):
            _pull_back(node, active, adjoints, work)
    return {**inner, **adjoints}


def _results(
    node: Node, nodes: tuple[Node, ...], active: set[Node], adjoints: dict[Node, Node]
) -> dict[Node, Node]:
    """Give those results of a loop or call that have an adjoint, and the adjoint."""
    return {
        n: adjoints[n]
        for n in nodes
        if node in n.inputs and n in adjoints and n in active
    }


def _pull_back_loop(
    node: Node, nodes: tuple[Node, ...], active: set[Node], adjoints: dict[Node, Node],
    work: _Work,
) -> dict[Node, Node]:  # fmt: skip
    """Hand the adjoints of a loop's results to its operands; give those inside it."""
    items = _results(node, nodes, active, adjoints)
    if not items:
        return {}

    def step(
        seeds: list[tuple[Node, Node]], wanted: list[Node],
        inside: tuple[Node, ...], recorder: Recorder,
    ) -> dict[Node, Node]:  # fmt: skip
        return _backpropagate(seeds, wanted, inside, replace(work, recorder=recorder))

    def accumulate(operand: Node, adjoint: Node, reason: Why) -> None:
        work.why.setdefault(adjoint, reason)
        _accumulate(operand, adjoint, adjoints, work)

    return pull_back_loop(node, items, active, work.recorder, step, accumulate)


def _pull_back_call(
    node: Node, nodes: tuple[Node, ...], active: set[Node], adjoints: dict[Node, Node],
    work: _Work,
) -> None:  # fmt: skip
    """Hand the adjoints of a call's results to its operands: by a backward call."""
    if "back" in node.op.traits or work.functions is None:
        message = f"{node} is to be written out before it is differentiated"
        raise InternalError(message)
    given = _results(node, nodes, active, adjoints)
    if not given:
        return
    by_place = {n.attrs["at"]: a for n, a in given.items()}
    # The steps of a loop have one backward pass: what any of them wants, all give, and
    # what any of them is given, all are; nobody reads all results of the last.
    alike = [n for n in nodes if _is_step_like(n, node)] or [node]
    make, place = work.recorder.builder.make, (node.line, node.group)
    for n in nodes if len(alike) > 1 else ():
        if n.inputs[:1] and n.inputs[0] in alike and n in active:
            zero = {"value": 0, "shape": n.spec.shape, "kind": "float"}
            by_place.setdefault(n.attrs["at"], make(fill, (), zero))
    seeded = tuple(sorted(by_place))
    wrt = tuple(
        k for k, n in enumerate(node.inputs)
        if n.spec.kind in ("float", "pyfloat")
        and any(a.inputs[k] in active for a in alike)
    )  # fmt: skip
    derived = work.functions.derived(node.attrs["block"], wrt, seeded)
    upstream = tuple(_typed(by_place[k], make) for k in seeded)
    back = make(call_back, (node, *upstream), {"derived": derived}, *place)
    for at, (k, gradient) in enumerate(zip(wrt, derived.gradients, strict=True)):
        if gradient.op is fill and gradient.attrs["value"] == 0:
            continue  # it has no influence
        operand = node.inputs[k]
        if operand not in active:
            continue
        spec = Spec(operand.spec.shape, "float")
        adjoint = make(result, (back,), {"at": at, "spec": spec}, *place)
        work.why.setdefault(adjoint, Why("chain", operand, node, k, upstream[0]))
        _accumulate(operand, adjoint, adjoints, work)


def _typed(adjoint: Node, make: Callable[..., Node]) -> Node:
    """Give a number of Python's the type of the arrays.

    A function that is handed one fills arrays with it, and those of the number 1 would
    hold whole numbers.
    """
    if not adjoint.spec.is_weak:
        return adjoint
    value = adjoint.attrs.get("value", 1)
    typed = make(fill, (), {"value": value, "shape": (), "kind": "float"})
    return typed if adjoint.op is constant else make(mul, (adjoint, typed))


def _is_step_like(node: Node, other: Node) -> bool:
    step = other.attrs["step"]
    if step is None or node.op is not other.op or node.attrs["step"] is None:
        return False
    return bool(node.attrs["step"][0] == step[0])


def _active(nodes: tuple[Node, ...], wanted: list[Node]) -> set[Node]:
    """Give the values that depend on what is wanted, through floating values."""
    active = set(wanted)
    for node in nodes:
        carries = node.spec.kind in ("float", "pyfloat") or "call" in node.op.traits
        if carries and not active.isdisjoint(node.inputs):
            active.add(node)
    return active


def _seeds(
    graph: Graph, builder: Builder, of: str, *, is_loss: bool
) -> tuple[Node, ...]:
    """Make the adjoints of the results: arguments, each with a name of its own."""
    if is_loss:
        return (builder.make(constant, (), {"value": 1}),)
    # Equal names would make one node of the adjoints of two results.
    names = Names({n.attrs["name"] for n in graph.inputs})
    seeds = []
    for i, output in enumerate(graph.outputs, 1):
        unnamed = graph.name if len(graph.outputs) == 1 else f"{graph.name}_{i}"
        name = names.fresh(adjoint_name(graph.names.get(output, unnamed)))
        spec = Spec(output.spec.shape, "float")
        attrs = {"name": name, "spec": spec, "of": of}
        seeds.append(builder.make(argument, (), attrs))
    return tuple(seeds)


def _pull_back(
    node: Node, active: set[Node], adjoints: dict[Node, Node], work: _Work
) -> None:
    """Hand the adjoint of `node` to its operands, by the rule of its operation."""
    recorder, why = work.recorder, work.why
    upstream = adjoints[node]
    if node.op.vjp is None:
        message = f"`{node.op.name}` has no derivative.\n  {node.line}"
        raise NotSupportedError(message)
    wanted = {i for i, operand in enumerate(node.inputs) if operand in active}
    for i, adjoint in _products(node, upstream, wanted, recorder):
        operand = node.inputs[i]
        why.setdefault(adjoint, Why("chain", operand, node, i, upstream))
        if adjoint.spec.shape != operand.spec.shape:
            summed = _undo_broadcast(adjoint, operand, recorder)
            why.setdefault(summed, Why("broadcast", operand, node, i, upstream))
            _accumulate(operand, summed, adjoints, work)
        else:
            _accumulate(operand, adjoint, adjoints, work)


def _products(
    node: Node, upstream: Node, wanted: Container[int], recorder: Recorder
) -> Iterator[tuple[int, Node]]:
    """Give upstream times local derivative, for the operands at the wanted places."""
    if node.op.vjp is None:
        return
    operands = [recorder.wrap(n) for n in node.inputs]
    parts = node.op.vjp(
        recorder.wrap(upstream), recorder.wrap(node), *operands, **node.attrs
    )
    for i, part in enumerate(parts):
        if part is None or i not in wanted:
            continue
        adjoint = recorder.lift(part)
        if adjoint.spec.rank and adjoint.spec.kind != "float":
            # 1 times a mask: NumPy would make integers of it, and float64 later on.
            adjoint = recorder.lift(as_float(recorder.wrap(adjoint)))
        yield i, adjoint


def handed_back(
    node: Node, upstream: Node, wanted: Container[int], builder: Builder
) -> dict[int, Node]:
    """Give what an operation hands back to its operands, by their places.

    The sum of these over all readers of a value is its adjoint.
    """
    recorder, found = Recorder(builder), {}
    for i, adjoint in _products(node, upstream, wanted, recorder):
        same = adjoint.spec.shape == node.inputs[i].spec.shape
        found[i] = (
            adjoint if same else _undo_broadcast(adjoint, node.inputs[i], recorder)
        )
    return found


def _undo_broadcast(adjoint: Node, operand: Node, recorder: Recorder) -> Node:
    """Bring an adjoint to the operand's shape: the only place where this is done."""
    shape = operand.spec.shape
    wide = adjoint.spec.rank > len(shape) or (
        all(
            d in (1, a)
            for a, d in zip(adjoint.spec.shape[::-1], shape[::-1], strict=False)
        )
        and adjoint.spec.rank == len(shape)
    )
    op = sum_to if wide else broadcast_to
    node: Node = recorder.lift(op(recorder.wrap(adjoint), shape=shape))
    return node


def _accumulate(
    node: Node, adjoint: Node, adjoints: dict[Node, Node], work: _Work
) -> None:
    """Add to the adjoint of a value that is read more than once."""
    recorder, why = work.recorder, work.why
    if node in adjoints:
        both = recorder.wrap(adjoints[node]) + recorder.wrap(adjoint)
        adjoint = recorder.lift(both)
        why.setdefault(adjoint, Why("fan-out", node))
    adjoints[node] = adjoint
