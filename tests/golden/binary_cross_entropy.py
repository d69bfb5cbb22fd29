import numpy as np


def binary_cross_entropy(n, t):
    h = -n                       # (N,)
    p = 1 / (1 + np.exp(h))      # (N,)
    log_p = -np.logaddexp(0, h)  # (N,): written so that nothing overflows
    h_2 = -np.logaddexp(0, n)    # (N,): written so that nothing overflows
    return -np.mean(t * log_p + (1 - t) * h_2), (t, p, log_p, h_2)


def binary_cross_entropy_gradient(saved):
    t, p, log_p, h_2 = saved
    d_n = (p - t) / t.shape[0]
    d_t = (h_2 - log_p) / t.shape[0]
    return d_n, d_t


def binary_cross_entropy_backward(saved, d_binary_cross_entropy=1.0):
    return tuple(d_binary_cross_entropy * d for d in binary_cross_entropy_gradient(saved))
