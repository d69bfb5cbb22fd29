"""One value is computed once, whether or not an axis of size 1 is kept in it.

A forward pass with ``m = np.max(a)`` has ``np.exp(a - m)``; the derivative by way of a
softmax wants ``np.exp(a - np.max(a, keepdims=True))``, which is the same array.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from derivo.graph.builder import Builder
from derivo.graph.node import Node, between, order
from derivo.ops.infer import normal_axis
from derivo.ops.shape import expand_dims, squeeze
from derivo.simplify.tidy import Tidy

# What a value is but for its axes of size 1, and where the other axes stand in it.
Key = Any
Layout = tuple[int | None, ...]


class KeptAxes:
    """Rebuilds values on equal ones that have been computed with other axes of size 1.

    Parameters
    ----------
    computed
        The values that are there already; they stay as they are.
    """

    def __init__(self, builder: Builder, computed: Iterable[Node]) -> None:
        self.tidy = Tidy(builder)
        self.done: dict[Node, Node] = {}
        self.seen: dict[Node, tuple[Key, Layout]] = {}
        self.first: dict[Key, Node] = {}
        self.numbers: dict[tuple[Any, ...], int] = {}
        for node in order(computed):
            self.done[node] = node
            self._note(node)

    def __call__(self, root: Node) -> Node:
        """Give the value, made of those that have been computed."""
        if root in self.done:
            return self.done[root]
        for node in between([root], self.done):
            self.done[node] = self._found(node)
        return self.done[root]

    def _found(self, node: Node) -> Node:
        inputs = tuple(self.done[i] for i in node.inputs)
        if inputs != node.inputs:
            node = self.tidy.make(
                node.op, inputs, dict(node.attrs), node.line, node.group
            )
        if node not in self.seen:
            for n in between([node], self.seen):
                self._note(n)
        key, layout = self.seen[node]
        other = self.first[key]
        if "view" in node.op.traits or other.spec.kind != node.spec.kind:
            return node
        return self._laid_out(other, layout)

    def _laid_out(self, node: Node, layout: Layout) -> Node:
        """Give a value with its axes of size 1 where `layout` has them."""
        _, own = self.seen[node]
        if own == layout:
            return node
        value = self.tidy.wrap(node)
        for axis in reversed([k for k, a in enumerate(own) if a is None]):
            value = squeeze(value, axis=axis)
        for axis in [k for k, a in enumerate(layout) if a is None]:
            value = expand_dims(value, axis=axis)
        made: Node = value.node
        for n in between([made], self.seen):
            self._note(n)
        return made

    def _note(self, node: Node) -> None:
        key, layout = self._read(node)
        if isinstance(key, tuple):
            # By number: written out, a key would be as long as all paths to the value.
            key = self.numbers.setdefault(key, len(self.numbers))
        self.seen[node] = key, layout
        self.first.setdefault(key, node)
        if "view" in self.first[key].op.traits and "view" not in node.op.traits:
            self.first[key] = node
        assert len(layout) == node.spec.rank  # noqa: S101

    def _read(self, node: Node) -> tuple[Key, Layout]:
        """Give what a value is, and where its axes stand."""
        if node.op in (expand_dims, squeeze):
            key, layout = self.seen[node.inputs[0]]
            rank = max(node.spec.rank, len(layout))
            axis = node.attrs["axis"] % rank
            if node.op is expand_dims:
                return key, (*layout[:axis], None, *layout[axis:])
            return key, (*layout[:axis], *layout[axis + 1 :])
        if "keepdims" in node.attrs and len(node.inputs) == 1:
            return self._reduced(node)
        plain = _numbered(node)
        if "elementwise" in node.op.traits and node.inputs:
            operands = tuple(self._in_frame(i, plain) for i in node.inputs)
            return (node.op.name, operands, _fixed(node)), plain
        return node, plain

    def _reduced(self, node: Node) -> tuple[Key, Layout]:
        key, layout = self.seen[node.inputs[0]]
        axes = normal_axis(node.attrs["axis"], len(layout))
        gone = frozenset(layout[a] for a in axes) - {None}
        left = [a for a in layout if a is not None and a not in gone]
        number = {a: k for k, a in enumerate(left)}
        placed = tuple(None if a is None or a in gone else number[a] for a in layout)
        if not node.attrs["keepdims"]:
            placed = tuple(a for k, a in enumerate(placed) if k not in axes)
        return (node.op.name, key, gone, _fixed(node)), placed

    def _in_frame(self, operand: Node, frame: Layout) -> tuple[Key, Layout]:
        """Give an operand, and the axes of the result that its own axes are."""
        key, layout = self.seen[operand]
        places = frame[len(frame) - len(layout) :]
        pairs = zip(places, layout, strict=True)
        return key, tuple(place for place, axis in pairs if axis is not None)


def _numbered(node: Node) -> Layout:
    """Give each axis a number, but for those of size 1."""
    wide = [k for k, d in enumerate(node.spec.shape) if d != 1]
    return tuple(wide.index(k) if k in wide else None for k in range(node.spec.rank))


def _fixed(node: Node) -> tuple[Any, ...]:
    """Give the attributes that do not tell where axes stand."""
    left = {k: v for k, v in node.attrs.items() if k not in ("axis", "keepdims")}
    return tuple((k, type(v), v) for k, v in left.items())
