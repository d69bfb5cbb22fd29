import numpy as np


def softmax_cross_entropy(z, t):
    e = np.exp(z)                             # (N, C)
    sum_e = np.sum(e, axis=1, keepdims=True)  # (N, 1)
    p = e / sum_e                             # (N, C)
    log_p = np.log(p)                         # (N, C)
    return -np.mean(np.sum(t * log_p, axis=1)), (t, e, sum_e, p, log_p)


def softmax_cross_entropy_gradient(saved):
    t, e, sum_e, p, log_p = saved
    d_sum_product = np.full((t.shape[0],), -1 / t.shape[0], dtype=t.dtype)
    delta = np.broadcast_to(d_sum_product[:, None], t.shape)
    d_t = delta * log_p
    d_p = delta * t / p  # log_p = log(p): dlog_p/dp = 1 / p
    # sum_e was copied to C places: add up
    d_sum_e = np.sum(-d_p * p / sum_e, axis=1, keepdims=True)
    # e is read more than once: add what comes back
    d_e = d_p / sum_e + np.broadcast_to(d_sum_e, t.shape)
    d_z = d_e * e        # e = exp(z): de/dz = e
    return d_z, d_t


def softmax_cross_entropy_backward(saved, d_softmax_cross_entropy=1.0):
    return tuple(
        d_softmax_cross_entropy * d for d in softmax_cross_entropy_gradient(saved)
    )
