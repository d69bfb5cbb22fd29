"""Time that ``explain`` takes, time to write its page, and the size of that page.

Run with ``python benchmarks/explain_time.py``. The aim for the network of two layers:
less than a second for all of it, and less than 400 KB with the font.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

import numpy as np

import derivo

BLOCKS = 40


def neuron(w, x, b):  # type: ignore[no-untyped-def]
    """Weigh, shift and squash."""
    m = w * x
    n = m + b
    return 1 / (1 + np.exp(-n))


def network(x, t, w, b, v, c):  # type: ignore[no-untyped-def]
    """Compute a layer of tanh units, softmax, cross-entropy."""
    h = np.tanh(x @ w + b)
    z = h @ v + c
    e = np.exp(z - z.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    return -np.mean(np.sum(t * np.log(p), axis=1))


def layer_norm(x, g, b):  # type: ignore[no-untyped-def]
    """Give rows of mean 0 and variance 1."""
    m = x.mean(axis=1, keepdims=True)
    v = ((x - m) ** 2).mean(axis=1, keepdims=True)
    return g * (x - m) / np.sqrt(v + 1e-5) + b


def attention(x, wq, wk, wv):  # type: ignore[no-untyped-def]
    """Look with one head of attention."""
    q, k, v = x @ wq, x @ wk, x @ wv
    s = q @ k.T / np.sqrt(k.shape[1])
    e = np.exp(s - s.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True) @ v


def blocks(a, w, b):  # type: ignore[no-untyped-def]
    """Many residual blocks, one behind the other."""
    for _ in range(BLOCKS):
        a = a + np.tanh(a * w + b)
    return a


HEAD = dict.fromkeys(("wq", "wk", "wv"), "L K")
PROGRAMS: dict[str, tuple[Callable[..., Any], dict[str, str]]] = {
    "neuron": (neuron, {"w": "", "x": "", "b": ""}),
    "network of two layers": (network, {"x": "N L", "t": "N C", "w": "L M", "b": "M",
                                        "v": "M C", "c": "C"}),
    "layer norm": (layer_norm, {"x": "N L", "g": "L", "b": "L"}),
    "attention": (attention, {"x": "N L", **HEAD}),
    f"{BLOCKS} residual blocks": (blocks, {"a": "N", "w": "N", "b": "N"}),
}  # fmt: skip


def measure(rounds: int) -> None:
    """Print the table."""
    print(f"{'':24}{'explain ms':>12}{'page ms':>12}{'first ms':>12}{'page KB':>12}")
    for name, (function, shapes) in PROGRAMS.items():
        explained, written, size = [], [], 0
        for _ in range(rounds):
            # Derived anew each time: what was found stays with the derivation.
            derivation = derivo.derive(function, **shapes)
            start = time.perf_counter()
            explanation = derivation.explain()
            middle = time.perf_counter()
            size = len(explanation.render(".html").encode())
            explained.append(1e3 * (middle - start))
            written.append(1e3 * (time.perf_counter() - middle))
        print(f"{name:24}{min(explained):12.1f}{min(written):12.1f}"
              f"{explained[0] + written[0]:12.1f}{size / 1e3:12.1f}")  # fmt: skip


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    measure(parser.parse_args().rounds)
