"""The slow, obvious engine: node by node, no text. The others are compared with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from derivo.graph.builder import Constant
from derivo.graph.dim import Size, evaluate
from derivo.graph.node import Node, order
from derivo.run.loop import Trajectory


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
    attrs = {k: concrete(v, sizes) for k, v in node.attrs.items()}
    if node.op.name == "size":
        return attrs["dim"]
    if node.op.name == "constant":
        value = attrs["value"]
        return value.array if isinstance(value, Constant) else value
    return node.op.compute(*operands, dtype=dtype, **attrs)


def concrete(value: Any, sizes: Mapping[str, int]) -> Any:
    """Replace named sizes in an attribute by numbers."""
    if isinstance(value, Size):
        return evaluate(value, sizes)
    if isinstance(value, tuple):
        return tuple(concrete(v, sizes) for v in value)
    return value
