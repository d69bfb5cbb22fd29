"""Time that derivo takes to derive networks, and a whole training step.

Run with ``python benchmarks/derive_time.py``. The aim for three layers is less than
100 ms; a long chain shows that time does not explode with the number of blocks.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

import numpy as np

import derivo
from derivo.layers import Dense


def network(  # type: ignore[no-untyped-def]  # noqa: PLR0913, PLR0917
    x, t, w1, b1, w2, b2, w3, b3
):
    """Two layers of tanh units, softmax, cross-entropy."""
    h1 = np.tanh(x @ w1 + b1)
    h2 = np.tanh(h1 @ w2 + b2)
    z = h2 @ w3 + b3
    e = np.exp(z - z.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    return -np.mean(np.sum(t * np.log(p), axis=1))


BLOCKS = 40
SHAPES = {"x": "N L", "t": "N C", "w1": "L H", "b1": "H", "w2": "H K", "b2": "K",
          "w3": "K C", "b3": "C"}  # fmt: skip


def derive() -> str:
    """Derive the network and write its source."""
    return derivo.derive(network, **SHAPES).source


def chain(a, w, b):  # type: ignore[no-untyped-def]
    """Many residual blocks, one behind the other."""
    for _ in range(BLOCKS):
        a = a + np.tanh(a * w + b)
    return a


def long_chain() -> str:
    """Derive the residual blocks and write their source."""
    return derivo.derive(chain, a="N", w="N", b="N").source


def whole_step() -> str:
    """Build a network of the same layers: the step with Adam, and its source."""
    net = derivo.Network(Dense(64, "tanh"), Dense(32, "tanh"), Dense(10))
    return net.build(100).source


def loops() -> str:
    """Build it, and write the loop text for Numba."""
    net = derivo.Network(Dense(64, "tanh"), Dense(32, "tanh"), Dense(10))
    net.build(100)
    return net.source_for("numba")


def measure(rounds: int) -> None:
    """Print the table."""
    print(f"{'':34}{'first ms':>10}{'best ms':>10}{'median':>10}")
    cases: dict[str, Callable[[], Any]] = {
        "derive, to source": derive,
        f"derive {BLOCKS} residual blocks": long_chain,
        "Network.build, to source": whole_step,
        "Network.build, to loop text": loops,
    }
    for name, run in cases.items():
        times = []
        for _ in range(rounds):
            start = time.perf_counter()
            run()
            times.append(1e3 * (time.perf_counter() - start))
        print(f"{name:34}{times[0]:10.1f}{min(times):10.1f}{np.median(times):10.1f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=20)
    measure(parser.parse_args().rounds)
