import numpy as np


def variance_nll(mu, variance, t):
    t_minus_mu = t - mu                 # (N,)
    ratio = t_minus_mu ** 2 / variance  # (N,)
    return 0.5 * np.sum(np.log(variance) + ratio), (variance, t_minus_mu, ratio)


def variance_nll_gradient(saved):
    variance, t_minus_mu, ratio = saved
    d_t = t_minus_mu / variance
    d_mu = -d_t
    d_variance = (1 - ratio) / 2 / variance
    return d_mu, d_variance, d_t


def variance_nll_backward(saved, d_variance_nll=1.0):
    return tuple(d_variance_nll * d for d in variance_nll_gradient(saved))
