"""Forward passes of the textbook table, as a NumPy user would write them, twice each.

They stand here without a word to the reader, as they would in a user's own file: what
they compute is in the table of `derivo.cli.textbook.rows`.
"""

# ruff: noqa: D103, PLR0913, PLR0917, RET504

from __future__ import annotations

from typing import Any

import numpy as np

Array = Any


def neuron(w: Array, x: Array, b: Array) -> Array:
    m = w * x
    n = m + b
    y = 1 / (1 + np.exp(-n))
    return y


def neuron_in_one_line(w: Array, x: Array, b: Array) -> Array:
    return 1 / (1 + np.exp(-(w * x + b)))


def layer(x: Array, w: Array, b: Array) -> Array:
    n = x @ w + b
    y = 1 / (1 + np.exp(-n))
    return y


def layer_with_a_ratio(x: Array, w: Array, b: Array) -> Array:
    e = np.exp(np.dot(x, w) + b)
    return e / (1 + e)


def cross_entropy(z: Array, t: Array) -> Array:
    e = np.exp(z - z.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    return -np.mean(np.sum(t * np.log(p), axis=1))


def cross_entropy_as_a_sum(z: Array, t: Array) -> Array:
    p = np.exp(z) / np.sum(np.exp(z), axis=1, keepdims=True)
    return -(t * np.log(p)).sum() / z.shape[0]


def binary_cross_entropy(z: Array, t: Array) -> Array:
    p = 1 / (1 + np.exp(-z))
    return -np.mean(t * np.log(p) + (1 - t) * np.log(1 - p))


def binary_cross_entropy_as_a_sum(z: Array, t: Array) -> Array:
    p = (1 + np.exp(-z)) ** -1
    losses = -t * np.log(p) - (1 - t) * np.log(1 - p)
    return losses.sum() / z.shape[0]


def softmax(z: Array) -> Array:
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def softmax_without_shift(z: Array) -> Array:
    return np.exp(z) / np.sum(np.exp(z), axis=-1)[:, None]


def linear_regression(w: Array, x: Array, t: Array) -> Array:
    return np.mean((x @ w - t) ** 2)


def linear_regression_as_a_product(w: Array, x: Array, t: Array) -> Array:
    r = x @ w - t
    return r @ r / x.shape[0]


def logistic_regression(w: Array, x: Array, t: Array) -> Array:
    p = 1 / (1 + np.exp(-(x @ w)))
    return -np.mean(t * np.log(p) + (1 - t) * np.log(1 - p))


def logistic_regression_as_a_sum(w: Array, x: Array, t: Array) -> Array:
    z = x @ w
    p = np.exp(z) / (np.exp(z) + 1)
    return -np.sum(t * np.log(p) + (1 - t) * np.log(1 - p)) / t.size


def batch_normalisation(x: Array, gamma: Array, beta: Array) -> Array:
    mu = x.mean(axis=0)
    var = ((x - mu) ** 2).mean(axis=0)
    x_hat = (x - mu) / np.sqrt(var + 1e-5)
    return gamma * x_hat + beta


def batch_normalisation_with_var(x: Array, gamma: Array, beta: Array) -> Array:
    r = (x.var(axis=0) + 1e-5) ** -0.5
    return gamma * ((x - np.mean(x, axis=0)) * r) + beta


def layer_normalisation(x: Array, gamma: Array, beta: Array) -> Array:
    mu = x.mean(axis=1, keepdims=True)
    var = ((x - mu) ** 2).mean(axis=1, keepdims=True)
    x_hat = (x - mu) / np.sqrt(var + 1e-5)
    return gamma * x_hat + beta


def layer_normalisation_with_std(x: Array, gamma: Array, beta: Array) -> Array:
    xc = x - x.mean(axis=-1, keepdims=True)
    s = np.sqrt(np.sum(xc * xc, axis=-1, keepdims=True) / x.shape[-1] + 1e-5)
    return beta + xc / s * gamma


def attention(q: Array, k: Array, v: Array) -> Array:
    s = q @ k.T / np.sqrt(q.shape[1])
    e = np.exp(s - s.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    return p @ v


def attention_scaled_first(q: Array, k: Array, v: Array) -> Array:
    e = np.exp((q @ k.T) * q.shape[-1] ** -0.5)
    return (e / e.sum(axis=-1, keepdims=True)) @ v


def row_normalisation(x: Array) -> Array:
    return x / np.sqrt(np.sum(x**2, axis=1, keepdims=True))


def row_normalisation_with_norm(x: Array) -> Array:
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def lstm(
    x: Array, h: Array, c: Array,
    w_z: Array, w_i: Array, w_f: Array, w_o: Array,
    r_z: Array, r_i: Array, r_f: Array, r_o: Array,
    b_z: Array, b_i: Array, b_f: Array, b_o: Array,
) -> tuple[Array, Array]:  # fmt: skip
    z = np.tanh(x @ w_z + h @ r_z + b_z)
    i = 1 / (1 + np.exp(-(x @ w_i + h @ r_i + b_i)))
    f = 1 / (1 + np.exp(-(x @ w_f + h @ r_f + b_f)))
    o = 1 / (1 + np.exp(-(x @ w_o + h @ r_o + b_o)))
    c_new = z * i + c * f
    y = np.tanh(c_new) * o
    return y, c_new


def sigmoid(n: Array) -> Array:
    return 1 / (1 + np.exp(-n))


def lstm_with_a_helper(
    x: Array, h: Array, c: Array,
    w_z: Array, w_i: Array, w_f: Array, w_o: Array,
    r_z: Array, r_i: Array, r_f: Array, r_o: Array,
    b_z: Array, b_i: Array, b_f: Array, b_o: Array,
) -> tuple[Array, Array]:  # fmt: skip
    i = sigmoid(b_i + x @ w_i + h @ r_i)
    f = sigmoid(b_f + x @ w_f + h @ r_f)
    o = sigmoid(b_o + x @ w_o + h @ r_o)
    c_new = f * c + i * np.tanh(b_z + x @ w_z + h @ r_z)
    return o * np.tanh(c_new), c_new
