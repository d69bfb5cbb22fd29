import numpy as np


def log_cosh(y, t):
    y_minus_t = y - t                  # (N,)
    abs_y_minus_t = np.abs(y_minus_t)  # (N,)
    # (N,): written so that nothing overflows
    log_cosh_y_minus_t = abs_y_minus_t + np.log1p(np.expm1(-2 * abs_y_minus_t) / 2)
    return np.sum(log_cosh_y_minus_t), (y_minus_t,)


def log_cosh_gradient(saved):
    (y_minus_t,) = saved
    d_y = np.tanh(y_minus_t)
    d_t = -d_y
    return d_y, d_t


def log_cosh_backward(saved, d_log_cosh=1.0):
    return tuple(d_log_cosh * d for d in log_cosh_gradient(saved))
