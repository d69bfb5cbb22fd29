"""Forward passes as people write them that compute with sizes, and look into tables.

Each has shapes with named sizes, and several choices of what the names stand for: on
both sides of where a slice is cut off, and of where a division leaves something over.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from derivo import Spec
from tests.catalogue.case import below, one_hot, positive


@dataclass(frozen=True)
class Sized:
    """A forward pass with the sizes that it is tried with.

    Attributes
    ----------
    sizes
        What the names stand for, one dict for each trial.
    draws
        ``draw(rng, shape)`` for arguments that are not standard normal.
    """

    function: Callable[..., Any]
    specs: Mapping[str, Any]
    sizes: tuple[dict[str, int], ...]
    draws: Mapping[str, Callable[..., Any]] = field(default_factory=dict)


SIZED: dict[str, Sized] = {}


def sized(
    *sizes: dict[str, int], draws: Mapping[str, Any] | None = None, **specs: Any
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Put a function into the catalogue."""

    def add(function: Callable[..., Any]) -> Callable[..., Any]:
        assert function.__name__ not in SIZED
        SIZED[function.__name__] = Sized(function, specs, sizes, draws or {})
        return function

    return add


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def softmax(x):
    e = np.exp(x - np.max(x, axis=-1, keepdims=True))
    return e / np.sum(e, axis=-1, keepdims=True)


# --- images -------------------------------------------------------------------------


@sized(
    {"N": 2, "C": 2, "H": 5, "W": 4, "F": 3}, {"N": 1, "C": 1, "H": 6, "W": 3, "F": 1},
    images="N C H W", filters="F C 3 3", bias="F",
)  # fmt: skip
def convolution_by_offsets(images, filters, bias):
    n, _, h, w = images.shape
    f, _, fh, fw = filters.shape
    pad, stride = 1, 2
    out_h = int((h + 2 * pad - fh) / stride) + 1
    out_w = int((w + 2 * pad - fw) / stride) + 1
    padded = np.pad(images, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    out = np.zeros((n, f, out_h, out_w))
    for i in range(fh):
        for j in range(fw):
            window = padded[
                :, :, i : i + stride * out_h : stride, j : j + stride * out_w : stride
            ]
            out += np.einsum("nchw,fc->nfhw", window, filters[:, :, i, j])
    return out + bias[:, None, None]


@sized(
    {"N": 2, "C": 2, "H": 4, "W": 5, "M": 3}, {"N": 1, "C": 1, "H": 2, "W": 2, "M": 1},
    images="N C H W", weights="K M", bias="M",
)  # fmt: skip
def convolution_by_columns(images, weights, bias):
    n, channels, h, w = images.shape
    size, stride = 2, 1
    out_h = (h - size) // stride + 1
    out_w = (w - size) // stride + 1
    columns = np.zeros((n, channels, size, size, out_h, out_w))
    for y in range(size):
        y_end = y + stride * out_h
        for x in range(size):
            x_end = x + stride * out_w
            columns[:, :, y, x, :, :] = images[:, :, y:y_end:stride, x:x_end:stride]
    columns = columns.transpose(0, 4, 5, 1, 2, 3).reshape(n * out_h * out_w, -1)
    out = columns @ weights + bias
    return out.reshape(n, out_h, out_w, -1).transpose(0, 3, 1, 2)


@sized(
    {"N": 2, "H": 4, "W": 6, "C": 3, "E": 2}, {"N": 1, "H": 2, "W": 2, "C": 1, "E": 4},
    images="N H W C", weights="D E", places="T E",
)  # fmt: skip
def patches(images, weights, places):
    n, h, w, c = images.shape
    p = 2
    cut = images.reshape(n, h // p, p, w // p, p, c).transpose(0, 1, 3, 2, 4, 5)
    rows = cut.reshape(n, (h // p) * (w // p), p * p * c)
    return np.tanh(rows @ weights + places)


@sized(
    {"N": 2, "C": 4, "H": 2, "W": 3}, {"N": 1, "C": 2, "H": 1, "W": 2},
    x="N C H W", gamma="C", beta="C",
)  # fmt: skip
def group_norm(x, gamma, beta):
    n, c, h, w = x.shape
    groups = 2
    g = x.reshape(n, groups, c // groups, h, w)
    mean = g.mean(axis=(2, 3, 4), keepdims=True)
    var = g.var(axis=(2, 3, 4), keepdims=True)
    normed = ((g - mean) / np.sqrt(var + 1e-5)).reshape(n, c, h, w)
    return normed * gamma[None, :, None, None] + beta[None, :, None, None]


@sized({"N": 2, "H": 4, "W": 6}, {"N": 1, "H": 2, "W": 2}, x="N H W")
def average_pooling(x):
    n, h, w = x.shape
    return x.reshape(n, h // 2, 2, w // 2, 2).mean(axis=(2, 4)) ** 2


@sized(
    {"N": 3, "C": 2, "H": 2, "W": 3, "M": 4}, {"N": 1, "C": 1, "H": 1, "W": 2, "M": 1},
    x="N C H W", w="D M", b="M",
)  # fmt: skip
def flatten_and_multiply(x, w, b):
    return np.maximum(x.reshape(len(x), -1) @ w + b, 0)


# --- sequences ----------------------------------------------------------------------


@sized(
    {"N": 3, "D": 2, "H": 4}, {"N": 1, "D": 1, "H": 1},
    x="N D", h="N H", w="D+H 3*H", b="3*H",
)  # fmt: skip
def gru_with_fused_weights(x, h, w, b):
    d, hidden = x.shape[1], h.shape[1]
    gates = np.concatenate([x, h], axis=1) @ w[:, : 2 * hidden] + b[: 2 * hidden]
    z, r = sigmoid(gates[:, :hidden]), sigmoid(gates[:, hidden:])
    rest = w[:, 2 * hidden :]
    n = np.tanh(x @ rest[:d] + (r * h) @ rest[d:] + b[2 * hidden :])
    return (1 - z) * n + z * h


@sized(
    {"N": 3, "D": 2, "H": 3}, {"N": 1, "D": 1, "H": 1},
    x="N D", h="N H", c="N H", w="D 4*H", u="H 4*H", b="4*H",
)  # fmt: skip
def lstm_with_split_gates(x, h, c, w, u, b):
    i, f, o, g = np.split(x @ w + h @ u + b, 4, axis=1)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


@sized(
    {"N": 2, "D": 3, "H": 2}, {"N": 1, "D": 1, "H": 1},
    x="N D", h="N H", w="G F", b="F",
)  # fmt: skip
def gates_of_one_matrix(x, h, w, b):
    a = np.hstack((x, h)).dot(w) + b
    n = h.shape[1]
    forget, new = sigmoid(a[:, :n]), np.tanh(a[:, n:])
    return forget * h + (1 - forget) * new


@sized({"T": 3, "D": 4}, {"T": 1, "D": 2}, x="T D")
def rotary_halves(x):
    t, d = x.shape
    angle = np.arange(t)[:, None] / 10.0 ** (np.arange(d // 2) / (d // 2))
    cos, sin = np.cos(angle), np.sin(angle)
    a, b = x[:, : d // 2], x[:, d // 2 :]
    return np.concatenate([a * cos - b * sin, a * sin + b * cos], axis=1) ** 2


@sized({"T": 3, "D": 4}, {"T": 1, "D": 2}, x="T D")
def rotary_pairs(x):
    t, d = x.shape
    angle = np.arange(t)[:, None] / 10.0 ** (np.arange(0, d, 2) / d)
    even, odd = x[:, 0::2], x[:, 1::2]
    out = np.stack(
        [
            even * np.cos(angle) - odd * np.sin(angle),
            even * np.sin(angle) + odd * np.cos(angle),
        ],
        axis=-1,
    )
    return out.reshape(t, d) ** 2


@sized({"T": 3, "D": 4}, {"T": 1, "D": 2}, q="T D", k="T D", v="T D")
def two_heads(q, k, v):
    t, d = q.shape
    heads = 2
    q, k, v = (m.reshape(t, heads, d // heads).swapaxes(0, 1) for m in (q, k, v))
    scores = q @ k.swapaxes(1, 2) / np.sqrt(d // heads)
    scores = np.where(np.tri(t, dtype=bool), scores, -1e9)
    return (softmax(scores) @ v).swapaxes(0, 1).reshape(t, d)


PLACES = np.random.default_rng(5).normal(size=(8, 3))


@sized(
    {"T": 4, "V": 5}, {"T": 8, "V": 1}, words=Spec("T", "int"), table="V 3",
    draws={"words": lambda rng, shape: np.zeros(shape, dtype=int)},
)  # fmt: skip
def words_and_places(words, table):
    return np.tanh(table[words] + PLACES[: words.shape[0]])


@sized({"T": 3}, {"T": 5}, {"T": 12}, x="T 2")
def pooled_ends(x):
    first, last = x[:5], x[-3:]
    return first.mean(axis=0) * last.mean(axis=0) + x[:10].sum(axis=0) / len(x[:10])


@sized({"T": 1}, {"T": 2}, {"T": 6}, x="T")
def roughness(x):
    return np.sum((x[2:] - 2 * x[1:-1] + x[:-2]) ** 2) + np.sum(x[::2] ** 2)


# --- losses and tables --------------------------------------------------------------


@sized(
    {"N": 3, "C": 4}, {"N": 1, "C": 2},
    scores="N C", labels=Spec("N", "int"), draws={"labels": below(2)},
)  # fmt: skip
def smoothed_labels(scores, labels):
    n, classes = scores.shape
    targets = np.eye(classes)[labels] * 0.9 + 0.1 / classes
    return -np.sum(targets * np.log(softmax(scores))) / n


WEIGHTS = np.array([0.5, 1.0, 2.0, 4.0])


@sized(
    {"N": 5}, {"N": 1}, scores="N 4", labels=Spec("N", "int"),
    draws={"labels": below(4)},
)  # fmt: skip
def weighted_classes(scores, labels):
    picked = softmax(scores)[range(scores.shape[0]), labels]
    weights = WEIGHTS[labels]
    return -np.sum(weights * np.log(picked)) / np.sum(weights)


@sized(
    {"N": 3, "C": 4}, {"N": 2, "C": 2}, y="N C", t="N C",
    draws={"y": lambda rng, shape: rng.uniform(0.1, 1, shape), "t": one_hot},
)  # fmt: skip
def either_kind_of_target(y, t):
    if t.size == y.size:
        t = t.argmax(axis=1)
    n = y.shape[0]
    return -np.sum(np.log(y[np.arange(n), t] + 1e-7)) / n


@sized(
    {"N": 3}, {"N": 1}, p="N", y="N",
    draws={"p": lambda rng, shape: rng.uniform(0.1, 0.9, shape)},
)  # fmt: skip
def two_columns(p, y):
    both = np.c_[1 - p, p]
    target = np.c_[1 - y, y]
    return -np.mean(np.sum(target * np.log(both), axis=1))


@sized(
    {"V": 6, "D": 3, "K": 2}, {"V": 6, "D": 1, "K": 1},
    center=Spec("", "int"), outside=Spec("", "int"), negative=Spec("K", "int"),
    inner="V D", outer="V D",
    draws={"center": below(6), "outside": below(6), "negative": below(6)},
)  # fmt: skip
def negative_sampling(center, outside, negative, inner, outer):
    v = inner[center]
    near = sigmoid(outer[outside] @ v)
    far = sigmoid(-outer[negative] @ v)
    return -np.log(near) - np.sum(np.log(far))


@sized({"N": 4, "D": 2}, {"N": 1, "D": 1}, x="N D", y="N", w="D+1")
def with_an_intercept(x, y, w):
    full = np.c_[np.ones(len(x)), x]
    return np.mean((full @ w - y) ** 2) + np.sum(w[1:] ** 2)


@sized({"N": 4}, {"N": 1}, x="N", y="N", w="4", draws={"x": positive})
def polynomial_fit(x, y, w):
    features = np.c_[np.ones(x.shape[0]), x, x**2, x**3]
    return np.sum((features @ w - y) ** 2) / len(y)


@sized({"N": 5}, {"N": 1}, points="N 2", angle="")
def turned_points(points, angle):
    c, s = np.cos(angle), np.sin(angle)
    return points @ np.array([[c, -s], [s, c]]).T


@sized({"N": 4, "D": 2}, {"N": 7, "D": 1}, x="N D", y="N", w="D")
def kept_for_validation(x, y, w):
    cut = int(0.75 * len(x))
    train = np.mean((x[:cut] @ w - y[:cut]) ** 2)
    held = np.mean((x[cut:] @ w - y[cut:]) ** 2)
    return train, held


@sized({"N": 5, "D": 2}, {"N": 3, "D": 1}, x="N D", w="D")
def mean_over_folds(x, w):
    folds = np.array_split(x, 3)
    return sum(np.mean(np.tanh(fold @ w)) for fold in folds) / len(folds)


@sized({"N": 3, "M": 2}, {"N": 1, "M": 1}, a="N", b="M")
def block_of_a_kernel(a, b):
    both = np.r_[a, b]
    kernel = np.exp(-((both[:, None] - both[None, :]) ** 2))
    n = a.shape[0]
    return np.block([[kernel[:n, :n] + np.eye(n), kernel[:n, n:]],
                     [kernel[n:, :n], kernel[n:, n:]]])  # fmt: skip
