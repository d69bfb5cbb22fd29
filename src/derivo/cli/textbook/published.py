"""The published backward passes, written out by hand: the reference of the table.

Each takes the adjoint `g` of the result and the arguments of the forward pass, and
gives the gradients by name. Nothing here comes out of derivo.
"""

from __future__ import annotations

from typing import Any

import numpy as np

Array = Any
Gradients = dict[str, Array]


def _sigmoid(n: Array) -> Array:
    return 1 / (1 + np.exp(-n))


def _softmax(z: Array) -> Array:
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def neuron(g: Array, w: Array, x: Array, b: Array) -> Gradients:
    """Give the scalar chain of the article."""
    y = _sigmoid(w * x + b)
    d = g * y * (1 - y)
    return {"w": d * x, "x": d * w, "b": d}


def layer(g: Array, x: Array, w: Array, b: Array) -> Gradients:
    """Give the matrix form of the article, for a batch."""
    y = _sigmoid(x @ w + b)
    d = g * y * (1 - y)
    return {"x": d @ w.T, "w": x.T @ d, "b": d.sum(axis=0)}


def cross_entropy(_g: Array, z: Array, t: Array) -> Gradients:
    """Give p - t over N: Goodfellow, Bengio, Courville, Deep Learning, 6.2.2."""
    return {"z": (_softmax(z) - t) / len(z)}


def binary_cross_entropy(_g: Array, z: Array, t: Array) -> Gradients:
    """Give p - t over N: Bishop, Pattern Recognition and Machine Learning, 5.3."""
    return {"z": (_sigmoid(z) - t) / len(z)}


def softmax(g: Array, z: Array) -> Gradients:
    """Give the product with the Jacobian: Bishop, 4.3.4."""
    p = _softmax(z)
    return {"z": p * (g - (g * p).sum(axis=1, keepdims=True))}


def linear_regression(_g: Array, w: Array, x: Array, t: Array) -> Gradients:
    """Give the gradient of the mean squared error."""
    return {"w": 2 / len(x) * x.T @ (x @ w - t)}


def logistic_regression(_g: Array, w: Array, x: Array, t: Array) -> Gradients:
    """Give Bishop's equation 4.91, divided by N for the mean."""
    return {"w": x.T @ (_sigmoid(x @ w) - t) / len(x)}


def batch_normalisation(g: Array, x: Array, gamma: Array, beta: Array) -> Gradients:
    """Give the long form of Ioffe and Szegedy 2015, section 3, line by line."""
    del beta
    n = len(x)
    mu, var = x.mean(axis=0), x.var(axis=0)
    r = 1 / np.sqrt(var + 1e-5)
    x_hat = (x - mu) * r
    d_x_hat = g * gamma
    d_var = (d_x_hat * (x - mu)).sum(axis=0) * -0.5 * r**3
    d_mu = -(d_x_hat * r).sum(axis=0) + d_var * (-2 * (x - mu)).sum(axis=0) / n
    d_x = d_x_hat * r + d_var * 2 * (x - mu) / n + d_mu / n
    return {"x": d_x, "gamma": (g * x_hat).sum(axis=0), "beta": g.sum(axis=0)}


def layer_normalisation(g: Array, x: Array, gamma: Array, beta: Array) -> Gradients:
    """Give the compact form, along the features: Ba, Kiros, Hinton 2016."""
    del beta
    r = 1 / np.sqrt(x.var(axis=1, keepdims=True) + 1e-5)
    x_hat = (x - x.mean(axis=1, keepdims=True)) * r
    e = g * gamma
    mean_e = e.mean(axis=1, keepdims=True)
    mean_e_x = (e * x_hat).mean(axis=1, keepdims=True)
    d_x = r * (e - mean_e - x_hat * mean_e_x)
    return {"x": d_x, "gamma": (g * x_hat).sum(axis=0), "beta": g.sum(axis=0)}


def attention(g: Array, q: Array, k: Array, v: Array) -> Gradients:
    """Give the backward pass of Dao et al. 2022 (FlashAttention), appendix B.2."""
    scale = 1 / np.sqrt(q.shape[1])
    p = _softmax(q @ k.T * scale)
    d_p = g @ v.T
    d_s = p * (d_p - (d_p * p).sum(axis=1, keepdims=True)) * scale
    return {"q": d_s @ k, "k": d_s.T @ q, "v": p.T @ g}


def row_normalisation(g: Array, x: Array) -> Gradients:
    """Give the gradient of Wang et al. 2017 (NormFace), section 3."""
    r = np.sqrt((x * x).sum(axis=1, keepdims=True))
    y = x / r
    return {"x": (g - y * (g * y).sum(axis=1, keepdims=True)) / r}


def lstm(g: Array, x: Array, h: Array, c: Array, **p: Array) -> Gradients:
    """Give the deltas of Greff et al. 2017, section III.B, without peepholes.

    `g` holds the adjoints of the output and of the new cell state.
    """

    def net(a: str) -> Array:
        return x @ p["w_" + a] + h @ p["r_" + a] + p["b_" + a]

    z, i, f, o = np.tanh(net("z")), *(_sigmoid(net(a)) for a in "ifo")
    tanh_c = np.tanh(z * i + c * f)
    d_c = g[0] * o * (1 - tanh_c**2) + g[1]
    delta = {
        "z": d_c * i * (1 - z**2),
        "i": d_c * z * i * (1 - i),
        "f": d_c * c * f * (1 - f),
        "o": g[0] * tanh_c * o * (1 - o),
    }
    result = {
        "x": sum(d @ p["w_" + a].T for a, d in delta.items()),
        "h": sum(d @ p["r_" + a].T for a, d in delta.items()),
        "c": d_c * f,
    }
    for a, d in delta.items():
        result |= {"w_" + a: x.T @ d, "r_" + a: h.T @ d, "b_" + a: d.sum(axis=0)}
    return result
