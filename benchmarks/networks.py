"""Networks of many equal blocks, in two-dimensional NumPy.

Each function gives a forward pass and the shapes of its arguments; `xp` is the module
that computes: NumPy, or one that looks like it.
"""

# Forward passes are written as users write them: long lists of arguments, no types.
# ruff: noqa: PLR0913, PLR0917
# mypy: disable-error-code="no-untyped-def, no-untyped-call"

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

Program = tuple[Callable[..., Any], Mapping[str, str]]


def perceptron(xp: Any = np) -> Program:
    """Give two layers of tanh units, softmax and cross-entropy: the unit of time."""

    def f(x, t, w1, b1, w2, b2, w3, b3):
        h1 = xp.tanh(x @ w1 + b1)
        h2 = xp.tanh(h1 @ w2 + b2)
        z = h2 @ w3 + b3
        e = xp.exp(z - z.max(axis=1, keepdims=True))
        p = e / e.sum(axis=1, keepdims=True)
        return -xp.mean(xp.sum(t * xp.log(p), axis=1))

    return f, {"x": "N L", "t": "N C", "w1": "L H", "b1": "H", "w2": "H K", "b2": "K",
               "w3": "K C", "b3": "C"}  # fmt: skip


def pre_norm(blocks: int, xp: Any = np) -> Program:
    """Give x + f(layer_norm(x)), with one set of weights for all blocks."""

    def f(x, w, v):
        for _ in range(blocks):
            c = x - xp.mean(x, axis=1, keepdims=True)
            s = xp.mean(c * c, axis=1, keepdims=True)
            x = x + xp.tanh(c / xp.sqrt(s + 1e-5) @ w) @ v
        return x

    return f, {"x": "N M", "w": "M K", "v": "K M"}


def pre_norm_with_gain(blocks: int, xp: Any = np) -> Program:
    """Give the same with a gain and a shift that each block has for itself."""

    def f(x, w, v, g, b):
        for k in range(blocks):
            m = x.mean(axis=1, keepdims=True)
            s = ((x - m) ** 2).mean(axis=1, keepdims=True)
            h = (x - m) / xp.sqrt(s + 1e-5) * g[k] + b[k]
            x = x + xp.tanh(h @ w) @ v
        return x

    rows = f"{blocks} M"
    return f, {"x": "N M", "w": "M K", "v": "K M", "g": rows, "b": rows}


def post_norm(blocks: int, xp: Any = np) -> Program:
    """Give layer_norm(x + f(x)), with a gain."""

    def f(x, w, v, g):
        for _ in range(blocks):
            x = x + xp.tanh(x @ w) @ v
            c = x - xp.mean(x, axis=1, keepdims=True)
            s = xp.mean(c * c, axis=1, keepdims=True)
            x = c / xp.sqrt(s + 1e-5) * g
        return x

    return f, {"x": "N M", "w": "M K", "v": "K M", "g": "M"}


def transformer(blocks: int, xp: Any = np) -> Program:
    """Give blocks of attention and of a layer with GELU, each behind a layer norm."""

    def f(x, g, b, wq, wk, wv, wo, h, c, w1, b1, w2, b2):
        for _ in range(blocks):
            m = x.mean(axis=1, keepdims=True)
            s = ((x - m) ** 2).mean(axis=1, keepdims=True)
            n = (x - m) / xp.sqrt(s + 1e-5) * g + b
            q = n @ wq
            k = n @ wk
            v = n @ wv
            a = q @ k.T / xp.sqrt(q.shape[1])
            e = xp.exp(a - a.max(axis=1, keepdims=True))
            p = e / e.sum(axis=1, keepdims=True)
            x = x + (p @ v) @ wo
            m = x.mean(axis=1, keepdims=True)
            s = ((x - m) ** 2).mean(axis=1, keepdims=True)
            n = (x - m) / xp.sqrt(s + 1e-5) * h + c
            u = n @ w1 + b1
            z = 0.5 * u * (1 + xp.tanh(xp.sqrt(2 / xp.pi) * (u + 0.044715 * u**3)))
            x = x + z @ w2 + b2
        return x

    return f, {
        "x": "T D", "g": "D", "b": "D", "wq": "D D", "wk": "D D", "wv": "D D",
        "wo": "D D", "h": "D", "c": "D", "w1": "D F", "b1": "F", "w2": "F D", "b2": "D",
    }  # fmt: skip


def transformer_by_helpers(blocks: int, xp: Any = np) -> Program:
    """Give the same blocks, each a call of a function, with weights of their own."""

    def layer_norm(x, g, b):
        m = x.mean(axis=1, keepdims=True)
        s = ((x - m) ** 2).mean(axis=1, keepdims=True)
        return (x - m) / xp.sqrt(s + 1e-5) * g + b

    def block(x, g, b, wq, wk, wv, wo, h, c, w1, b1, w2, b2):
        n = layer_norm(x, g, b)
        q = n @ wq
        k = n @ wk
        v = n @ wv
        a = q @ k.T / xp.sqrt(q.shape[1])
        e = xp.exp(a - a.max(axis=1, keepdims=True))
        p = e / e.sum(axis=1, keepdims=True)
        x = x + (p @ v) @ wo
        u = layer_norm(x, h, c) @ w1 + b1
        z = 0.5 * u * (1 + xp.tanh(xp.sqrt(2 / xp.pi) * (u + 0.044715 * u**3)))
        return x + z @ w2 + b2

    def f(x, g, b, wq, wk, wv, wo, h, c, w1, b1, w2, b2):
        for i in range(blocks):
            x = block(
                x, g[i], b[i], wq[i], wk[i], wv[i], wo[i], h[i], c[i], w1[i], b1[i],
                w2[i], b2[i],
            )  # fmt: skip
        return x

    shapes = transformer(blocks)[1]
    return f, {k: v if k == "x" else f"{blocks} {v}" for k, v in shapes.items()}


def lstm(blocks: int, xp: Any = np) -> Program:
    """Give the last state of an LSTM cell, unrolled."""

    def f(x, h, c, wi, wf, wo, wg, ui, uf, uo, ug, bi, bf, bo, bg):
        for t in range(blocks):
            i = 1 / (1 + xp.exp(-(x[t] @ wi + h @ ui + bi)))
            r = 1 / (1 + xp.exp(-(x[t] @ wf + h @ uf + bf)))
            o = 1 / (1 + xp.exp(-(x[t] @ wo + h @ uo + bo)))
            g = xp.tanh(x[t] @ wg + h @ ug + bg)
            c = r * c + i * g
            h = o * xp.tanh(c)
        return h

    shapes = {"x": f"{blocks} N D", "h": "N K", "c": "N K"}
    for gate in "ifog":
        shapes |= {f"w{gate}": "D K", f"u{gate}": "K K", f"b{gate}": "K"}
    return f, shapes


def chain(operations: int, xp: Any = np) -> Program:
    """Give element-wise operations one behind the other: five in each block."""

    def f(x, k):
        for _ in range(operations // 5):
            x = xp.tanh(x * 0.5 + k)
            x = xp.sin(x) * k
        return x

    return f, {"x": "N", "k": "N"}


def products(blocks: int, xp: Any = np) -> Program:  # noqa: ARG001  like the others
    """Give ``x + h g x``: algebra from end to end, where everything can be opened."""

    def f(x, h, g):
        for _ in range(blocks):
            x = x + h * g * x
        return x

    return f, {"x": "N M", "h": "N M", "g": "M"}
