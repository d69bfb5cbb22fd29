import numpy as np


def binary_cross_entropy(n, t):
    minus_n = -n                            # (N,)
    p = 1 / (1 + np.exp(minus_n))           # (N,)
    log_p = -np.logaddexp(0, minus_n)       # (N,): written so that nothing overflows
    minus_softplus_n = -np.logaddexp(0, n)  # (N,): written so that nothing overflows
    mean_total = np.mean(t * log_p + (1 - t) * minus_softplus_n)
    return -mean_total, (t, p, log_p, minus_softplus_n)


def binary_cross_entropy_gradient(saved):
    t, p, log_p, minus_softplus_n = saved
    d_n = (p - t) / t.shape[0]
    d_t = (minus_softplus_n - log_p) / t.shape[0]
    return d_n, d_t


def binary_cross_entropy_backward(saved, d_binary_cross_entropy=1.0):
    return tuple(
        d_binary_cross_entropy * d for d in binary_cross_entropy_gradient(saved)
    )
