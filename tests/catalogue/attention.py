"""Softmax and attention."""

import math

import numpy as np

from tests.catalogue.case import case


def softmax(s):
    e = np.exp(s - s.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


@case(z="N C")
def softmax_alone(z):
    e = np.exp(z)
    return e / e.sum(axis=1, keepdims=True)


@case(z="N C")
def log_softmax(z):
    return z - np.log(np.sum(np.exp(z), axis=1, keepdims=True))


@case(q="T D", k="S D", v="S V")
def attention(q, k, v):
    s = q @ k.T / np.sqrt(q.shape[-1])
    e = np.exp(s)
    p = e / e.sum(axis=-1, keepdims=True)
    return p @ v


@case(q="T D", k="T D", v="T V")
def causal_attention(q, k, v):
    s = q @ k.T / math.sqrt(q.shape[-1])
    hidden = 1 - np.tril(np.ones((q.shape[0], q.shape[0])))
    s = s - 1e3 * hidden
    return softmax(s) @ v


@case(x="N T 6", wq="6 6", wk="6 6", wv="6 6", wo="6 6")
def multi_head_attention(x, wq, wk, wv, wo):
    n, t, width = x.shape
    heads = 2

    def split(u):
        return u.reshape(n, t, heads, width // heads).transpose(0, 2, 1, 3)

    q, k, v = split(x @ wq), split(x @ wk), split(x @ wv)
    s = q @ k.transpose(0, 1, 3, 2) / np.sqrt(width // heads)
    y = softmax(s) @ v
    return y.transpose(0, 2, 1, 3).reshape(n, t, width) @ wo


@case(q="T D", k="S D", v="S V")
def linear_attention(q, k, v):
    q, k = np.exp(q), np.exp(k)
    total = q @ k.sum(axis=0)
    return (q @ (k.T @ v)) / total[:, None]


@case(x="T D", w="D")
def attention_pooling(x, w):
    return softmax(np.tanh(x) @ w) @ x


@case(x="T 4", wq="4 4", wk="4 4")
def rotary_scores(x, wq, wk):
    t = x.shape[0]
    angle = np.arange(t)[:, None] * np.array([1.0, 0.01])
    c, s = np.cos(angle), np.sin(angle)

    def rotate(u):
        a, b = u[:, :2], u[:, 2:]
        return np.concatenate([a * c - b * s, a * s + b * c], axis=1)

    return rotate(x @ wq) @ rotate(x @ wk).T


@case(x="N T H 4", c="T 2", s="T 2")
def rotary(x, c, s):
    pairs = x.reshape((*x.shape[:-1], -1, 2))
    a, b = np.split(pairs, 2, axis=-1)
    a, b = a.squeeze(-1), b.squeeze(-1)
    c, s = np.expand_dims(c, axis=(0, 2)), np.expand_dims(s, axis=(0, 2))
    turned = np.stack([a * c - b * s, a * s + b * c], axis=-1)
    return turned.reshape(x.shape)


@case(x="N T H 4", c="T 4", s="T 4")
def rotary_by_halves(x, c, s):
    half = x.shape[-1] // 2
    crossed = np.concatenate([-x[..., half:], x[..., :half]], axis=-1)
    return x * c[:, None] + crossed * s[:, None]
