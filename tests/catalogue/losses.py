"""Losses, in the spellings that people use."""

import numpy as np

from derivo import Spec
from tests.catalogue.case import (
    below,
    case,
    counts,
    minus_or_plus_one,
    one_hot,
    positive,
    zero_or_one,
)

LABELS = {"labels": below(6)}
INTEGERS = Spec("N", "int")


@case(z="N C", t="N C", draws={"t": one_hot})
def softmax_cross_entropy(z, t):
    e = np.exp(z)
    p = e / np.sum(e, axis=1, keepdims=True)
    return -np.mean(np.sum(t * np.log(p), axis=1))


@case(z="N C", t="N C", draws={"t": one_hot})
def shifted_cross_entropy(z, t):
    z = z - z.max(axis=1, keepdims=True)
    e = np.exp(z)
    p = e / e.sum(axis=1, keepdims=True)
    loss = -(t * np.log(p)).sum() / z.shape[0]
    return loss


@case(z="N C", t="N C", draws={"t": one_hot})
def logsumexp_cross_entropy(z, t):
    log_p = z - np.log(np.sum(np.exp(z), axis=-1, keepdims=True))
    return -np.mean((t * log_p).sum(-1))


@case(z="N C", labels=INTEGERS, draws=LABELS)
def labelled_cross_entropy(z, labels):
    e = np.exp(z - np.max(z, axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    return -np.log(p[np.arange(z.shape[0]), labels]).mean()


@case(z="N C", t="N C", draws={"t": one_hot})
def smoothed_cross_entropy(z, t):
    target = 0.9 * t + 0.1 / z.shape[1]
    log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    return -(target * log_p).sum(axis=1).mean()


@case(n="N", t="N", draws={"t": zero_or_one})
def binary_cross_entropy(n, t):
    p = 1 / (1 + np.exp(-n))
    return -np.mean(t * np.log(p) + (1 - t) * np.log(1 - p))


@case(n="N", t="N", draws={"t": zero_or_one})
def logits_cross_entropy(n, t):
    return np.mean(np.log(1 + np.exp(n)) - t * n)


@case(z="N C", t="N C", draws={"t": one_hot})
def focal_loss(z, t, gamma=2.0):
    e = np.exp(z)
    p = e / e.sum(axis=1, keepdims=True)
    p_right = (p * t).sum(axis=1)
    return np.mean(-((1 - p_right) ** gamma) * np.log(p_right))


@case(a="N D", b="N D")
def info_nce(a, b):
    temperature = 0.5
    a = a / np.sqrt((a**2).sum(axis=1, keepdims=True))
    b = b / np.sqrt((b**2).sum(axis=1, keepdims=True))
    s = a @ b.T / temperature
    log_p = s - np.log(np.exp(s).sum(axis=1, keepdims=True))
    return -np.mean(log_p.diagonal())


@case(anchor="N D", near="N D", far="N D", analytic=False)
def triplet_loss(anchor, near, far):
    closer = ((anchor - near) ** 2).sum(axis=1)
    farther = ((anchor - far) ** 2).sum(axis=1)
    return np.mean(np.maximum(closer - farther + 1.0, 0.0))


@case(mu="N", log_sigma="N", t="N")
def gaussian_nll(mu, log_sigma, t):
    z = (t - mu) / np.exp(log_sigma)
    return np.mean(0.5 * z**2 + log_sigma + 0.5 * np.log(2 * np.pi))


@case(mu="N", variance="N", t="N", draws={"variance": positive})
def variance_nll(mu, variance, t):
    return 0.5 * np.sum(np.log(variance) + (t - mu) ** 2 / variance)


@case(mu="N D", log_variance="N D")
def vae_kl(mu, log_variance):
    kl = -0.5 * np.sum(1 + log_variance - mu**2 - np.exp(log_variance), axis=1)
    return kl.mean()


@case(rate="N", k="N", draws={"k": counts})
def poisson_nll(rate, k):
    return np.mean(np.exp(rate) - k * rate)


@case(y="N", t="N", analytic=False)
def huber(y, t, delta=1.0):
    r = y - t
    small = 0.5 * r**2
    large = delta * (np.abs(r) - 0.5 * delta)
    return np.where(np.abs(r) <= delta, small, large).mean()


@case(y="N", t="N", analytic=False)
def quantile_loss(y, t):
    r = t - y
    return np.mean(np.maximum(0.9 * r, (0.9 - 1) * r))


@case(y="N", t="N", draws={"t": minus_or_plus_one}, analytic=False)
def hinge(y, t):
    return np.maximum(0, 1 - t * y).mean()


@case(y="N", t="N")
def log_cosh(y, t):
    return np.sum(np.log(np.cosh(y - t)))


@case(p="N C", q="N C", draws={"p": positive, "q": positive})
def kl_divergence(p, q):
    p = p / p.sum(axis=1, keepdims=True)
    q = q / q.sum(axis=1, keepdims=True)
    return np.sum(p * (np.log(p) - np.log(q)), axis=1).mean()


@case(y="N M", t="N M", draws={"y": positive, "t": zero_or_one})
def dice_loss(y, t):
    both = 2 * (y * t).sum() + 1
    return 1 - both / (y.sum() + t.sum() + 1)
