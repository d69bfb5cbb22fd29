"""Losses of the kinds that people train, each with its parameters and data."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from benchmarks.losses import embedding_bag, lstm, normed
from derivo.graph.spec import Spec


@dataclass(frozen=True)
class Case:
    """A loss with what trains it.

    Attributes
    ----------
    loss
        The function.
    params, data
        Its arguments, float64.
    specs
        What `training_step` is told of the data.
    """

    loss: Callable[..., Any]
    params: dict[str, Any]
    data: dict[str, Any]
    specs: dict[str, Any]


RNG = np.random.default_rng(20)


def drawn(*shape):
    """Draw an array of the size of initial weights."""
    return RNG.normal(size=shape, scale=0.5)


def linear_regression(x, t, w, b):
    return np.mean((x @ w + b - t) ** 2)


def softmax_regression(x, labels, w, b):
    z = x @ w + b
    z = z - np.max(z, axis=1, keepdims=True)
    log_p = z - np.log(np.sum(np.exp(z), axis=1, keepdims=True))
    return -np.mean(log_p[np.arange(x.shape[0]), labels])


def two_layers(x, t, w1, b1, w2, b2):
    hidden = np.tanh(x @ w1 + b1)
    return np.mean((hidden @ w2 + b2 - t) ** 2)


class Head(NamedTuple):
    """The last layer."""

    w: Any
    b: Any


@dataclass
class Model:
    """Layers, and what is added to every input."""

    layers: list[dict[str, Any]]
    head: Any
    shift: Any


def nests(x, t, model):
    h = x + model.shift
    for layer in model.layers:
        h = np.tanh(h @ layer["w"] + layer["b"])
    return np.mean((h @ model.head.w + model.head.b - t) ** 2)


def softmax(z):
    e = np.exp(z - np.max(z, axis=-1, keepdims=True))
    return e / np.sum(e, axis=-1, keepdims=True)


def attention(x, p):
    q, k, v = x @ p["wq"], x @ p["wk"], x @ p["wv"]
    scores = q @ np.swapaxes(k, -1, -2) / np.sqrt(q.shape[-1])
    return softmax(scores) @ v @ p["wo"]


def block(x, p):
    h = x + attention(normed(x, p["g1"], p["s1"]), p)
    inner = np.tanh(normed(h, p["g2"], p["s2"]) @ p["w1"])
    return h + inner @ p["w2"]


def transformer(x, t, blocks, out):
    for p in blocks:
        x = block(x, p)
    return np.mean((x.mean(axis=1) @ out - t) ** 2)


def mixture(x, logits, means, log_scales):
    scaled = (x[:, None, :] - means) / np.exp(log_scales)[:, None]
    log_each = logits - 0.5 * np.sum(scaled**2, axis=2) - x.shape[1] * log_scales
    top = np.max(log_each, axis=1, keepdims=True)
    log_sum = top[:, 0] + np.log(np.sum(np.exp(log_each - top), axis=1))
    return -np.mean(log_sum - np.log(np.sum(np.exp(logits))))


def _block():
    p = {name: drawn(4, 4) for name in ("wq", "wk", "wv", "wo")}
    p |= {"w1": drawn(4, 6), "w2": drawn(6, 4)}
    return p | {
        "g1": np.ones(4), "s1": np.zeros(4), "g2": np.ones(4), "s2": np.zeros(4),
    }  # fmt: skip


ROWS = 11
X, T = drawn(ROWS, 3), drawn(ROWS, 2)
SERIES, TOKENS = drawn(ROWS, 4, 3), drawn(ROWS, 3, 4)
CASES = {
    "linear regression": Case(
        linear_regression, {"w": drawn(3), "b": 0.25}, {"x": X, "t": X @ drawn(3)},
        {"x": "N L", "t": "N"},
    ),
    "softmax regression": Case(
        softmax_regression, {"w": drawn(3, 4), "b": np.zeros(4)},
        {"x": X, "labels": RNG.integers(0, 4, ROWS)},
        {"x": "N 3", "labels": Spec("N", "int")},
    ),
    "two layers": Case(
        two_layers,
        {"w1": drawn(3, 5), "b1": np.zeros(5), "w2": drawn(5, 2), "b2": np.zeros(2)},
        {"x": X, "t": T}, {"x": "N L", "t": "N K"},
    ),
    "nests": Case(
        nests,
        {"model": Model(
            [{"w": drawn(3, 4), "b": drawn(4)}, {"w": drawn(4, 4), "b": drawn(4)}],
            Head(drawn(4, 2), drawn(2)), drawn(3),
        )},
        {"x": X, "t": T}, {"x": "N 3", "t": "N 2"},
    ),
    "LSTM": Case(
        lstm,
        {"p": {"wx": drawn(3, 16), "wh": drawn(4, 16), "b": drawn(16),
               "wo": drawn(4, 2)}},
        {"x": SERIES, "t": T}, {"x": "N T 3", "t": "N 2"},
    ),
    "transformer": Case(
        transformer, {"blocks": [_block()], "out": drawn(4, 2)},
        {"x": TOKENS, "t": T}, {"x": "N T 4", "t": "N 2"},
    ),
    "embedding bag": Case(
        embedding_bag, {"table": drawn(9, 4), "w": drawn(4, 2)},
        {"words": RNG.integers(0, 9, (ROWS, 5)), "t": T},
        {"words": Spec("N L", "int"), "t": "N 2"},
    ),
    "mixture": Case(
        mixture,
        {"logits": drawn(3), "means": drawn(3, 2), "log_scales": drawn(3)},
        {"x": T}, {"x": "N 2"},
    ),
}  # fmt: skip
