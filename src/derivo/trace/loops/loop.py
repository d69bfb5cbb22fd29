"""Tracing a loop over time: one step is run once, on values that stand for any step."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from derivo.errors import ShapeError, TraceError, UsageError
from derivo.graph.builder import Constant
from derivo.graph.dim import Dim, format_shape
from derivo.graph.loop import Loop, unchanging
from derivo.graph.nest import leaves, rebuilt
from derivo.graph.node import Node
from derivo.graph.spec import KINDS, Spec, promote
from derivo.ops.leaf import as_float, fill
from derivo.ops.scan import (
    bound,
    last,
    length_error,
    pair,
    scan_loop,
    stack,
)
from derivo.ops.shape import as_dim, broadcast_to


class Trials(NamedTuple):
    """The numbers of the nodes that the trials of a step made, and the last of them."""

    every: range
    last: range


@dataclass
class TracedStep:
    """A step of a loop, run on values that stand for what any step finds.

    Attributes
    ----------
    carries, first, following
        Values that are handed on, as a step finds them, as the first one does, and as a
        step leaves them.
    parts, arrays
        The rows that belong to a step, and the arrays that they are rows of.
    results
        What is gathered over the steps.
    """

    carries: list[Node] = field(default_factory=list)
    first: list[Node] = field(default_factory=list)
    following: list[Node] = field(default_factory=list)
    parts: list[Node] = field(default_factory=list)
    arrays: list[Node] = field(default_factory=list)
    results: list[Node] = field(default_factory=list)

    def hand_on(
        self, found: list[Node], first: list[Node], following: list[Node]
    ) -> None:
        """Add values that are handed on."""
        self.carries += found
        self.first += first
        self.following += following


def scanned(
    recorder: Any, step: TracedStep, length: Dim, *, reverse: bool, first: int = 0
) -> tuple[list[Node], list[Node]]:
    """Make a loop of a step; `first` is the number that its author gives the first.

    Returns
    -------
    ends, stacks
        Each carry after the last step, and each result for every step.
    """
    own = frozenset((*step.carries, *step.parts))
    fixed = unchanging((*step.following, *step.results), own)
    loop = Loop(
        tuple(step.carries), tuple(step.parts), fixed, tuple(step.following), reverse
    )
    operands = (*step.first, *step.arrays, *fixed)
    attrs = {"loop": loop, "length": length, "first": first}
    line, group = recorder.place()
    make = recorder.builder.make
    node = make(scan_loop, operands, attrs, line, group)
    ends = [make(last, (node,), {"of": c}, line, group) for c in step.carries]
    stacks = [make(stack, (node,), {"of": r}, line, group) for r in step.results]
    return ends, stacks


def trace_loop(
    recorder: Any, step: Any, init: Any, xs: Any, length: Any, *, reverse: bool
) -> tuple[Any, Any]:
    """Record `derivo.scan`: see there for the arguments."""
    first = [lifted(recorder, c) for c in leaves(init)]
    arrays = [lifted(recorder, x) for x in leaves(xs)]
    steps = _length(recorder, arrays, length)
    parts = [
        place_holder(recorder, Spec(a.spec.shape[1:], a.spec.kind)) for a in arrays
    ]
    x = filled(xs, [recorder.wrap(p) for p in parts])
    count = recorder.builder.count - len(parts)
    for _ in KINDS:
        begin = recorder.builder.count
        carries = [place_holder(recorder, c.spec) for c in first]
        recorder.begins_step = True
        result = step(filled(init, [recorder.wrap(c) for c in carries]), x)
        recorder.begins_step = False
        new, output = _pair(recorder, result)
        following = _following(recorder, init, new, carries)
        wider = [
            _widened(recorder, c, n) for c, n in zip(first, following, strict=True)
        ]
        if wider == first:
            break
        first = wider  # a number that becomes an array: once more, from an array
    results = [lifted(recorder, y) for y in leaves(output)]
    end = recorder.builder.count
    recorder.steps.append(Trials(range(count, end), range(begin, end)))
    traced = TracedStep(carries, first, following, parts, arrays, results)
    ends, stacks = scanned(recorder, traced, steps, reverse=reverse)
    wrap = recorder.wrap
    return filled(init, [wrap(e) for e in ends]), filled(
        output, [wrap(s) for s in stacks]
    )


def place_holder(recorder: Any, spec: Spec) -> Node:
    """Give a new value that stands for what a step finds."""
    builder, (line, _) = recorder.builder, recorder.place()
    attrs = {"serial": builder.count, "spec": spec}
    node: Node = builder.make(bound, (), attrs, line)
    return node


def lifted(recorder: Any, value: Any) -> Node:
    """Give the node of a value; a plain floating array takes the type in use."""
    node: Node = recorder.lift(value)
    if isinstance(node.attrs.get("value"), Constant) and node.spec.kind == "float":
        node = recorder.lift(as_float(recorder.wrap(node)))
    return node


def _length(recorder: Any, arrays: list[Node], length: Any) -> Dim:
    lengths: set[Any] = {a.spec.shape[0] for a in arrays if a.spec.rank}
    if length is not None:
        lengths.add(as_dim(length))
    if any(not a.spec.rank for a in arrays):
        recorder.refuse(
            ShapeError,
            "a scan runs along the first axis of its arrays; a number has none",
            "pass what does not change by closing over it",
        )
    if len(lengths) != 1:
        error = length_error(lengths)
        recorder.refuse(type(error), str(error), "give each array the same first axis, "
                        "or length= alone")  # fmt: skip
    steps: Dim = lengths.pop()
    return steps


def _pair(recorder: Any, result: Any) -> tuple[Any, Any]:
    try:
        return pair(result)
    except UsageError as error:
        recorder.refuse(TraceError, str(error), "")
        raise


def _following(recorder: Any, init: Any, new: Any, carries: list[Node]) -> list[Node]:
    """Give the new carries, in the kind that the old ones have."""
    if rebuilt(init, lambda _: 0) != rebuilt(new, lambda _: 0):
        what = f"{_structure(new)} after {_structure(init)}"
        recorder.refuse(
            TraceError,
            f"a step of scan gives a carry of another structure than the first: {what}",
            "return the carry as it came in: the same tuple, the same number of arrays",
        )
    nodes = [lifted(recorder, n) for n in leaves(new)]
    for before, after in zip(carries, nodes, strict=True):
        if before.spec.shape != after.spec.shape:
            old, now = format_shape(before.spec.shape), format_shape(after.spec.shape)
            place = f" (computed at {after.line})" if after.line else ""
            recorder.refuse(
                ShapeError,
                "the carry of a scan must keep its shape: "
                f"it is {old} before a step and {now} after it{place}",
                f"start from an array of shape {now}, such as np.zeros({now}), or let "
                "the step give the shape of the carry",
            )
    return [
        converted(recorder, after, before.spec.kind)
        if promote(before.spec.kind, after.spec.kind) == before.spec.kind else after
        for before, after in zip(carries, nodes, strict=True)
    ]  # fmt: skip


def _widened(recorder: Any, first: Node, following: Node) -> Node:
    """Give the first carry in the kind that the step turns it into."""
    kind = promote(first.spec.kind, following.spec.kind)
    return converted(recorder, first, kind)


def converted(recorder: Any, node: Node, kind: str) -> Node:
    """Give a value in the kind that steps turn it into."""
    if node.spec.kind == kind or kind not in ("float", "pyfloat"):
        return node
    if kind == "pyfloat":
        number: Node = recorder.lift(recorder.wrap(node) * 1.0)
        return number
    if "value" in node.attrs and not node.inputs and node.spec.is_weak:
        attrs = {"value": node.attrs["value"], "shape": (), "kind": "float"}
        filled: Node = recorder.builder.make(fill, (), attrs)
        return filled
    variable = recorder.wrap(node)
    array: Node = recorder.lift(
        broadcast_to(variable, shape=node.spec.shape) if node.spec.is_weak
        else as_float(variable)
    )  # fmt: skip
    return array


def _structure(tree: Any) -> str:
    if isinstance(tree, tuple | list | dict):
        return f"a {type(tree).__name__} of {len(tree)}"
    return "nothing" if tree is None else "an array"


def filled(tree: Any, values: list[Any]) -> Any:
    """Give a nest with other leaves, in their order."""
    given = iter(values)
    return rebuilt(tree, lambda _: next(given))
