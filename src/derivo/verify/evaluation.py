"""A graph at actual values, which can be evaluated again with some values changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from derivo.graph.loop import is_analytic
from derivo.graph.node import Node, order
from derivo.run.reference import compute, run_graph


class Evaluation:
    """Every value of a graph, computed node by node in float64.

    Parameters
    ----------
    outputs
        What is computed, together with everything below it.
    values
        Values of the arguments.
    sizes
        What the named sizes are.
    """

    def __init__(
        self,
        outputs: Iterable[Node],
        values: Mapping[Node, Any],
        sizes: Mapping[str, int],
    ) -> None:
        self.outputs = tuple(outputs)
        self.nodes = order(self.outputs)
        self.sizes = sizes
        with np.errstate(all="ignore"):
            self.known = run_graph(self.outputs, values, sizes)
        self._below: dict[frozenset[Node], tuple[Node, ...]] = {}

    def __getitem__(self, node: Node) -> Any:
        """Give the value of a node."""
        return self.known[node]

    def readers(self, changed: Iterable[Node]) -> tuple[Node, ...]:
        """Give the nodes that depend on any of `changed`, operands before readers."""
        key = frozenset(changed)
        if key not in self._below:
            reached = set(key)
            for node in self.nodes:
                if not reached.isdisjoint(node.inputs):
                    reached.add(node)
            self._below[key] = tuple(
                n for n in self.nodes if n in reached and n not in key
            )
        return self._below[key]

    def again(
        self, changed: Mapping[Node, Any], rounding: np.random.Generator | None = None
    ) -> dict[Node, Any]:
        """Evaluate with some values changed; complex values stay complex.

        With `rounding` every result is rounded up or down by chance, once more than it
        is: what changes by that is no more than rounding.
        """
        known = {**self.known, **changed}
        kinds = [np.asarray(v).dtype.kind for v in changed.values()]
        dtype = np.complex128 if "c" in kinds else np.float64
        with np.errstate(all="ignore"):
            for node in self.readers(changed):
                operands = [known[i] for i in node.inputs]
                result = compute(node, operands, self.sizes, dtype)
                is_array = isinstance(
                    result, np.ndarray | np.floating | np.complexfloating
                )
                if rounding is not None and is_array and result.dtype.kind in "fc":
                    sign = rounding.choice([-1.0, 1.0], np.shape(result))
                    result = result * (1 + np.finfo(np.float64).eps * sign)
                known[node] = result
        return known

    def is_analytic(self, changed: Iterable[Node]) -> bool:
        """Tell whether complex step applies to what depends on `changed`."""
        return all(is_analytic(n) for n in self.readers(changed))
