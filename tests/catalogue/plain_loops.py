"""Plain `for` loops over an axis that is only a name, as people write them."""

import numpy as np

from derivo import Spec
from tests.catalogue.case import below, loop_case


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def logsumexp(a, axis):
    top = np.max(a, axis=axis, keepdims=True)
    return np.squeeze(top, axis) + np.log(np.sum(np.exp(a - top), axis=axis))


class Recurrent:
    def __init__(self, w, u):
        self.w, self.u = w, u
        self.h = np.zeros(u.shape[0])
        self.seen = 0

    def step(self, x):
        self.h = np.tanh(x @ self.w + self.h @ self.u)
        self.seen += 1
        return self.h


@loop_case(xs="T D", w="D H", u="H H", b="H")
def rnn_over_rows(xs, w, u, b):
    h = np.zeros(w.shape[1])
    for x in xs:
        h = np.tanh(x @ w + h @ u + b)
    return h


@loop_case(x="T N D", w="D 12", u="3 12", b="12")
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


@loop_case(xs="T D", ts="T K", w="D H", u="H H", v="H K")
def sequence_loss(xs, ts, w, u, v):
    h = np.zeros(u.shape[0])
    loss = 0
    for x, target in zip(xs, ts, strict=True):
        h = np.tanh(x @ w + h @ u)
        loss += np.sum((h @ v - target) ** 2)
    return loss / len(xs)


@loop_case(
    words=Spec("T", "int"), table="V H", u="H H", v="H V", draws={"words": below(9)}
)  # fmt: skip
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


@loop_case(scores="T K", moves="K K", first="K")
def forward_algorithm(scores, moves, first):
    alpha = first + scores[0]
    for t in range(1, scores.shape[0]):
        alpha = logsumexp(alpha[:, None] + moves, axis=0) + scores[t]
    return alpha


@loop_case(rewards="T", gamma="")
def returns_backwards(rewards, gamma):
    value = 0.0
    for r in reversed(rewards):
        value = r + gamma * value
    return value


@loop_case(xs="T N", w="N")
def numbered_rows(xs, w):
    total = np.zeros(w.shape)
    for t, x in enumerate(xs):
        total = total * 0.5 + np.sin(x * w) / (t + 1)
    return total


@loop_case(x="T")
def mean_so_far(x):
    mean, spread = 0.0, 0.0
    for k, value in enumerate(x):
        step = value - mean
        mean = mean + step / (k + 1)
        spread = spread + step * (value - mean)
    return mean, spread


@loop_case(xs="T D", w="D H", u="H H")
def a_layer_with_a_state(xs, w, u):
    layer = Recurrent(w, u)
    energy = 0.0
    for x in xs:
        energy = energy + np.sum(layer.step(x) ** 2)
    return energy / layer.seen


@loop_case(xs="T M", w="M M")
def states_in_a_list(xs, w):
    hs = []
    h = np.zeros(w.shape[0])
    for x in xs:
        h = np.tanh(x + h @ w)
        hs.append(h)
    return np.stack(hs), hs[-1]


@loop_case(xs="T D", ts="T K", w="D H", u="H H", v="H K")
def states_in_a_dict(xs, ts, w, u, v):
    hs, ys = {}, {}
    hs[-1] = np.zeros(u.shape[0])
    loss = 0
    for t in range(len(xs)):
        hs[t] = np.tanh(xs[t] @ w + hs[t - 1] @ u)
        ys[t] = hs[t] @ v
        loss += np.sum((ys[t] - ts[t]) ** 2)
    return loss


@loop_case(x="N T D", w="D H", u="H H")
def all_states(x, w, u):
    n, steps, _ = x.shape
    h = np.zeros((n, steps, u.shape[0]))
    for t in range(steps):
        h[:, t] = np.tanh(x[:, t] @ w + h[:, t - 1] @ u)
    return h


@loop_case(rewards="T", values="T", decay="")
def advantages(rewards, values, decay):
    steps = rewards.shape[0]
    found = np.zeros(steps + 1)
    for t in reversed(range(steps)):
        found[t] = rewards[t] - values[t] + decay * found[t + 1]
    return found[:-1]


@loop_case(x="T")
def running_products(x):
    out = np.ones(x.shape)
    p = 1.0
    for t, v in enumerate(x):
        p = p * v
        out[t] = p
    return out


@loop_case(x="T", a="", b="")
def two_steps_back(x, a, b):
    y = np.zeros(x.shape[0] + 2)
    for t in range(2, x.shape[0] + 2):
        y[t] = x[t - 2] + a * y[t - 1] + b * np.sin(y[t - 2])
    return y[2:]


@loop_case(x="T", y="N")
def soft_warping(x, y):
    n, m = len(x), len(y)
    d = np.zeros((n + 1, m + 1))
    for i in range(1, n + 1):
        for j in range(1, m + 1):
            near = np.stack([d[i - 1, j], d[i, j - 1], d[i - 1, j - 1]])
            d[i, j] = (x[i - 1] - y[j - 1]) ** 2 - np.log(np.sum(np.exp(-near)))
    return d[n, m]


@loop_case(x="N S", w="3 3")
def plain_convolution(x, w):
    n, m = x.shape
    k = w.shape[0]
    out = np.zeros((n - k + 1, m - k + 1))
    for i in range(n - k + 1):
        for j in range(m - k + 1):
            out[i, j] = np.sum(x[i : i + k, j : j + k] * w)
    return out
