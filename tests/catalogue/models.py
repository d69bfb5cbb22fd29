"""Regressions, kernels, factorisations and densities."""

import numpy as np

from tests.catalogue.case import case, positive, zero_or_one


@case(x="N L", w="L", t="N")
def linear_regression(x, w, t):
    return np.mean((x @ w - t) ** 2)


@case(x="N L", w="L", t="N")
def ridge_regression(x, w, t):
    residual = x @ w - t
    return residual @ residual / (2 * x.shape[0]) + 0.1 * np.dot(w, w)


@case(x="N L", w="L", b="", t="N", draws={"t": zero_or_one})
def logistic_regression(x, w, b, t):
    p = 1 / (1 + np.exp(-(x @ w + b)))
    return -np.mean(t * np.log(p) + (1 - t) * np.log(1 - p))


@case(u="N D", v="M D", ratings="N M", seen="N M", draws={"seen": zero_or_one})
def matrix_factorisation(u, v, ratings, seen):
    error = seen * (ratings - u @ v.T)
    return np.sum(error**2) + 0.01 * (np.sum(u**2) + np.sum(v**2))


@case(x="N L", v="L D", w="L")
def factorisation_machine(x, v, w):
    pairs = ((x @ v) ** 2 - (x**2) @ (v**2)).sum(axis=1)
    return x @ w + 0.5 * pairs


@case(x="N D", y="M D", width="", draws={"width": positive})
def rbf_kernel(x, y, width):
    squares = ((x[:, None, :] - y[None, :, :]) ** 2).sum(axis=-1)
    return np.exp(-squares / (2 * width**2))


@case(x="N D", y="M D")
def expanded_kernel(x, y):
    squares = (x**2).sum(1)[:, None] + (y**2).sum(1) - 2 * x @ y.T
    return np.exp(-0.5 * squares).mean()


@case(t="N", weight="N K", mu="N K", log_sigma="N K")
def mixture_density(t, weight, mu, log_sigma):
    log_weight = weight - np.log(np.exp(weight).sum(axis=1, keepdims=True))
    z = (t[:, None] - mu) / np.exp(log_sigma)
    log_normal = -0.5 * z**2 - log_sigma - 0.5 * np.log(2 * np.pi)
    return -np.mean(np.log(np.sum(np.exp(log_weight + log_normal), axis=1)))


@case(x="N D", centres="K D")
def soft_k_means(x, centres):
    distance = ((x[:, None] - centres) ** 2).sum(-1)
    e = np.exp(-distance)
    share = e / e.sum(axis=1, keepdims=True)
    return (share * distance).sum()


@case(x="N", a="K")
def polynomial(x, a):
    y = a[0] + 0 * x
    for power in range(1, 4):
        y = y + a[power] * x**power
    return y


@case(x="N L", a="L M", y="N M")
def bilinear(x, a, y):
    return np.einsum("nl,lm,nm->n", x, a, y)


@case(position="N 2", velocity="N 2")
def energy(position, velocity):
    kinetic = 0.5 * (velocity**2).sum()
    potential = np.sum(np.sqrt(1 + position[:, 0] ** 2) + np.cos(position[:, 1]))
    return kinetic + potential


@case(x="N D")
def two_moments(x):
    mean = x.mean(axis=0)
    centred = x - mean
    return mean, centred.T @ centred / (x.shape[0] - 1)
