"""The slow, obvious engine: node by node, no text. The others are compared with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from derivo.graph.block import is_handle
from derivo.graph.builder import Constant
from derivo.graph.dim import Size, evaluate
from derivo.graph.loop import Loop
from derivo.graph.node import Node, order


def run_graph(
    outputs: Iterable[Node],
    values: Mapping[Node, Any],
    sizes: Mapping[str, int],
    dtype: Any = np.float64,
) -> dict[Node, Any]:
    """Compute every node below `outputs`.

    Parameters
    ----------
    outputs
        What is wanted.
    values
        Values of the arguments (and of anything else that is known already).
    sizes
        What the named sizes are.
    dtype
        The floating type in use.

    Returns
    -------
    dict
        Node to value, for all nodes below `outputs`.
    """
    known = dict(values)
    for node in order(outputs):
        if node not in known:
            known[node] = compute(node, [known[i] for i in node.inputs], sizes, dtype)
    return known


def compute(
    node: Node, operands: list[Any], sizes: Mapping[str, int], dtype: Any
) -> Any:
    """Compute one node from its operands."""
    if "loop" in node.op.traits:
        return Trajectory(node, operands, sizes, dtype)
    if "call" in node.op.traits:
        return _run_call(node, operands, sizes, dtype)
    attrs = {k: concrete(v, sizes) for k, v in node.attrs.items()}
    if node.op.name == "size":
        return attrs["dim"]
    if node.op.name == "constant":
        value = attrs["value"]
        return value.array if isinstance(value, Constant) else value
    return node.op.compute(*operands, dtype=dtype, **attrs)


class Called(tuple[Any, ...]):
    """The results of a call, and the operands, for the backward call."""

    operands: list[Any]


def _run_call(
    node: Node, operands: list[Any], sizes: Mapping[str, int], dtype: Any
) -> Called:
    """Run a function, or its backward pass on what the forward call was given."""
    if "back" in node.op.traits:
        call, *adjoints = operands
        derived = node.attrs["derived"]
        operands, outputs = call.operands, derived.gradients
        values = dict(zip(derived.seeds, adjoints, strict=True))
        inputs = derived.graph.inputs
    else:
        inputs, outputs = (getattr(node.attrs["block"].graph, part)
                           for part in ("inputs", "outputs"))  # fmt: skip
        values = {}
    values |= dict(zip(inputs, operands, strict=True))
    known = run_graph(outputs, values, sizes, dtype)
    results = Called(known[n] for n in outputs)
    results.operands = operands
    return results


def concrete(value: Any, sizes: Mapping[str, int]) -> Any:
    """Replace named sizes in an attribute by numbers."""
    if isinstance(value, Size):
        return evaluate(value, sizes)
    if isinstance(value, tuple):
        return tuple(concrete(v, sizes) for v in value)
    return value


class Trajectory:
    """What a loop went through: the values of every step.

    Parameters
    ----------
    node
        The scan.
    operands
        The first carries, the arrays it runs along, and what stays the same.
    sizes, dtype
        What the named sizes are, and the floating type in use.
    """

    def __init__(
        self, node: Node, operands: list[Any], sizes: Mapping[str, int], dtype: Any
    ) -> None:
        self.loop: Loop = node.attrs["loop"]
        self.sizes, self.dtype = sizes, dtype
        steps = evaluate(node.attrs["length"], sizes)
        first, end = (
            len(self.loop.carries),
            len(self.loop.carries) + len(self.loop.slices),
        )
        carries, arrays, fixed = operands[:first], operands[first:end], operands[end:]
        self.steps: list[dict[Node, Any]] = [{} for _ in range(steps)]
        for t in reversed(range(steps)) if self.loop.reverse else range(steps):
            found = [*carries, *(a[t] for a in arrays), *fixed]
            self.steps[t] = dict(zip(self.loop.bound, found, strict=True))
            carries = [self._value(t, n) for n in self.loop.following]
        self.carries = dict(zip(self.loop.carries, carries, strict=True))

    def __getitem__(self, node: Node) -> Any:
        """Give a value of the first step: one place at which rules can be checked."""
        return self._value(0, node)

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        """Give all carries of all steps in one row, to see whether they are finite."""
        del copy
        values = [s[c] for s in self.steps for c in self.loop.carries]
        flat = [np.ravel(v) for v in (*values, *self.carries.values())]
        return np.asarray(np.concatenate(flat) if flat else np.zeros(0), dtype)

    def _value(self, t: int, node: Node) -> Any:
        known = self.steps[t]
        for n in self.loop.inside([node]):
            if n not in known:
                known[n] = compute(
                    n, [known[i] for i in n.inputs], self.sizes, self.dtype
                )
        return known[node]

    def last(self, of: Node, _dtype: Any) -> Any:
        """Give a carry after the last step."""
        return self.carries[of]

    def stack(self, of: Node, dtype: Any) -> Any:
        """Give the values of all steps along a new first axis."""
        values = [self._value(t, of) for t in range(len(self.steps))]
        if is_handle(of):
            return values  # what each step back needs of its own call
        shape = tuple(evaluate(d, self.sizes) for d in of.spec.shape)
        kind = {"bool": np.bool_, "int": np.int64, "pyint": np.int64}.get(
            of.spec.kind, dtype
        )
        return np.stack(values) if values else np.empty((0, *shape), kind)

    def total(self, of: Node, dtype: Any) -> Any:
        """Give the sum over all steps, added up in the order in which they run."""
        result = np.zeros(tuple(evaluate(d, self.sizes) for d in of.spec.shape), dtype)
        order = range(len(self.steps))
        for t in reversed(order) if self.loop.reverse else order:
            result = result + self._value(t, of)
        return result
