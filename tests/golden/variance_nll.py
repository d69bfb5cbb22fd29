import numpy as np


def variance_nll(mu, variance, t):
    h = t - mu               # (N,)
    h_2 = h ** 2 / variance  # (N,)
    return 0.5 * np.sum(np.log(variance) + h_2), (variance, h, h_2)


def variance_nll_gradient(saved):
    variance, h, h_2 = saved
    d_t = h / variance
    d_mu = -d_t
    d_variance = (1 - h_2) / 2 / variance
    return d_mu, d_variance, d_t


def variance_nll_backward(saved, d_variance_nll=1.0):
    return tuple(d_variance_nll * d for d in variance_nll_gradient(saved))
