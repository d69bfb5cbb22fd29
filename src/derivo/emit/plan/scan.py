"""The inside of a loop over time as a computation of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from derivo.emit.plan.computation import Computation, Put
from derivo.emit.plan.items import is_literal
from derivo.emit.plan.layout import origin
from derivo.graph.builder import Builder, substitute
from derivo.graph.dim import Dim
from derivo.graph.element import Element, Index, Placed
from derivo.graph.loop import Loop
from derivo.graph.node import Node, between
from derivo.graph.op import Op
from derivo.graph.spec import Spec
from derivo.ops.scan import bound


def _part_of_step(index: Index, attrs: Mapping[str, str], *_specs: object) -> str:
    return f"{{0}}[{', '.join([counter_text(attrs['counter']), *index])}]"


# This step's part of an array that a loop runs along.
part_of_step = Op(
    "part", ("x",), lambda x, **_: Spec(x.shape[1:], x.kind), attrs={"counter": ""},
    traits=frozenset({"view"}), element=Placed(_part_of_step),
)  # fmt: skip
# A value that a carry takes as it is.
as_it_is = Op("same", ("x",), lambda x: x, "{0}", traits=frozenset({"elementwise"}),
          element=Element("{0}"))  # fmt: skip


def counter_text(counter: str) -> str:
    """Write the number of the step in a place: it stands where sizes do.

    With a digit in front, which no size has.
    """
    return f"size_0{counter}"


@dataclass(frozen=True)
class Inside:
    """What a step of a loop computes.

    Attributes
    ----------
    computation
        Prepared: the carries are kept and take new values. What comes from outside is
        kept, too.
    counter
        The name of the number of the step.
    length
        How many steps.
    is_reverse
        The last step is the first.
    begin
        Each carry with what it is when the loop begins.
    outside
        Bound value to the value outside that it stands for.
    zero
        Results that the steps add to.
    same
        Result of the loop to the carry that it is after the last step.
    """

    computation: Computation
    counter: str
    length: Dim
    is_reverse: bool
    begin: tuple[tuple[Node, Node], ...]
    outside: Mapping[Node, Node]
    zero: tuple[Node, ...]
    same: Mapping[Node, Node]


def inside_of(
    scan: Node, items: Iterable[Node], around: Computation, counter: str
) -> Inside:
    """Give the inside of a loop of which some results are wanted."""
    names = around.names
    loop: Loop = scan.attrs["loop"]
    items = tuple(items)
    roots = [*loop.following, *(i.attrs["of"] for i in items)]
    count = max(n.index for n in (scan, *loop.bound, *between(roots, ()))) + 1
    builder = Builder(count=count)
    first, last = len(loop.carries), len(loop.carries) + len(loop.slices)
    outside: dict[Node, Node] = {}
    given = {carry: carry for carry in loop.carries}
    for k, (own, operand) in enumerate(zip(loop.bound, scan.inputs, strict=True)):
        if k < first:
            continue
        known = operand
        if not is_literal(origin(operand)):
            attrs = {"serial": (scan.index, k), "spec": operand.spec}
            known = own if k >= last else builder.make(bound, (), attrs)
            outside[known] = operand
        if k < last:
            known = builder.make(part_of_step, (known,), {"counter": counter})
        given[own] = known
    new = substitute(roots, given, builder)
    following = tuple(
        _as_item(new[n], own, loop, builder)
        for n, own in zip(loop.following, loop.carries, strict=True)
    )
    puts, zero, same = [], [], {}
    for item in items:
        of = new[item.attrs["of"]]
        if "last" in item.op.traits:
            same[item] = of
        elif "stack" in item.op.traits:
            puts.append(Put(of, item, counter))
        else:
            puts.append(Put(of, item, is_added=True))
            zero.append(item)
    computation = Computation(
        batches=(), kept=(*loop.carries, *outside), numbers=(), results=following,
        loss=None, outputs=(), names={new.get(n, n): name for n, name in names.items()},
        has_mirrors=False, has_copies=around.has_copies, puts=tuple(puts),
    ).prepared()  # fmt: skip
    return Inside(
        computation, counter, scan.spec.shape[0], loop.reverse,
        tuple(zip(loop.carries, scan.inputs, strict=False)), outside, tuple(zero), same,
    )  # fmt: skip


def _as_item(node: Node, carry: Node, loop: Loop, builder: Builder) -> Node:
    """Give the next value of a carry as one that a step computes."""
    is_given = not origin(node).inputs or origin(node) in loop.bound
    if origin(node) is carry or not is_given:
        return node
    return builder.make(as_it_is, (node,))
