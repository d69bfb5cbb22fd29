"""Build the pages that the questions lead to: small functions, each with its window.

    python docs/article/questions.py [FOLDER]

Every question of questions.md has a link to a moment of one of these pages, in which it
is answered by doing.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

import derivo

Array = Any


def neuron(x: Array, w: Array, b: Array) -> Array:
    m = w * x
    n = m + b
    y = 1 / (1 + np.exp(-n))
    return y


def gates(u: Array, v: Array, w: Array, k: Array) -> Array:
    total = u + v
    product = total * w
    largest = np.maximum(product, k)
    return largest


def layer(x: Array, w: Array, b: Array) -> Array:
    n = x @ w + b
    y = 1 / (1 + np.exp(-n))
    return y


def rectified(x: Array, w: Array, b: Array) -> Array:
    n = x @ w + b
    y = np.maximum(n, 0)
    return y


def tied(x: Array, w: Array) -> Array:
    h = np.tanh(w * x)
    y = w * h
    return y


def network(x: Array, w1: Array, b1: Array, w2: Array, b2: Array, t: Array) -> Array:
    h = np.tanh(x @ w1 + b1)
    z = h @ w2 + b2
    e = np.exp(z)
    p = e / np.sum(e, axis=1, keepdims=True)
    loss = -np.mean(np.sum(t * np.log(p), axis=1))
    return loss


def deep(
    x: Array, w1: Array, w2: Array, w3: Array, w4: Array, w5: Array, t: Array
) -> Array:
    h1 = 1 / (1 + np.exp(-(x @ w1)))
    h2 = 1 / (1 + np.exp(-(h1 @ w2)))
    h3 = 1 / (1 + np.exp(-(h2 @ w3)))
    h4 = 1 / (1 + np.exp(-(h3 @ w4)))
    y = h4 @ w5
    loss = np.mean((y - t) ** 2)
    return loss


X = np.array([[0.5, -1.0], [1.0, 0.5], [-1.5, 1.0], [-0.5, -0.5]])
W = np.array([[0.6, -0.8, 0.4], [-0.3, 0.9, 0.7]])
SIGNS = np.sign(np.add.outer(np.arange(3), np.arange(3)) % 2 - 0.5)
# Of each function what is asked for, and the numbers to begin with.
PAGES: dict[str, tuple[Any, tuple[str, ...] | None, dict[str, Any]]] = {
    "neuron": (neuron, None, {"x": 2.0, "w": 0.5, "b": -0.25}),
    "gates": (gates, None, {"u": 1.0, "v": 0.5, "w": 2.0, "k": 1.0}),
    "layer": (layer, None, {"x": X, "w": W, "b": np.array([0.1, -0.2, 0.3])}),
    "rectified": (rectified, None, {"x": X, "w": W, "b": np.array([0.1, -0.2, 0.3])}),
    "tied": (tied, None, {"x": 0.8, "w": 0.6}),
    "network": (
        network, ("w1", "b1", "w2", "b2"),
        {"x": X, "w1": W, "b1": np.zeros(3), "b2": np.zeros(2),
         "w2": np.array([[0.5, -0.5], [-0.4, 0.6], [0.7, 0.2]]),
         "t": np.array([[1.0, 0], [0, 1], [1, 0], [0, 1]])},
    ),
    "deep": (
        deep, ("w1", "w2", "w3", "w4", "w5"),
        {"x": X, "w1": W, "w2": 0.9 * SIGNS, "w3": 0.8 * SIGNS, "w4": 0.9 * SIGNS,
         "w5": np.array([[0.8], [-0.7], [0.6]]),
         "t": np.array([[1.0], [0], [1], [0]])},
    ),
}  # fmt: skip
SHAPES: dict[str, dict[str, str]] = {
    "layer": {"x": "N L", "w": "L M", "b": "M"},
    "rectified": {"x": "N L", "w": "L M", "b": "M"},
    "network": {"x": "N L", "w1": "L M", "b1": "M", "w2": "M C", "b2": "C", "t": "N C"},
    "deep": {"x": "N L", "w1": "L M", "w2": "M M", "w3": "M M", "w4": "M M",
             "w5": "M K", "t": "N K"},
}  # fmt: skip


def explanation(name: str) -> derivo.Explanation:
    """Give the explanation of a page, with its numbers."""
    function, wrt, arrays = PAGES[name]
    shapes = SHAPES.get(name) or dict.fromkeys(arrays, "")
    return derivo.derive(function, wrt=wrt, shapes=shapes).explain(arrays=arrays)


def main(folder: Path) -> None:
    """Write every page."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in PAGES:
        explanation(name).save(folder / f"{name}.html")
        sys.stdout.write(f"{folder / name}.html\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if sys.argv[1:] else Path(__file__).parents[1] / "questions")
