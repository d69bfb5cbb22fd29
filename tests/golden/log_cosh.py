import numpy as np


def log_cosh(y, t):
    y_minus_t = y - t                    # (N,)
    cosh_y_minus_t = np.cosh(y_minus_t)  # (N,)
    return np.sum(np.log(cosh_y_minus_t)), (y_minus_t, cosh_y_minus_t)


def log_cosh_gradient(saved):
    y_minus_t, cosh_y_minus_t = saved
    d_y = np.sinh(y_minus_t) / cosh_y_minus_t
    d_t = -d_y
    return d_y, d_t


def log_cosh_backward(saved, d_log_cosh=1.0):
    return tuple(d_log_cosh * d for d in log_cosh_gradient(saved))
