import numpy as np


def logistic_regression(x, w, b, t):
    x_at_w_plus_b = x @ w + b             # (N,)
    minus_x_at_w_plus_b = -x_at_w_plus_b  # (N,)
    p = 1 / (1 + np.exp(minus_x_at_w_plus_b))  # (N,)
    # (N,): written so that nothing overflows
    log_p = -np.logaddexp(0, minus_x_at_w_plus_b)
    # (N,): written so that nothing overflows
    minus_softplus = -np.logaddexp(0, x_at_w_plus_b)
    return -np.mean(t * log_p + (1 - t) * minus_softplus), (
        x, w, t, p, log_p, minus_softplus
    )


def logistic_regression_gradient(saved):
    x, w, t, p, log_p, minus_softplus = saved
    d_x_at_w_plus_b = (p - t) / x.shape[0]
    d_t = (minus_softplus - log_p) / x.shape[0]
    d_b = np.sum(d_x_at_w_plus_b)  # b was copied to N rows: add up
    d_x = d_x_at_w_plus_b[:, None] * w
    d_w = x.T @ d_x_at_w_plus_b    # (L, N) @ (N,)
    return d_x, d_w, d_b, d_t


def logistic_regression_backward(saved, d_logistic_regression=1.0):
    return tuple(d_logistic_regression * d for d in logistic_regression_gradient(saved))
