"""Losses without a layer class, in plain NumPy, as people write them.

They are timed by ``step_time.py`` and trained in the tests.
"""

from __future__ import annotations

from typing import Any

import numpy as np


def sigmoid(z: Any) -> Any:
    """Give the logistic function."""
    return 1 / (1 + np.exp(-z))


def article_layer(x: Any, t: Any, w: Any, b: Any) -> Any:
    """Give the error of the layer of the article: half the sum of squares."""
    y = 1 / (1 + np.exp(-(x @ w + b)))
    return np.sum((y - t) ** 2) / 2


def lstm(x: Any, t: Any, p: Any) -> Any:
    """Give the squared error of what an LSTM reads from a series."""
    units = p["wh"].shape[0]
    h = np.zeros((x.shape[0], units))
    c = np.zeros((x.shape[0], units))
    for i in range(x.shape[1]):
        z = x[:, i] @ p["wx"] + h @ p["wh"] + p["b"]
        enter, forget = sigmoid(z[:, :units]), sigmoid(z[:, units : 2 * units])
        leave, new = sigmoid(z[:, 2 * units : 3 * units]), np.tanh(z[:, 3 * units :])
        c = forget * c + enter * new
        h = leave * np.tanh(c)
    return np.mean((h @ p["wo"] - t) ** 2)


def normed(x: Any, gain: Any, shift: Any) -> Any:
    """Normalise the rows of a layer."""
    centred = x - np.mean(x, axis=-1, keepdims=True)
    var = np.mean(centred**2, axis=-1, keepdims=True)
    return gain * centred / np.sqrt(var + 1e-5) + shift


def attention(x: Any, p: Any, heads: int) -> Any:
    """Let each token read from all others, in several heads."""
    n, tokens, width = x.shape

    def parts(w: Any) -> Any:
        return (x @ w).reshape(n, tokens, heads, width // heads).transpose(0, 2, 1, 3)

    q, k, v = parts(p["wq"]), parts(p["wk"]), parts(p["wv"])
    scores = q @ k.transpose(0, 1, 3, 2) / np.sqrt(width // heads)
    e = np.exp(scores - np.max(scores, axis=-1, keepdims=True))
    read = e / np.sum(e, axis=-1, keepdims=True) @ v
    return read.transpose(0, 2, 1, 3).reshape(n, tokens, width) @ p["wo"]


def transformer(x: Any, t: Any, p: Any, heads: int = 4) -> Any:
    """Give the squared error of what a block makes of tokens."""
    h = x + attention(normed(x, p["g1"], p["s1"]), p, heads)
    h = h + np.maximum(normed(h, p["g2"], p["s2"]) @ p["w1"], 0) @ p["w2"]
    return np.mean((h - t) ** 2)


def embedding_bag(words: Any, t: Any, table: Any, w: Any) -> Any:
    """Give the squared error of what the mean of word vectors says."""
    return np.mean((table[words].mean(axis=1) @ w - t) ** 2)
