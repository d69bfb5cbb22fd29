"""Inputs with zeros in them: where a shortened gradient might divide by a value."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from derivo.graph.node import Graph
from derivo.verify.draw import Inputs, judge

ATTEMPTS = 4


def with_zeros(
    graph: Graph, inputs: Inputs, fixed: set[str], rng: np.random.Generator
) -> Iterator[tuple[str, Inputs]]:
    """Set some elements of one argument after the other to 0.

    Only where the function is finite and smooth all the same: ``y * g / x`` for the
    gradient of ``x * w`` is right everywhere but there.

    Parameters
    ----------
    graph
        The traced forward pass.
    inputs
        What to start from.
    fixed
        Arguments that something is assumed of.
    rng
        Chooses the elements.
    """
    floats = [n.attrs["name"] for n in graph.inputs if n.spec.kind == "float"]
    for name in floats:
        for _ in range(0 if name in fixed else ATTEMPTS):
            array = np.array(inputs.arrays[name])
            chosen = np.atleast_1d(rng.random(array.shape) < 0.3)
            chosen.flat[rng.integers(chosen.size)] = True
            array[chosen.reshape(array.shape)] = 0.0
            arrays = {**inputs.arrays, name: array}
            score, _ = judge(graph, arrays, inputs.sizes, rng)
            if score == (0, 0):
                yield name, replace(inputs, arrays=arrays)
                break
