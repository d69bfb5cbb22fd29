"""Numbers as a reader has them: what is left of rounding where all cancels is 0."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from derivo.graph.node import Node, order
from derivo.ops.arithmetic import add, sub
from derivo.ops.reduce import mean, sum_
from derivo.ops.shape import sum_to
from derivo.run.reference import compute

ADDING = {add, sub, sum_, mean, sum_to}
NOISE = 32  # times the distance from 1 to the next number


def run_rounded(
    wanted: Iterable[Node], known: Mapping[Node, Any], sizes: Mapping[str, int],
    dtype: Any = np.float64,
) -> dict[Node, Any]:  # fmt: skip
    """Compute every node below `wanted`; a sum of which only rounding is left is 0."""
    found = dict(known)
    for node in order(wanted):
        if node in found:
            continue
        operands = [found[i] for i in node.inputs]
        value = found[node] = compute(node, operands, sizes, dtype)
        adds = node.op in ADDING or node.op.contraction is not None
        if adds and np.asarray(value).dtype.kind == "f":
            # The same sum without signs is as large as its terms.
            terms = [np.abs(x) for x in operands]
            plain = node.op in {add, sub}
            scale = sum(terms) if plain else compute(node, terms, sizes, dtype)
            noise = NOISE * np.finfo(np.asarray(value).dtype).eps * scale
            found[node] = np.where(np.abs(value) < noise, np.zeros_like(value), value)[
                ()
            ]
    return found
