"""Forward passes for the tests of the check, as users write them."""

import numpy as np


def layer(x, w, b):
    n = x @ w + b
    y = 1 / (1 + np.exp(-n))
    return y


def relu_layer(x, w, b):
    n = x @ w + b
    return np.maximum(n, 0)


def cross_entropy(z, t):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    return -np.mean(np.sum(t * np.log(p), axis=1))


def with_labels(z, labels):
    logp = z - np.log(np.sum(np.exp(z), axis=1, keepdims=True))
    return -np.mean(logp[np.arange(z.shape[0]), labels])


def log_likelihood(x, sigma):
    return np.sum(np.log(sigma) + 0.5 * (x / sigma) ** 2)


def fisher(x):
    return np.sum(np.arctanh(x))


def two_results(x, w):
    h = np.tanh(x @ w)
    return h, h.sum(axis=0)


def tail(x):
    return x[6:].mean() * x


def batch_norm(x, gamma, beta):
    mu = x.mean(axis=0)
    xc = x - mu
    var = (xc**2).mean(axis=0)
    std = np.sqrt(var + 1e-5)
    xhat = xc / std
    return gamma * xhat + beta, (gamma, xhat, std)


def larger(a, b):
    return np.maximum(a, b)


def elu(x):
    return np.where(x > 0, x, np.exp(x) - 1)


def steps(x):
    return np.floor(4 * x) + x * x


# Functions of one value, as they are written out: the check's own second derivative
# goes through forms that derivo keeps from overflowing.
WRITTEN_OUT = {
    "softplus": lambda x: np.log(1 + np.exp(x)),
    "softplus_by_log1p": lambda x: np.log1p(np.exp(x)),
    "log_sigmoid": lambda x: -np.log(1 + np.exp(-x)),
    "tanh_by_exp": lambda x: 2 / (1 + np.exp(-2 * x)) - 1,
    "mish": lambda x: x * np.tanh(np.log(1 + np.exp(x))),
    "swish": lambda x: x / (1 + np.exp(-x)),
    "log_cosh": lambda x: np.log(np.cosh(x)),
    "quick_gelu": lambda x: x * (1 / (1 + np.exp(-1.702 * x))),
}


def entries_added(z):
    return z[0] + z[1]


def of_integers(i):
    return i * 0.5
