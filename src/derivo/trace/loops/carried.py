"""What the steps of a plain loop hand on: arrays, and what the first step finds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from derivo.errors import ShapeError
from derivo.graph.dim import Shape, format_shape
from derivo.graph.nest import leaves
from derivo.graph.node import Node, between
from derivo.graph.spec import Spec, broadcast, promote
from derivo.ops.leaf import fill
from derivo.ops.shape import broadcast_to
from derivo.trace.loops.loop import converted, lifted


@dataclass
class Carried:
    """Something that steps hand on, in one place: an array, or a nest of them.

    Attributes
    ----------
    name
        What the user calls it.
    nest
        What was there before the loop.
    first
        The values that the loop begins with.
    narrow
        The shapes that these had before the loop.
    """

    name: str
    nest: Any
    first: list[Node] = field(default_factory=list)
    narrow: list[Shape] = field(default_factory=list)

    def begin(self, recorder: Any) -> None:
        """Take the values that the loop begins with from where they are."""
        if not self.first:
            self.first = [lifted(recorder, v) for v in leaves(self.nest)]
            self.narrow = [f.spec.shape for f in self.first]

    def widen(self, recorder: Any, after: Iterable[Node]) -> bool:
        """Begin with values of the kind and shape that a step makes of them.

        Tells whether something is other than it was.
        """
        pairs = zip(self.first, after, strict=True)
        wider = [_widened(recorder, self.name, f, n) for f, n in pairs]
        changes = wider != self.first
        self.first = wider
        return changes


def _widened(recorder: Any, name: str, first: Node, after: Node) -> Node:
    kind, shape = promote(first.spec.kind, after.spec.kind), after.spec.shape
    if first.spec.shape == shape:
        return converted(recorder, first, kind)
    before = format_shape(first.spec.shape)
    try:
        fits = broadcast(first.spec.shape, shape) == shape
    except ShapeError:
        fits = False
    if not fits:
        recorder.refuse(
            ShapeError,
            f"`{name}` must keep its shape in this loop: it is {before} before a step "
            f"and {format_shape(shape)} after it",
            f"start from an array of shape {format_shape(shape)}, or give what has "
            "another shape another name",
        )
    return _copied(recorder, first, shape)


def _copied(recorder: Any, first: Node, shape: Shape) -> Node:
    """Give a first value in the shape that steps give it."""
    value = first.attrs.get("value")
    if isinstance(value, int | float) and not first.inputs and first.op is not fill:
        attrs = {"value": value, "shape": shape, "kind": "float"}
        filled: Node = recorder.builder.make(fill, (), attrs)
        return filled
    if first.op is fill:
        wider: Node = recorder.builder.make(fill, (), {**first.attrs, "shape": shape})
        return wider
    if first.spec.is_weak:
        first = converted(recorder, first, "float")
    copied: Node = recorder.lift(broadcast_to(recorder.wrap(first), shape=shape))
    return copied


def not_uniform(
    roots: Iterable[Node], own: frozenset[Node], narrow: Mapping[Node, Shape]
) -> tuple[Node, Node] | None:
    """Find what is another function of a copied value than of the value itself.

    A loop may begin with a number and go on with arrays: ``s = 0.0``, then
    ``s = s + x``. To copy the number to an array beforehand is right if all that is
    computed from it is only copied likewise.

    Parameters
    ----------
    roots, own
        What a step computes, and what it finds.
    narrow
        Values that are copied, to the shapes they have by themselves.

    Returns
    -------
    pair or None
        The value, and what reads it.
    """
    own_specs = {n: Spec(shape, n.spec.kind) for n, shape in narrow.items()}
    source = {n: n for n in narrow}
    for node in between(roots, own):
        copied = [i for i in node.inputs if i in own_specs]
        if not copied:
            continue
        wrong = source[copied[0]], node
        if not _copies(node, own_specs):
            return wrong
        try:
            spec = node.op.infer(
                *(own_specs.get(i, i.spec) for i in node.inputs), **node.attrs
            )
        except ShapeError:
            return wrong
        if spec.shape != node.spec.shape:
            own_specs[node], source[node] = spec, source[copied[0]]
    return None


def _copies(node: Node, narrow: Mapping[Node, Spec]) -> bool:
    """Tell whether copies of the operands give copies of the result."""
    if "elementwise" in node.op.traits:
        return True
    if node.op.name != "matmul" or node.inputs[1] in narrow:
        return False
    left = narrow[node.inputs[0]].shape
    return bool(left) and left[-1] == node.inputs[0].spec.shape[-1]


def name_of(place: Any) -> str:
    """Give what the user calls a place."""
    return str(place.key)


def in_words(nest: Any) -> str:
    """Say what a place holds."""
    if nest is None or isinstance(nest, bool | str):
        return repr(nest)
    if isinstance(nest, tuple | list | dict):
        return f"a {type(nest).__name__} of length {len(nest)}"
    if hasattr(nest, "node") or hasattr(nest, "shape"):
        return "an array"
    is_number = isinstance(nest, int | float)
    return "a number" if is_number else f"a {type(nest).__name__}"
