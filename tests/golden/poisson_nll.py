import numpy as np


def poisson_nll(rate, k):
    exp_rate = np.exp(rate)  # (N,)
    return np.mean(exp_rate - k * rate), (rate, k, exp_rate)


def poisson_nll_gradient(saved):
    rate, k, exp_rate = saved
    d_k = -rate / rate.shape[0]
    d_rate = (exp_rate - k) / rate.shape[0]
    return d_rate, d_k


def poisson_nll_backward(saved, d_poisson_nll=1.0):
    return tuple(d_poisson_nll * d for d in poisson_nll_gradient(saved))
