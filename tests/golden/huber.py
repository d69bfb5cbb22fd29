import numpy as np


# Settings: delta=1.0.
def huber(y, t):
    r = y - t                       # (N,)
    small = 0.5 * r ** 2            # (N,)
    abs_r = np.abs(r)               # (N,)
    large = abs_r - 0.5             # (N,)
    abs_r_up_to_one = abs_r <= 1.0  # (N,) bool
    out = np.mean(np.where(abs_r_up_to_one, small, large))
    return out, (r, abs_r_up_to_one)


def huber_gradient(saved):
    r, abs_r_up_to_one = saved
    one_over_N = 1 / r.shape[0]
    # r is read by both branches: each has its own gradient
    d_r = np.where(abs_r_up_to_one, one_over_N * r, np.sign(r) * one_over_N)
    d_t = -d_r
    d_y = d_r
    return d_y, d_t


def huber_backward(saved, d_huber=1.0):
    return tuple(d_huber * d for d in huber_gradient(saved))
