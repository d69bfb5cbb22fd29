"""Forward passes with plain `for` loops over an axis that is only a name."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.catalogue import LOOPS as CATALOGUED
from tests.catalogue.case import Case


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def logsumexp(a, axis=None):
    top = np.max(a, axis=axis, keepdims=True)
    return np.squeeze(top, axis) + np.log(np.sum(np.exp(a - top), axis=axis))


# --- values carried in local names ----------------------------------------------------


def rnn_by_number(x, h0, w, u):
    h = h0
    for t in range(x.shape[1]):
        h = np.tanh(x[:, t] @ w + h @ u)
    return h


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


def counted_down(rewards, gamma):
    value = best = 0.0
    for t in range(rewards.shape[0] - 1, -1, -1):
        value = rewards[t] + gamma * value
        best = np.logaddexp(best, value)
    return best


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


def a_dict_of_states(xs, w, u):
    state: dict[str, Any] = {"h": np.zeros(u.shape[0]), "norm": 0.0}
    for x in xs:
        state["h"] = np.tanh(x @ w + state["h"] @ u)
        state["norm"] = state["norm"] + np.sum(state["h"] ** 2)
    return state["h"] * state["norm"]


# --- lists and dicts ------------------------------------------------------------------


def a_list_with_the_first_state(xs, h0, w):
    hs = [h0]
    for x in xs:
        hs.append(np.tanh(x + hs[-1] @ w))
    return np.array(hs)[1:] * np.mean(hs, axis=0)


def states_of_an_lstm(x, w, u, b):
    n = u.shape[0]
    states = [(np.zeros((x.shape[1], n)), np.zeros((x.shape[1], n)))]
    for x_t in x:
        h, c = states[-1]
        z = x_t @ w + h @ u + b
        i, f, o = (sigmoid(z[:, k * n : (k + 1) * n]) for k in range(3))
        c = f * c + i * np.tanh(z[:, 3 * n :])
        states.append((o * np.tanh(c), c))
    return states[-1][0]


def sum_of_a_list(xs, w):
    losses = []
    for k, x in enumerate(xs):
        losses.append(np.sum(np.sin(x * w)) * k)
    return sum(losses) / len(losses)


def joined_outputs(x, w):
    outputs = []
    for t in range(x.shape[1]):
        outputs += [np.tanh(x[:, t] @ w)]
    return np.concatenate(outputs), np.stack(outputs, axis=1), np.hstack(outputs)


def over_a_list_again(xs, w):
    hs = []
    for x in xs:
        h = np.sin(x * w)
        hs.append(h + np.mean(h))
    total = 0.0
    for h, x in zip(hs, reversed(xs)):  # noqa: B905  as people write
        total = total + np.sum(h * x) * total
        total = total + np.sum(h)
    return total


def discounted_in_a_dict(rewards, decay):
    steps = rewards.shape[0]
    values = {steps: 0.0}
    for t in reversed(range(steps)):
        values[t] = rewards[t] + decay * np.tanh(values[t + 1])
    return values[0]


class Remembering:
    def __init__(self, w):
        self.w, self.states = w, []

    def __call__(self, x):
        before = self.states[-1]
        self.states.append(np.tanh(x + before @ self.w))


def a_list_on_an_object(xs, w):
    cell = Remembering(w)
    cell.states.append(xs[0])
    for x in xs:
        cell(x)
    return np.stack(cell.states).sum(axis=0)


def a_list_in_one_piece(xs, w):
    hs = [np.tanh(x @ w) for x in xs]
    return np.stack(hs) * hs[-1]


def an_array_of_a_list(xs, w):
    return np.array([np.sum(x * w) * k for k, x in enumerate(xs)])


def a_sum_in_one_piece(xs, w):
    return sum(np.sum(np.sin(x * w)) for x in xs) / len(xs)


def a_sum_by_numbers(xs, w):
    return sum(np.sum(xs[t] * xs[t - 1]) * w for t in range(1, len(xs)))


def states_in_one_piece(xs, w, u):
    layer = Recurrent(w, u)
    return np.stack([layer.step(x) for x in xs], axis=1)


def a_list_of_pairs(xs, w):
    pairs = [(np.sin(x), x * w) for x in xs]
    total = 0.0
    for s, p in pairs:
        total = total * 0.5 + np.sum(s * p)
    return total


def a_table_of_lists(x, y):
    return np.array([[np.exp(-((a - b) ** 2)) for b in y] for a in x])


class Caching:
    def __init__(self):
        self.cache = None

    def __call__(self, x, w):
        self.cache = x * w
        return np.sin(self.cache)


def none_in_front(xs, w):
    y: Any = None
    layer, total = Caching(), 0.0
    for x in xs:
        y = layer(x, w)
        total = total + np.sum(y)
    return total * y


# --- arrays that are filled, and arrays that are changed in place ---------------------


def states_after_the_first(xs, h0, w):
    h = np.zeros((xs.shape[0] + 1, w.shape[0]))
    h[0] = h0
    for t in range(xs.shape[0]):
        h[t + 1] = np.tanh(xs[t] + h[t] @ w)
    return h[1:], h[-1]


def second_order(x, a, b):
    y = np.zeros(x.shape)
    y[0] = x[0]
    for t in range(1, x.shape[0]):
        y[t] = x[t] + a * np.tanh(y[t - 1]) + b * y[0]
    return y


def halves_of_rows(x, w):
    out = np.zeros(x.shape)
    for t in range(x.shape[0]):
        out[t, :2] = np.sin(x[t, :2]) * w
        out[t, 2:] = out[t, :2] * x[t, 2:]
    return out


def added_in_place(xs, w):
    h = np.zeros(w.shape[0])
    total = h
    for x in xs:
        h *= 0.5
        h += np.sin(x @ w)
    return total


def one_place_is_added_to(xs, w):
    out = np.zeros(w.shape)
    for t, x in enumerate(xs):
        out[0] += np.sum(x * w)
        out[1] += out[0] * (t + 1)
    return out


def counted_in_numbers(xs, w):
    out = np.zeros(3)
    seen = np.zeros(2)
    for x in xs:
        out[0] += np.sum(x * w)
        out[1] += out[0] * seen[0]
        seen[0] += 1
    return out / seen[0]


def a_buffer_in_a_step(xs, w):
    total = 0.0
    for x in xs:
        y = np.zeros_like(x)
        y[1:] = np.sin(x[1:] * w)
        y[0] = total
        total = np.sum(y)
    return total


def changed_once_and_rebound(xs, h0):
    h = h0 * 2
    for x in xs:
        h *= 0.5
        h = np.tanh(h + x)
    return h


def rows_are_scaled(x, w):
    y = x * 2
    for row in range(y.shape[0]):
        y[row] *= w
        y[row] += np.sum(y[row])
    return y


def window_sums(x, w):
    n, k = x.shape[0], w.shape[0]
    out = np.zeros(n)
    for i in range(n - k + 1):
        out[i] = np.sum(x[i : i + k] * w)
    return out


def two_arrays_are_filled(x, w):
    a, b = np.zeros(x.shape), np.zeros(x.shape)
    for t in range(x.shape[0]):
        a[t] = np.tanh(x[t] + b[t - 1] + a[t - 1])
        b[t] = a[t] * w
    return a + b[-1]


def down_a_column(x, w):
    y = x.copy()
    for t in range(1, y.shape[0]):
        y[t, 0] = y[t, 0] + w * y[t - 1, 0]
    return y


def matrix_power_rows(x, w):
    z = np.zeros((x.shape[0], w.shape[0]))
    z[:] = 0.5
    for t in range(x.shape[0] - 1):
        z[t + 1] = np.sin(z[t] @ w) + x[t]
    return z


LOOPS = [
    *CATALOGUED.values(),
    Case(rnn_by_number, {"x": "N T D", "h0": "N H", "w": "D H", "u": "H H"}),
    Case(decayed_total, {"x": "T N", "decay": ""}),
    Case(products_of_neighbours, {"x": "T"}),
    Case(differences_from_before, {"xs": "T N", "w": ""}),
    Case(counted_down, {"rewards": "T", "gamma": ""}),
    Case(numbered_pairs, {"xs": "T", "ys": "T"}),
    Case(turned_pairs, {"xs": "T", "ys": "T"}),
    Case(from_a_number_to_an_array, {"xs": "T N", "w": "N"}),
    Case(two_loops, {"xs": "T M", "w": "M M"}),
    Case(a_loop_in_a_loop, {"x": "T N", "w": ""}),
    Case(both_numbers, {"x": "T", "y": "N"}),
    Case(a_helper_in_the_step, {"xs": "T M", "w": "M M"}),
    Case(a_tuple_is_handed_on, {"xs": "T M", "w": "M"}),
    Case(a_list_with_the_first_state, {"xs": "T M", "h0": "M", "w": "M M"}),
    Case(states_of_an_lstm, {"x": "T N D", "w": "D 12", "u": "3 12", "b": "12"}),
    Case(sum_of_a_list, {"xs": "T N", "w": "N"}),
    Case(joined_outputs, {"x": "N T D", "w": "D H"}),
    Case(over_a_list_again, {"xs": "T N", "w": "N"}),
    Case(discounted_in_a_dict, {"rewards": "T", "decay": ""}),
    Case(a_list_in_one_piece, {"xs": "T M", "w": "M M"}),
    Case(an_array_of_a_list, {"xs": "T M", "w": "M"}),
    Case(a_sum_in_one_piece, {"xs": "T M", "w": "M"}),
    Case(a_sum_by_numbers, {"xs": "T M", "w": ""}),
    Case(states_in_one_piece, {"xs": "T D", "w": "D H", "u": "H H"}),
    Case(a_list_of_pairs, {"xs": "T M", "w": "M"}),
    Case(a_table_of_lists, {"x": "T", "y": "N"}),
    Case(none_in_front, {"xs": "T M", "w": "M"}),
    Case(a_list_on_an_object, {"xs": "T M", "w": "M M"}),
    Case(states_after_the_first, {"xs": "T M", "h0": "M", "w": "M M"}),
    Case(second_order, {"x": "T", "a": "", "b": ""}),
    Case(halves_of_rows, {"x": "T 4", "w": "2"}),
    Case(added_in_place, {"xs": "T M", "w": "M M"}),
    Case(one_place_is_added_to, {"xs": "T M", "w": "M"}),
    Case(counted_in_numbers, {"xs": "T M", "w": "M"}),
    Case(a_buffer_in_a_step, {"xs": "T M", "w": ""}),
    Case(changed_once_and_rebound, {"xs": "T M", "h0": "M"}),
    Case(rows_are_scaled, {"x": "T M", "w": "M"}),
    Case(window_sums, {"x": "T", "w": "1"}),
    Case(two_arrays_are_filled, {"x": "T M", "w": "M"}),
    Case(down_a_column, {"x": "T M", "w": ""}),
    Case(matrix_power_rows, {"x": "T M", "w": "M M"}),
    Case(a_dict_of_states, {"xs": "T D", "w": "D H", "u": "H H"}),
]  # fmt: skip
