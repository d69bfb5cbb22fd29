"""Functions with a loop over time that every test of this folder is run on."""

from __future__ import annotations

import numpy as np

import derivo
from tests.catalogue.case import Case, below

MIXING = np.linspace(-1, 1, 6).reshape(3, 2)


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def rnn(x, h0, w, u, b):
    def step(h, x_t):
        h = np.tanh(x_t @ w + h @ u + b)
        return h, h

    _, hs = derivo.scan(step, h0, x)
    return hs


def lstm(x, h0, c0, w, u, b):
    n = h0.shape[1]

    def step(state, x_t):
        h, c = state
        z = x_t @ w + h @ u + b
        i, f, o = (
            sigmoid(z[:, :n]),
            sigmoid(z[:, n : 2 * n]),
            sigmoid(z[:, 2 * n : 3 * n]),
        )
        g = np.tanh(z[:, 3 * n :])
        c = f * c + i * g
        h = o * np.tanh(c)
        return (h, c), h

    (_, c_last), hs = derivo.scan(step, (h0, c0), x)
    return hs, c_last


def gru(x, h0, wz, uz, wr, ur, wh, uh):  # noqa: PLR0913, PLR0917
    def step(h, x_t):
        z = sigmoid(x_t @ wz + h @ uz)
        r = sigmoid(x_t @ wr + h @ ur)
        c = np.tanh(x_t @ wh + (r * h) @ uh)
        h = (1 - z) * h + z * c
        return h, h

    return derivo.scan(step, h0, x)[1]


def smoothing(x, a):
    def step(s, x_t):
        s = a * x_t + (1 - a) * s
        return s, s

    return derivo.scan(step, 0.0, x)[1]


def smoothing_from_the_first(x, a):
    def step(s, x_t):
        s = a * x_t + (1 - a) * s
        return s, s

    return derivo.scan(step, x[0], x[1:])[1]


def cumulative_product(x):
    return derivo.scan(lambda p, x_t: (p * x_t, p * x_t), 1.0, x)[1]


def two_carries(a, b, x):
    def step(carry, x_t):
        a, b = carry
        return (b, a + b * b * x_t), a

    (a, b), seen = derivo.scan(step, (a, b), x)
    return seen, b


def sequence_loss(x, t, h0, w, u, v):
    def step(h, pair):
        x_t, t_t = pair
        h = np.tanh(x_t @ w + h @ u)
        e = h @ v - t_t
        return h, np.sum(e**2)

    _, errors = derivo.scan(step, h0, (x, t))
    return np.mean(errors)


def power_iteration(a, x0):
    def step(v, _):
        v = a @ v
        return v / np.sqrt(np.sum(v * v)), None

    v, nothing = derivo.scan(step, x0, length=6)
    assert nothing is None
    return v


def backwards(x, w):
    def step(s, x_t):
        s = np.tanh(w * s + x_t)
        return s, s

    last, ys = derivo.scan(step, np.zeros(x.shape[1:]), x, reverse=True)
    return ys * 2, last


def a_loop_in_a_loop(x, w):
    def outer(h, row):
        def inner(s, e):
            s = np.tanh(s * w + e * h)
            return s, s * s

        s, squares = derivo.scan(inner, h, row)
        return s, np.sum(squares)

    h, out = derivo.scan(outer, 0.0, x)
    return out, h


def two_layers(x, w1, w2):
    def layer(w, x):
        def step(h, x_t):
            h = np.tanh(x_t @ w + h)
            return h, h

        return derivo.scan(step, np.zeros((x.shape[1], w.shape[1])), x)[1]

    return layer(w2, layer(w1, x))


def there_and_back(x, w):
    def step(h, x_t):
        h = np.maximum(x_t @ w + h @ w, 0)
        return h, h

    h, hs = derivo.scan(step, x[0], x)
    h, hs = derivo.scan(step, h, hs, reverse=True)
    return hs @ w, h


def running_mean(x):
    def step(carry, x_t):
        n, m = carry
        n = n + 1
        m = m + (x_t - m) / n
        return (n, m), m

    return derivo.scan(step, (0, 0.0), x)[1]


def swapping(a, b, x):
    def step(carry, x_t):
        a, b = carry
        return (b, a), a * x_t

    (a, b), out = derivo.scan(step, (a, b), x)
    return a * 2, b, out


def passing_on(x, w):
    def step(carry, x_t):
        return carry, {"x": x_t, "w": w, "c": carry}

    carry, out = derivo.scan(step, w, x)
    return carry * 2, out["x"], out["w"] * out["c"]


def softmax_in_a_step(x, v):
    def step(h, x_t):
        e = np.exp(x_t * h)
        p = e / e.sum(axis=-1, keepdims=True)
        return h + p @ v, np.log(p)

    h, log_p = derivo.scan(step, np.zeros(4), x)
    return h, log_p


def parts_of_arrays(x):
    def step(h, x_t):
        h = h * 0.5 + x_t
        return h, np.concatenate([h[:2], x_t[1:]])

    return derivo.scan(step, np.zeros(x.shape[1]), x)[1]


def skipping(x, a):
    def step(s, x_t):
        s = np.where(x_t > 0, s * a + x_t, s)
        return s, (s, x_t > 0)

    s, (ys, taken) = derivo.scan(step, np.zeros(x.shape[1]), x)
    return ys * taken, s


def streaming_attention(q, k, v):
    def step(carry, pair):
        m, total, o = carry
        k_t, v_t = pair
        s = q @ k_t
        top = np.maximum(m, s)
        a, p = np.exp(m - top), np.exp(s - top)
        return (top, total * a + p, o * a[:, None] + p[:, None] * v_t), None

    n = q.shape[0]
    start = (np.full(n, -30.0), np.zeros(n), np.zeros((n, v.shape[1])))
    (_, total, o), _ = derivo.scan(step, start, (k, v))
    return o / total[:, None]


def square_root(a):
    def step(r, _):
        return 0.5 * (r + (a * a + 1) / r), None

    return derivo.scan(step, np.ones(a.shape), length=8)[0]


def discount(x, p):
    def step(carry, x_t):
        d, s = carry
        return (d * 0.9, s + d * x_t * p), None

    (_, s), _ = derivo.scan(step, (1.0, 0.0), x)
    return s


def fixed_input(w):
    def step(s, x_t):
        s = np.tanh(s @ w + x_t @ MIXING[:, :1].T)
        return s, s

    return derivo.scan(step, np.zeros(3), np.linspace(0, 1, 4).reshape(4, 1))[1]


def words(table, text, u):
    def step(h, k):
        h = np.tanh(table[k] + h @ u)
        return h, h

    return derivo.scan(step, np.zeros((text.shape[1], u.shape[0])), text)[1]


RECURRENT = {"x": "T N L", "h0": "N H", "w": "L H", "u": "H H", "b": "H"}
PACKED = {"x": "T N L", "h0": "N 3", "c0": "N 3", "w": "L 12", "u": "3 12", "b": "12"}
GATES = {"wz": "L H", "uz": "H H", "wr": "L H", "ur": "H H", "wh": "L H", "uh": "H H"}
PAIRS = {"x": "T N L", "t": "T N K", "h0": "N H", "w": "L H", "u": "H H", "v": "H K"}
TEXT = {"table": "V H", "text": derivo.Spec("T N", "int"), "u": "H H"}


def _kinked(function, **specs):
    return Case(function, specs, is_analytic=False)


PROGRAMS = {
    p.name: p
    for p in (
        Case(rnn, RECURRENT),
        Case(lstm, PACKED),
        Case(gru, {"x": "T N L", "h0": "N H", **GATES}),
        Case(smoothing, {"x": "T", "a": ""}),
        Case(smoothing_from_the_first, {"x": "T", "a": ""}),
        Case(cumulative_product, {"x": "T"}),
        Case(two_carries, {"a": "N", "b": "N", "x": "T N"}),
        Case(sequence_loss, PAIRS),
        Case(power_iteration, {"a": "N N", "x0": "N"}),
        Case(backwards, {"x": "T N", "w": ""}),
        Case(a_loop_in_a_loop, {"x": "T N", "w": ""}),
        Case(two_layers, {"x": "T N L", "w1": "L H", "w2": "H K"}),
        _kinked(there_and_back, x="T M", w="M M"),
        Case(running_mean, {"x": "T"}),
        Case(swapping, {"a": "N", "b": "N", "x": "T N"}),
        Case(passing_on, {"x": "T", "w": "N"}),
        Case(softmax_in_a_step, {"x": "T 4", "v": "4 4"}),
        Case(parts_of_arrays, {"x": "T 3"}),
        _kinked(skipping, x="T N", a=""),
        _kinked(streaming_attention, q="M D", k="T D", v="T S"),
        Case(square_root, {"a": "N"}),
        Case(discount, {"x": "T", "p": ""}),
        Case(fixed_input, {"w": "3 3"}),
        Case(words, TEXT, {"text": below(9)}),
    )
}
