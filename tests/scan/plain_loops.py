"""Forward passes with plain `for` loops over an axis that is only a name."""

from __future__ import annotations

from typing import Any

import numpy as np

from derivo import Spec
from tests.catalogue.case import Case, below


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def logsumexp(a, axis=None):
    top = np.max(a, axis=axis, keepdims=True)
    return np.squeeze(top, axis) + np.log(np.sum(np.exp(a - top), axis=axis))


# --- values carried in local names ----------------------------------------------------


def rnn_over_rows(xs, w, u, b):
    h = np.zeros(w.shape[1])
    for x in xs:
        h = np.tanh(x @ w + h @ u + b)
    return h


def rnn_by_number(x, h0, w, u):
    h = h0
    for t in range(x.shape[1]):
        h = np.tanh(x[:, t] @ w + h @ u)
    return h


def lstm_in_locals(x, w, u, b):
    n = u.shape[0]
    h = c = np.zeros((x.shape[1], n))
    for x_t in x:
        z = x_t @ w + h @ u + b
        i, f = sigmoid(z[:, :n]), sigmoid(z[:, n : 2 * n])
        o, g = sigmoid(z[:, 2 * n : 3 * n]), np.tanh(z[:, 3 * n :])
        c = f * c + i * g
        h = o * np.tanh(c)
    return h


def sequence_loss(xs, ts, w, u, v):
    h = np.zeros(u.shape[0])
    loss = 0
    for x, target in zip(xs, ts, strict=True):
        h = np.tanh(x @ w + h @ u)
        loss += np.sum((h @ v - target) ** 2)
    return loss / len(xs)


def words_loss(words, table, u, v):
    h = np.zeros(u.shape[0])
    loss = 0.0
    for t in range(len(words) - 1):
        h = np.tanh(table[words[t]] + h @ u)
        scores = h @ v
        p = np.exp(scores - np.max(scores))
        p /= np.sum(p)
        loss += -np.log(p[words[t + 1]])
    return loss


def decayed_total(x, decay):
    total = 0.0
    for t in range(x.shape[0]):
        total += decay**t * np.sum(x[t])
    return total


def products_of_neighbours(x):
    total = 0.0
    for t in range(1, x.shape[0]):
        total = total + np.sin(x[t] * x[t - 1])
    return total


def differences_from_before(xs, w):
    before, total = xs[0], 0.0
    for x in xs:
        total = total + np.sum((x - w * before) ** 2)
        before = x
    return total


def returns_backwards(rewards, gamma):
    value = 0.0
    for r in reversed(rewards):
        value = r + gamma * value
    return value


def counted_down(rewards, gamma):
    value = best = 0.0
    for t in range(rewards.shape[0] - 1, -1, -1):
        value = rewards[t] + gamma * value
        best = np.logaddexp(best, value)
    return best


def forward_algorithm(scores, moves, first):
    alpha = first + scores[0]
    for t in range(1, scores.shape[0]):
        alpha = logsumexp(alpha[:, None] + moves, axis=0) + scores[t]
    return logsumexp(alpha, axis=0)


def numbered_rows(xs, w):
    total = np.zeros(w.shape)
    for t, x in enumerate(xs):
        total = total * 0.5 + np.sin(x * w) / (t + 1)
    return total


def numbered_pairs(xs, ys):
    s = 0.0
    for k, (x, y) in enumerate(zip(xs, ys), start=1):  # noqa: B905  as people write
        s = s + (x * y + s) / k
    return s


def turned_pairs(xs, ys):
    s = 0.0
    for x, y in zip(reversed(xs), ys):  # noqa: B905  as people write
        s = np.tanh(s + x * y)
    return s


def mean_so_far(x):
    mean, spread = 0.0, 0.0
    for k, value in enumerate(x):
        step = value - mean
        mean = mean + step / (k + 1)
        spread = spread + step * (value - mean)
    return mean, spread


def from_a_number_to_an_array(xs, w):
    total = 1
    for x in xs:
        total = total * np.cos(x) + w
    return total


def two_loops(xs, w):
    h = np.zeros(w.shape[0])
    for x in xs:
        h = np.tanh(x + h @ w)
    for t in range(xs.shape[0]):
        h = h * 0.5 + xs[t]
    return np.sum(h * x)


def a_loop_in_a_loop(x, w):
    total = 0.0
    for row in x:
        s = 0.0
        for value in row:
            s = np.tanh(s * w + value)
        total = total + s * s
    return total


def both_numbers(x, y):
    total = 0.0
    for i in range(x.shape[0]):
        for j in range(y.shape[0]):
            total += np.exp(-((x[i] - y[j]) ** 2)) * (i + 2 * j)
    return total


def cell(x, h, w):
    return np.tanh(x + h @ w)


def a_helper_in_the_step(xs, w):
    h = xs[0]
    for x in xs:
        h = cell(x, h, w) + cell(h, x, w)
    return h


def a_tuple_is_handed_on(xs, w):
    state = (np.zeros(w.shape), np.ones(w.shape))
    for x in xs:
        a, b = state
        state = (b * w, np.sin(a + x))
    return state[0] + state[1]


# --- attributes -----------------------------------------------------------------------


class Recurrent:
    def __init__(self, w, u):
        self.w, self.u = w, u
        self.h = np.zeros(u.shape[0])
        self.seen = 0

    def step(self, x):
        self.h = np.tanh(x @ self.w + self.h @ self.u)
        self.seen += 1
        return self.h


def a_layer_with_a_state(xs, w, u):
    layer = Recurrent(w, u)
    energy = 0.0
    for x in xs:
        energy = energy + np.sum(layer.step(x) ** 2)
    return energy / layer.seen


def a_dict_of_states(xs, w, u):
    state: dict[str, Any] = {"h": np.zeros(u.shape[0]), "norm": 0.0}
    for x in xs:
        state["h"] = np.tanh(x @ w + state["h"] @ u)
        state["norm"] = state["norm"] + np.sum(state["h"] ** 2)
    return state["h"] * state["norm"]


WORDS = {"words": Spec("T", "int"), "table": "V H", "u": "H H", "v": "H V"}

LOOPS = [
    Case(rnn_over_rows, {"xs": "T D", "w": "D H", "u": "H H", "b": "H"}),
    Case(rnn_by_number, {"x": "N T D", "h0": "N H", "w": "D H", "u": "H H"}),
    Case(lstm_in_locals, {"x": "T N D", "w": "D 12", "u": "3 12", "b": "12"}),
    Case(sequence_loss, {
        "xs": "T D", "ts": "T K", "w": "D H", "u": "H H", "v": "H K"}),
    Case(words_loss, WORDS, {"words": below(9)}),
    Case(decayed_total, {"x": "T N", "decay": ""}),
    Case(products_of_neighbours, {"x": "T"}),
    Case(differences_from_before, {"xs": "T N", "w": ""}),
    Case(returns_backwards, {"rewards": "T", "gamma": ""}),
    Case(counted_down, {"rewards": "T", "gamma": ""}),
    Case(forward_algorithm, {"scores": "T K", "moves": "K K", "first": "K"}),
    Case(numbered_rows, {"xs": "T N", "w": "N"}),
    Case(numbered_pairs, {"xs": "T", "ys": "T"}),
    Case(turned_pairs, {"xs": "T", "ys": "T"}),
    Case(mean_so_far, {"x": "T"}),
    Case(from_a_number_to_an_array, {"xs": "T N", "w": "N"}),
    Case(two_loops, {"xs": "T M", "w": "M M"}),
    Case(a_loop_in_a_loop, {"x": "T N", "w": ""}),
    Case(both_numbers, {"x": "T", "y": "N"}),
    Case(a_helper_in_the_step, {"xs": "T M", "w": "M M"}),
    Case(a_tuple_is_handed_on, {"xs": "T M", "w": "M"}),
    Case(a_layer_with_a_state, {"xs": "T D", "w": "D H", "u": "H H"}),
    Case(a_dict_of_states, {"xs": "T D", "w": "D H", "u": "H H"}),
]  # fmt: skip
