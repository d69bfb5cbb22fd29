import numpy as np


def logistic_regression(x, w, b, t):
    h = x @ w + b                  # (N,)
    h_2 = -h                       # (N,)
    p = 1 / (1 + np.exp(h_2))      # (N,)
    log_p = -np.logaddexp(0, h_2)  # (N,): written so that nothing overflows
    h_3 = -np.logaddexp(0, h)      # (N,): written so that nothing overflows
    return -np.mean(t * log_p + (1 - t) * h_3), (x, w, t, p, log_p, h_3)


def logistic_regression_gradient(saved):
    x, w, t, p, log_p, h_3 = saved
    d_h = (p - t) / x.shape[0]
    d_t = (h_3 - log_p) / x.shape[0]
    d_b = np.sum(d_h)  # b was copied to N rows: add up
    d_x = d_h[:, None] * w
    d_w = x.T @ d_h    # (L, N) @ (N,)
    return d_x, d_w, d_b, d_t


def logistic_regression_backward(saved, d_logistic_regression=1.0):
    return tuple(d_logistic_regression * d for d in logistic_regression_gradient(saved))
