import numpy as np


def logits_cross_entropy(n, t):
    return np.mean(np.logaddexp(0, n) - t * n), (n, t)


def logits_cross_entropy_gradient(saved):
    n, t = saved
    minus_n = -n
    d_t = minus_n / n.shape[0]
    # exp(-softplus(-n)) is sigmoid(n), and does not overflow
    d_n = (np.exp(-np.logaddexp(0, minus_n)) - t) / n.shape[0]
    return d_n, d_t


def logits_cross_entropy_backward(saved, d_logits_cross_entropy=1.0):
    return tuple(
        d_logits_cross_entropy * d for d in logits_cross_entropy_gradient(saved)
    )
