"""Losses of classes and of yes and no, in many spellings."""

from __future__ import annotations

import numpy as np

from derivo import Spec
from tests.simplify.spelling import (
    below,
    between,
    one_hot,
    one_hot_columns,
    soft_rows,
    spelling,
    zero_or_one,
)

LABELS = Spec("N", "int")
JACOBIAN = "Bishop, PRML, 4.3.4: p (g - sum(g p))"
CLASSES = "Goodfellow et al., Deep Learning, 6.2.2: (p - t) / N"
SUMMED = "the same, summed: p - t"
BINARY = "Bishop, PRML, 4.3.2: (p - t) / N"
SAVED = BINARY + ", and p = 1 / (1 + exp(-z)) is computed here: four more"
SIGMOID = "Goodfellow et al., Deep Learning, 3.10: g y (1 - y)"


# --- softmax --------------------------------------------------------------------------


@spelling(z="C", most=4, source=JACOBIAN)
def softmax_vector(z):
    return np.exp(z) / np.sum(np.exp(z))


@spelling(z="N C", most=4, source=JACOBIAN)
def softmax_rows(z):
    return np.exp(z) / np.exp(z).sum(-1, keepdims=True)


@spelling(z="C N", most=4, source=JACOBIAN)
def softmax_columns(z):
    e = np.exp(z - np.max(z, axis=0))
    return e / e.sum(axis=0)


@spelling(z="N C", most=4, source=JACOBIAN)
def softmax_einsum(z):
    e = np.exp(z)
    return np.einsum("nc,n->nc", e, 1 / np.einsum("nc->n", e))


@spelling(z="N C", most=4, source=JACOBIAN)
def softmax_by_logs(z):
    return np.exp(z - np.log(np.sum(np.exp(z), axis=1, keepdims=True)))


@spelling(z="B T C", most=4, source=JACOBIAN)
def softmax_of_sequences(z):
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    e /= e.sum(axis=-1, keepdims=True)
    return e


@spelling(z="N C", most=4, source=JACOBIAN)
def softmax_transposed(z):
    return (np.exp(z).T / np.exp(z).sum(1)).T


@spelling(z="N C", most=4, source="g - p sum(g): torch.nn.LogSoftmax, its backward")
def log_softmax(z):
    m = z.max(1, keepdims=True)
    return z - m - np.log(np.exp(z - m).sum(1, keepdims=True))


@spelling(z="N C", most=4, source="g - p sum(g), p = exp(y)")
def log_of_softmax(z):
    p = np.exp(z) / np.exp(z).sum(1, keepdims=True)
    return np.log(p)


# --- classes --------------------------------------------------------------------------


@spelling(z="N C", t="N C", wrt="z", draws={"t": one_hot}, most=2, source=CLASSES)
def ce_mean_of_sums(z, t):
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    return -np.mean(np.sum(t * np.log(p), axis=1))


@spelling(z="N C", t="N C", wrt="z", draws={"t": one_hot}, most=2, source=CLASSES)
def ce_einsum(z, t):
    p = np.exp(z) / np.exp(z).sum(axis=1)[:, None]
    return -np.einsum("nc,nc->", t, np.log(p)) / z.shape[0]


@spelling(z="N C", t="N C", wrt="z", draws={"t": one_hot}, most=1, source=SUMMED)
def ce_sum(z, t):
    m = z.max(axis=1, keepdims=True)
    p = np.exp(z - m) / np.sum(np.exp(z - m), axis=1, keepdims=True)
    return -(t * np.log(p)).sum()


@spelling(z="N C", t="N C", wrt="z", draws={"t": soft_rows}, most=3,
          source="the same for each row: g (p - t), and p is computed here: one more")  # fmt: skip
def ce_none(z, t):
    logp = z - np.log(np.exp(z).sum(1, keepdims=True))
    return -(t * logp).sum(axis=1)


@spelling(
    z="C N", t="C N", wrt="z", draws={"t": one_hot_columns}, most=2, source=CLASSES
)
def ce_columns(z, t):
    p = np.exp(z) / np.exp(z).sum(0)
    return -(t * np.log(p)).sum(0).mean()


@spelling(z="N C", y=LABELS, draws={"y": below(6)}, most=4,
          source=CLASSES + ", one-hot rows from labels: one more, p: one more")  # fmt: skip
def ce_labels(z, y):
    z = z - z.max(axis=1, keepdims=True)
    logp = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    return -logp[np.arange(y.shape[0]), y].mean()


@spelling(z="N C", y=LABELS, draws={"y": below(6)}, most=3,
          source=CLASSES + ", one-hot rows from labels: one more")  # fmt: skip
def ce_labels_of_softmax(z, y):
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    return -np.log(p[np.arange(z.shape[0]), y]).mean()


@spelling(z="N C", y=LABELS, draws={"y": below(6)}, most=3,
          source=SUMMED + ", one-hot rows from labels: one more, p: one more")  # fmt: skip
def ce_labels_lse(z, y):
    lse = np.log(np.sum(np.exp(z), axis=1))
    return np.sum(lse - z[np.arange(z.shape[0]), y])


@spelling(z="N C", y=LABELS, draws={"y": below(6)}, most=4,
          source=CLASSES + ", one-hot rows from labels: one more, p: one more")  # fmt: skip
def ce_labels_along(z, y):
    logp = z - np.log(np.sum(np.exp(z), axis=1, keepdims=True))
    return -np.mean(np.take_along_axis(logp, y[:, None], axis=1))


@spelling(z="N C", y=LABELS, w="C", wrt="z",
          draws={"y": below(6), "w": between(0.5, 2)}, most=5,
          source="w[y] (p - onehot) / N: one-hot, difference, product, quotient")  # fmt: skip
def ce_labels_weighted(z, y, w):
    logp = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    return -(w[y] * logp[np.arange(y.shape[0]), y]).mean()


@spelling(z="N C", y=LABELS, draws={"y": below(6)}, most=3,
          source=CLASSES + ", less one at the labels, p is kept: one more")  # fmt: skip
def ce_eye(z, y):
    t = np.eye(z.shape[1])[y]
    p = np.exp(z - z.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    return -(t * np.log(p)).sum(1).mean()


@spelling(z="N C", t="N C", wrt="z", draws={"t": one_hot}, most=2,
          source="Szegedy et al. 2016: (p - t') / N with the smoothed target t'")  # fmt: skip
def ce_smoothed(z, t):
    soft = 0.9 * t + 0.1 / z.shape[1]
    p = np.exp(z) / np.exp(z).sum(1, keepdims=True)
    return -np.mean(np.sum(soft * np.log(p), axis=1))


@spelling(z="N C", t="N C", wrt="z", draws={"t": soft_rows}, most=4,
          source="Hinton et al. 2015, eq. 2: (p - t) / T, over N, and p computed")  # fmt: skip
def ce_temperature(z, t, tau=2.5):
    u = z / tau
    logp = u - np.log(np.exp(u).sum(axis=1, keepdims=True))
    return -(t * logp).sum(axis=1).mean()


@spelling(z="N C", w="N", t="N C", wrt="z", draws={"t": one_hot, "w": between(0.5, 2)},
          most=2, source="w (p - t), for each row")  # fmt: skip
def ce_weighted_rows(z, w, t):
    p = np.exp(z) / np.exp(z).sum(1, keepdims=True)
    return -np.sum(w[:, None] * t * np.log(p))


@spelling(x="N M", w="M C", b="C", t="N C", wrt=("w", "b"), draws={"t": one_hot},
          most=4, source="Bishop, PRML, eq. 4.109: X^T (p - t) / N, and its sum for b")  # fmt: skip
def ce_linear(x, w, b, t):
    z = x @ w + b
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    return -np.mean(np.sum(t * np.log(p), axis=1))


@spelling(z="N C", q="N C", wrt="z", draws={"q": soft_rows}, most=2, source=CLASSES)
def kl_to_softmax(z, q):
    p = np.exp(z) / np.exp(z).sum(1, keepdims=True)
    return np.sum(q * (np.log(q) - np.log(p))) / z.shape[0]


@spelling(z="N C")
def entropy_of_softmax(z):
    p = np.exp(z) / np.exp(z).sum(1, keepdims=True)
    return -np.mean(np.sum(p * np.log(p), axis=1))


# --- yes and no -----------------------------------------------------------------------


@spelling(x="N", most=3, source=SIGMOID)
def sigmoid_quotient(x):
    return 1 / (1 + np.exp(-x))


@spelling(x="N", most=3, source=SIGMOID)
def sigmoid_growing(x):
    return np.exp(x) / (np.exp(x) + 1)


@spelling(x="N", most=3, source=SIGMOID)
def sigmoid_tanh(x):
    return 0.5 * (1 + np.tanh(x / 2))


@spelling(x="N", most=3, source=SIGMOID)
def sigmoid_reciprocal(x):
    return np.reciprocal(1.0 + np.exp(-x))


@spelling(x="N", most=3, source=SIGMOID)
def sigmoid_power(x):
    return (1 + np.exp(-x)) ** -1


@spelling(x="N", most=3, source=SIGMOID)
def sigmoid_where(x):
    return np.where(x >= 0, 1 / (1 + np.exp(-x)), np.exp(x) / (1 + np.exp(x)))


@spelling(x="N", most=3, source=SIGMOID)
def sigmoid_logaddexp(x):
    return np.exp(-np.logaddexp(0, -x))


@spelling(x="N", most=3, source=SIGMOID)
def other_side(x):
    return 1 - 1 / (1 + np.exp(-x))


@spelling(x="N", most=5, source="g sigmoid(x)")
def softplus_log1p(x):
    return np.log1p(np.exp(x))


@spelling(x="N", most=5, source="g (1 - p), with p = sigmoid(x)")
def log_sigmoid(x):
    return -np.log(1 + np.exp(-x))


@spelling(z="N", t="N", wrt="z", draws={"t": zero_or_one}, most=2, source=BINARY)
def bce_mean(z, t):
    p = 1 / (1 + np.exp(-z))
    return -np.mean(t * np.log(p) + (1 - t) * np.log(1 - p))


@spelling(z="N M", t="N M", wrt="z", draws={"t": zero_or_one}, most=2, source=BINARY)
def bce_two_sums(z, t):
    p = 1 / (1 + np.exp(-z))
    return -(np.sum(t * np.log(p)) + np.sum((1 - t) * np.log(1 - p))) / z.shape[0]


@spelling(z="N", t="N", wrt="z", draws={"t": zero_or_one}, most=6, source=SAVED)
def bce_softplus(z, t):
    return np.mean(np.log(1 + np.exp(z)) - t * z)


@spelling(z="N", t="N", wrt="z", draws={"t": zero_or_one}, most=6, source=SAVED)
def bce_stable(z, t):
    return np.mean(np.maximum(z, 0) - z * t + np.log1p(np.exp(-np.abs(z))))


@spelling(z="N", t="N", wrt="z", draws={"t": zero_or_one}, most=6, source=SAVED)
def bce_logaddexp(z, t):
    return np.mean(t * np.logaddexp(0, -z) + (1 - t) * np.logaddexp(0, z))


@spelling(z="N", t="N", wrt="z", draws={"t": zero_or_one}, most=2, source=BINARY)
def bce_tanh(z, t):
    p = (np.tanh(z / 2) + 1) / 2
    return -np.mean(t * np.log(p) + (1 - t) * np.log(1 - p))


@spelling(z="N", t="N", wrt="z", draws={"t": zero_or_one}, most=2, source=BINARY)
def bce_dots(z, t):
    p = np.exp(z) / (1 + np.exp(z))
    return -(t @ np.log(p) + (1 - t) @ np.log(1 - p)) / z.size


@spelling(x="N M", w="M", b="", t="N", wrt=("w", "b"), draws={"t": zero_or_one},
          most=4, source="Bishop, PRML, eq. 4.91: X^T (p - t) / N, and its sum for b")  # fmt: skip
def logistic_regression(x, w, b, t):
    p = 1 / (1 + np.exp(-(x @ w + b)))
    return -np.mean(t * np.log(p) + (1 - t) * np.log(1 - p))


@spelling(z="N", t="N", wrt="z", draws={"t": zero_or_one})
def focal_loss(z, t):
    p = 1 / (1 + np.exp(-z))
    return -np.mean(t * (1 - p) ** 2 * np.log(p) + (1 - t) * p**2 * np.log(1 - p))


@spelling(z="N C", t="N C", wrt="z", draws={"t": one_hot})
def focal_softmax(z, t):
    p = np.exp(z) / np.exp(z).sum(1, keepdims=True)
    return -np.mean(np.sum(t * (1 - p) ** 2 * np.log(p), axis=1))


@spelling(a="N M", b="N M", most=18,
          source="as attention: d_s = (softmax(s) - I) / (N tau), two products; then two "
          "unit lengths of 5 operations each")  # fmt: skip
def info_nce(a, b, tau=0.1):
    a = a / np.linalg.norm(a, axis=1, keepdims=True)
    b = b / np.linalg.norm(b, axis=1, keepdims=True)
    s = a @ b.T / tau
    return np.mean(np.log(np.exp(s).sum(axis=1)) - np.diag(s))


@spelling(a="N M", b="N M")
def clip_loss(a, b):
    s = a @ b.T
    rows = np.log(np.exp(s).sum(axis=1)) - np.diag(s)
    columns = np.log(np.exp(s).sum(axis=0)) - np.diag(s)
    return 0.5 * (rows.mean() + columns.mean())


@spelling(
    u="N",
    v="N",
    most=6,
    source="Rendle et al. 2009 (BPR): -sigmoid(v - u), and its negative",
)
def pairwise_ranking(u, v):
    return -np.sum(np.log(1 / (1 + np.exp(-(u - v)))))
