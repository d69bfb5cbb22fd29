"""The backward pass of a loop over time: another loop, in the other direction.

Its carries are the adjoints of the carries, its sums are the adjoints of what every
step reads, and what it stacks are the adjoints of the arrays that the loop ran along.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from derivo.graph.loop import Loop, is_inline, unchanging
from derivo.graph.node import Node, Why, between
from derivo.graph.spec import Spec
from derivo.ops.arithmetic import add, sub
from derivo.ops.leaf import fill
from derivo.ops.scan import last, previous, scan_loop, stack, total
from derivo.trace.loops.loop import place_holder
from derivo.trace.recorder import Recorder

FLOATING = ("float", "pyfloat")
Accumulate = Callable[[Node, Node, Why], None]
# backpropagate(seeds, wanted, given) -> adjoints
Backpropagate = Callable[..., dict[Node, Node]]


@dataclass
class Steps:
    """What the steps of a backward loop find.

    Attributes
    ----------
    carries
        Carry of the forward loop to its adjoint, as a step finds it.
    first
        What the adjoints of the carries are at first.
    arrays
        Part of an array, as a step finds it, to the array.
    seeds
        Values of a forward step whose adjoint is known at first, and the adjoint.
    kept
        Sums over the steps, and their adjoint: it is the same before every step.
    """

    carries: dict[Node, Node] = field(default_factory=dict)
    first: list[Node] = field(default_factory=list)
    arrays: dict[Node, Node] = field(default_factory=dict)
    seeds: list[tuple[Node, Node]] = field(default_factory=list)
    kept: dict[Node, Node] = field(default_factory=dict)


def pull_back_loop(
    node: Node, items: Mapping[Node, Node], active: set[Node], recorder: Recorder,
    backpropagate: Backpropagate, accumulate: Accumulate,
) -> dict[Node, Node]:  # fmt: skip
    """Hand the adjoints of a loop's results to its operands.

    Parameters
    ----------
    node
        The scan.
    items
        Each of its results that has an adjoint, and the adjoint.
    active
        Values that depend on what is wanted.
    backpropagate
        Derives the backward pass of a step.
    accumulate
        Adds to the adjoint of an operand.

    Returns
    -------
    adjoints
        Of the values inside a step.
    """
    loop: Loop = node.attrs["loop"]
    operand = dict(zip(loop.bound, node.inputs, strict=True))
    results = [i.attrs["of"] for i in items]
    wanted = _wanted(loop, results, {b for b, o in operand.items() if o in active})
    steps = _steps(loop, items, wanted, recorder)
    inside = loop.inside(results)
    inner = backpropagate(steps.seeds, wanted, inside, recorder)
    ends = [inner.get(c) or _zero(c.spec, recorder) for c in steps.carries]
    gradients = [inner[b] for b in wanted if b in inner and b not in loop.carries]
    stacked = {i.attrs["of"] for i in items if "stack" in i.op.traits}
    gathered = stacked.intersection(loop.carries)
    back = close(
        node, frozenset(gathered.union(inside)), steps, ends, gradients, recorder
    )
    for b in wanted:
        if b in steps.kept:
            result = steps.kept[b]
        elif b in steps.carries:
            result = recorder.builder.make(last, (back,), {"of": steps.carries[b]})
        elif b in inner:
            op = stack if b in loop.slices else total
            result = recorder.builder.make(op, (back,), {"of": inner[b]})
        else:
            continue
        kind = "steps" if b in loop.fixed else "chain"
        why = Why(kind, operand[b], node, node.inputs.index(operand[b]), back)
        accumulate(operand[b], result, why)
    return {v: a for v, a in inner.items() if v not in loop.fixed}


def _wanted(loop: Loop, results: Iterable[Node], active: set[Node]) -> list[Node]:
    """Give what a step finds and depends on what is wanted; carries pass that on."""
    reached = {b for b in active if b.spec.kind in FLOATING}
    while True:
        varying = set(reached)
        for n in loop.inside(results):
            carries = n.spec.kind in FLOATING or "call" in n.op.traits
            if carries and not varying.isdisjoint(n.inputs):
                varying.add(n)
        more = {
            c for c, after in zip(loop.carries, loop.following, strict=True)
            if after in varying and c not in reached and c.spec.kind in FLOATING
        }  # fmt: skip
        if not more:
            return [b for b in loop.bound if b in reached]
        reached |= more


def _steps(
    loop: Loop, items: Mapping[Node, Node], wanted: list[Node], recorder: Recorder
) -> Steps:
    step = Steps()
    ends = {i.attrs["of"]: a for i, a in items.items() if "last" in i.op.traits}
    inside = loop.inside(i.attrs["of"] for i in items)
    gathered = {i.attrs["of"] for i in items if "last" not in i.op.traits}
    for carry, after in zip(loop.carries, loop.following, strict=True):
        if carry not in wanted:
            continue
        known = ends.get(carry) or _zero(carry.spec, recorder)
        others = [n for n in loop.following if n is not after]
        is_alone = len(others) == len(loop.following) - 1
        if is_alone and _is_only_added_to(carry, after, inside, gathered.union(others)):
            step.kept[carry] = known
            step.seeds.append((after, known))
        else:
            adjoint = place_holder(recorder, Spec(carry.spec.shape, "float"))
            step.carries[carry] = adjoint
            step.first.append(known)
            step.seeds.append((after, adjoint))
    for item, adjoint in items.items():
        of = item.attrs["of"]
        if "stack" in item.op.traits:
            part = place_holder(recorder, Spec(of.spec.shape, "float"))
            step.arrays[part] = adjoint
            step.seeds.append((of, part))
        elif "total" in item.op.traits:
            step.seeds.append((of, adjoint))
    return step


def _is_only_added_to(
    carry: Node, after: Node, inside: Iterable[Node], read: set[Node]
) -> bool:
    """Tell whether the steps do nothing with a carry but add to it: ``s = s + x``.

    Parameters
    ----------
    carry, after
        The carry, and what a step leaves it as.
    inside
        What the step computes.
    read
        Values of the step that are stacked or summed, or are other carries after it.
    """
    readers: dict[Node, list[Node]] = {}
    for n in inside:
        for i in n.inputs:
            readers.setdefault(i, []).append(n)
    value = carry
    while value is not after:
        found = readers.get(value, [])
        if len(found) != 1 or value in read or found[0].op not in (add, sub):
            return False
        if found[0].spec.shape != carry.spec.shape:
            return False
        if found[0].op is sub and found[0].inputs[0] is not value:
            return False
        (value,) = found
    return after is not carry and after not in readers and after not in read


def _zero(spec: Spec, recorder: Recorder) -> Node:
    attrs = {"value": 0, "shape": spec.shape, "kind": "float"}
    return recorder.builder.make(fill, (), attrs)


def close(
    node: Node, inside: frozenset[Node], steps: Steps, ends: list[Node],
    results: list[Node], recorder: Recorder,
) -> Node:  # fmt: skip
    """Make the backward loop of `node`, and bind whatever its steps read.

    Parameters
    ----------
    node
        The forward loop.
    inside
        Values that a step of it computes, and carries that are stacked as they are.
    steps
        What the steps of the backward loop find.
    ends
        Adjoints of the carries, as a step leaves them.
    results
        Further values that a step computes.
    """
    loop: Loop = node.attrs["loop"]
    carries, arrays = tuple(steps.carries.values()), dict(steps.arrays)
    roots = [*ends, *results]
    values = inside | set(loop.carries + loop.slices)
    for value in forward_values(roots, frozenset((*carries, *arrays)), values):
        arrays[value] = over_time(node, value, value in inside, recorder)
    bound = frozenset((*carries, *arrays))
    read = {*roots, *(i for n in between(roots, bound) for i in n.inputs)}
    arrays = {v: a for v, a in arrays.items() if v in read}
    fixed = unchanging(roots, bound)
    back = Loop(carries, tuple(arrays), fixed, tuple(ends), not loop.reverse)
    operands = (*steps.first, *arrays.values(), *fixed)
    attrs = {"loop": back, "length": node.attrs["length"], "forward": node,
             "first": node.attrs["first"]}  # fmt: skip
    return recorder.builder.make(scan_loop, operands, attrs, node.line, node.group)


def forward_values(
    roots: list[Node], own: frozenset[Node], forward: AbstractSet[Node]
) -> list[Node]:
    """Give the values of the forward loop that backward steps read.

    Views of other values are taken again, not kept.
    """
    found: set[Node] = set()
    seen: set[Node] = set()
    waiting = [r for r in roots if r not in own]
    while waiting:
        n = waiting.pop()
        if n in seen:
            continue
        seen.add(n)
        items = "item" in n.op.traits and n.inputs[0] in forward
        if is_inline(n):
            continue
        if (n in forward or items) and not _is_free(n):
            found.add(n)
        else:
            waiting += [i for i in n.inputs if i not in own]
    return sorted(found, key=lambda n: n.index)


def _is_free(node: Node) -> bool:
    return bool(node.inputs) and "view" in node.op.traits


def over_time(node: Node, value: Node, is_stacked: bool, recorder: Recorder) -> Node:
    """Give the array that holds, for every step of a loop, a value of the step."""
    loop: Loop = node.attrs["loop"]
    operand = dict(zip(loop.bound, node.inputs, strict=True))
    if value in loop.slices:
        return operand[value]
    after = dict(zip(loop.carries, loop.following, strict=True)).get(value)
    if is_stacked or after is None or after in loop.carries:
        return recorder.builder.make(stack, (node,), {"of": value})
    attrs = {"reverse": loop.reverse}
    inputs = (over_time(node, after, False, recorder), operand[value])
    return recorder.builder.make(previous, inputs, attrs)
