"""Arrays made empty and filled, written by mask and by index, as courses do it.

Those marked with `case` go through every stage's tests, all of them through
`tests.trace.test_filled`.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from derivo import Spec
from tests.catalogue.case import CASES, Case, below, case, positive

FILLED: dict[str, Case] = {}
N = Spec("N", "int")


def filled(*, draws: Any = None, **specs: Any) -> Callable[..., Any]:
    """Put a function among those that write."""

    def add(function: Callable[..., Any]) -> Callable[..., Any]:
        FILLED[function.__name__] = Case(function, specs, draws or {}, False)
        return function

    return add


@filled(x="N 2 6 6")
def max_pool_by_loops(x):
    n, c, height, _ = x.shape
    out = np.zeros((n, c, height // 2, 3))
    for i in range(3):
        for j in range(3):
            window = x[:, :, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2]
            out[:, :, i, j] = window.max(axis=(2, 3))
    return out


@filled(x="N D", y=N, w="D C", draws={"y": below(6)})
def softmax_loss_with_its_gradient_half(x, w, y):
    n = x.shape[0]
    scores = x @ w
    scores -= np.max(scores, axis=1, keepdims=True)
    p = np.exp(scores)
    p /= np.sum(p, axis=1, keepdims=True)
    loss = -np.sum(np.log(p[np.arange(n), y])) / n
    dscores = p
    dscores[np.arange(n), y] -= 1
    dscores /= n
    return loss


@filled(x="N D", y=N, w="D C", draws={"y": below(6)})
def softmax_loss_and_its_gradient(x, w, y):
    n = x.shape[0]
    scores = x @ w
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    loss = -np.mean(np.log(p[np.arange(n), y]))
    d = p.copy()
    d[np.arange(n), y] -= 1
    return loss, x.T @ d / n


@filled(x="N D", y=N, w="D C", draws={"y": below(6)})
def hinge_loss_of_a_course(x, w, y):
    n = x.shape[0]
    scores = x @ w
    right = scores[np.arange(n), y]
    margins = np.maximum(0, scores - right[:, np.newaxis] + 1)
    margins[np.arange(n), y] = 0
    return margins.sum() / n + 0.1 * np.sum(w * w)


@case(x="N M", analytic=False)
def sigmoid_in_two_halves(x):
    up = x >= 0
    z = np.zeros_like(x)
    z[up] = np.exp(-x[up])
    z[~up] = np.exp(x[~up])
    top = np.ones_like(x)
    top[~up] = z[~up]
    return top / (1 + z)


@case(x="N M", gamma="M", beta="M", analytic=False)
def batch_norm_in_place(x, gamma, beta):
    out = x - x.mean(axis=0)
    out /= np.sqrt((out**2).mean(axis=0) + 1e-5)
    out *= gamma
    out += beta
    return out


@filled(x="N 2 4 4", w="2 2 2 M")
def convolution_by_columns(x, w):
    n, c, height, width = x.shape
    cols = np.zeros_like(x, shape=(n, c, 2, 2, height - 1, width - 1))
    for i in range(2):
        for j in range(2):
            cols[:, :, i, j] = x[:, :, i : i + height - 1, j : j + width - 1]
    return np.tensordot(cols, w, axes=([1, 2, 3], [0, 1, 2]))


@filled(x="N 2 3 3", w="3 2 2 2", b="3")
def convolution_by_loops(x, w, b):
    out = np.zeros((x.shape[0], 3, 2, 2))
    for f in range(3):
        for i in range(2):
            for j in range(2):
                window = x[:, :, i : i + 2, j : j + 2]
                out[:, f, i, j] = np.sum(window * w[f], axis=(1, 2, 3)) + b[f]
    return out


@filled(x="N C H H")
def padded_by_hand(x):
    n, c, height, width = x.shape
    wide = np.zeros((n, c, height + 2, width + 2))
    wide[:, :, 1:-1, 1:-1] = x
    return wide[:, :, 1:, 1:] * wide[:, :, :-1, :-1]


@filled(x="N M")
def leaky_by_mask(x):
    y = x.copy()
    y[y < 0] *= 0.1
    return y


@filled(x="N M")
def exponential_unit_by_mask(x):
    out = x.copy()
    low = x < 0
    out[low] = 1.5 * (np.exp(x[low]) - 1)
    return out


@filled(pred="N T", y="N T", m=Spec("N T", "bool"),
      draws={"m": lambda rng, shape: rng.random(shape) < 0.7})  # fmt: skip
def mean_over_what_is_there(pred, y, m):
    r = pred[m] - y[m]
    return np.sum(r * r) / r.size + np.mean(np.abs(r))


@filled(r="N M")
def huber_by_mask(r):
    size = np.abs(r)
    small = size <= 0.7
    loss = np.empty_like(r)
    loss[small] = 0.5 * r[small] ** 2
    loss[~small] = 0.7 * (size[~small] - 0.35)
    return loss.mean()


@filled(x="N 4 D", wx="D H", wh="H H", b="H")
def states_in_one_array(x, wx, wh, b):
    n, steps, _ = x.shape
    h = np.zeros((n, steps, wh.shape[0]))
    for t in range(steps):
        h[:, t, :] = np.tanh(x[:, t, :] @ wx + h[:, t - 1, :] @ wh + b)
    return h


@filled(a="N 12", c="N 3")
def gates_in_place(a, c):
    h = c.shape[1]
    a[:, : 3 * h] = 1 / (1 + np.exp(-a[:, : 3 * h]))
    a[:, 3 * h :] = np.tanh(a[:, 3 * h :])
    i, f, o, g = (a[:, k * h : (k + 1) * h] for k in range(4))
    c *= f
    c += i * g
    return o * np.tanh(c), c


@case(
    ids=Spec("N T", "int"),
    rows="N T D",
    table="V D",
    draws={"ids": below(9)},
    analytic=False,
)
def rows_added_to_a_table(ids, rows, table):
    grad = np.zeros_like(table)
    np.add.at(grad, ids, rows)
    return table - 0.1 * grad


@filled(x="N M", keep=Spec("N M", "bool"),
      draws={"keep": lambda rng, shape: rng.random(shape) < 0.7})  # fmt: skip
def dropout_by_mask(x, keep):
    out = x.copy()
    out[~keep] = 0
    out /= 0.7
    return out


@case(middle="N", beside="N", analytic=False)
def three_diagonals(middle, beside):
    n = middle.shape[0]
    a = np.zeros((n, n))
    a[np.arange(n), np.arange(n)] = middle
    a[np.arange(n - 1), np.arange(1, n)] = beside[1:]
    a[np.arange(1, n), np.arange(n - 1)] = -beside[1:]
    return a @ a


@filled(s="T T")
def causal_by_mask(s):
    late = np.triu(np.ones((s.shape[0], s.shape[0])), 1) > 0
    s[late] = -1e9
    e = np.exp(s - s.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


@filled(w="N M", v="N M", g="N M")
def momentum_in_place(w, v, g):
    v *= 0.9
    v -= 0.1 * g
    w += v
    return w, v


@filled(w="N M", m="N M", v="N M", g="N M", draws={"v": positive})
def adam_in_place(w, m, v, g):
    m *= 0.9
    m += 0.1 * g
    v *= 0.99
    v += 0.01 * g**2
    w -= 0.01 * m / (np.sqrt(v) + 1e-8)
    return w


@filled(x="N 3 3")
def enlarged_by_strides(x):
    out = np.empty((x.shape[0], 6, 6))
    for i in range(2):
        for j in range(2):
            out[:, i::2, j::2] = x * (1 + i + j)
    return out


@filled(x="T 6", angle="T 3")
def turned_in_pairs(x, angle):
    out = np.empty_like(x)
    even, odd = x[:, ::2], x[:, 1::2]
    out[:, ::2] = even * np.cos(angle) - odd * np.sin(angle)
    out[:, 1::2] = even * np.sin(angle) + odd * np.cos(angle)
    return out


@filled(x="5 M", a="")
def smoothed_in_place(x, a):
    for t in range(1, x.shape[0]):
        x[t] *= a
        x[t] += (1 - a) * x[t - 1]
    return x


@filled(x="N M", w="M M")
def layer_that_keeps_its_output(x, w):
    class Layer:
        def forward(self, x):
            self.out = x @ w
            out = self.out
            out[out < 0] = 0
            return self

    layer = Layer().forward(x)
    layer.out += x
    return layer.out


FILLED |= {n: c for n, c in CASES.items() if c.function.__module__ == __name__}
