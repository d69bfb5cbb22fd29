"""Making nodes: equal computations become one node, each with its derived spec."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from derivo.errors import InternalError
from derivo.graph.node import Frame, Graph, Line, Node, between
from derivo.graph.op import Op


class Constant:
    """An array the user closed over; equal contents are equal constants."""

    __slots__ = ("array", "digest")

    def __init__(self, array: Any) -> None:
        self.array = np.array(array)
        self.array.flags.writeable = False
        head = f"{self.array.dtype}{self.array.shape}".encode()
        self.digest = hashlib.sha256(head + self.array.tobytes()).hexdigest()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Constant) and other.digest == self.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    def __reduce__(self) -> Any:
        """Store the array alone, in any protocol."""
        return Constant, (self.array,)


@dataclass(slots=True)
class Builder:
    """Makes the nodes of one derivation, and numbers them in order."""

    known: dict[Any, Node] = field(default_factory=dict)
    count: int = 0
    # Closed sub-graphs by what they compute: equal ones are one object.
    blocks: dict[Any, Any] = field(default_factory=dict)

    def __getstate__(self) -> tuple[Any, ...]:
        """Give what a pickle of any protocol holds."""
        return self.known, self.count, self.blocks

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        """Take back what `__getstate__` gave."""
        self.known, self.count, self.blocks = state

    def make(
        self,
        op: Op,
        inputs: tuple[Node, ...],
        attrs: dict[str, Any] | None = None,
        line: Line | None = None,
        group: tuple[Frame, ...] = (),
    ) -> Node:
        """Give the node for `op` on `inputs`, the existing one if there is one."""
        full = {**op.attrs, **(attrs or {})}
        # type() keeps 1 and 1.0 and True apart, which compare equal.
        key: Any = (op.name, inputs, tuple((k, type(v), v) for k, v in full.items()))
        if full.get("value") == 0 and str(full["value"]) == "-0.0":
            key = (key, "-0.0")  # nor is it 0.0
        node = self.known.get(key)
        if node is None:
            spec = op.infer(*(n.spec for n in inputs), **full)
            node = Node(op, inputs, full, spec, self.count, line, group)
            self.count += 1
            self.known[key] = node
        return node

    def remake(
        self, node: Node, inputs: tuple[Node, ...], attrs: dict[str, Any] | None = None
    ) -> Node:
        """Give the same operation on other operands: the node itself for its own.

        Where it was written, and in which helper, stays known. With `attrs`, attributes
        are other ones, too.
        """
        if inputs == node.inputs and attrs is None:
            return node
        attrs = dict(node.attrs) if attrs is None else attrs
        return self.make(node.op, inputs, attrs, node.line, node.group)


def substitute(
    roots: Iterable[Node], replaced: Mapping[Node, Node], builder: Builder
) -> dict[Node, Node]:
    """Rebuild values on other operands.

    Parameters
    ----------
    roots
        The values wanted.
    replaced
        What stands in the place of what. Nothing below the keys is looked at.
    builder
        Where new nodes go.

    Returns
    -------
    dict
        What became of each node between the keys and the roots, both included.
    """
    roots = tuple(roots)
    new = dict(replaced)
    for node in between(roots, frozenset(replaced)):
        new[node] = builder.remake(node, tuple(new[i] for i in node.inputs))
    return new


def check(graph: Graph) -> None:
    """Derive every spec again and compare; run after each stage.

    Raises
    ------
    InternalError
        A node's spec is not what its operation gives: a fault of derivo.
    """
    _check_nodes(graph.nodes(), graph.name)


def _check_nodes(nodes: Iterable[Node], name: str) -> None:
    for node in nodes:
        if "loop" in node.op.traits:
            _check_nodes(node.attrs["loop"].inside(), name)
        spec = node.op.infer(*(n.spec for n in node.inputs), **node.attrs)
        if spec != node.spec:
            message = (
                f"{node} should be {spec}; please report this with the function "
                f"{name!r}"
            )
            raise InternalError(message)
