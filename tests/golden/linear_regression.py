import numpy as np


def linear_regression(x, w, t):
    x_at_w_minus_t = x @ w - t  # (N,)
    return np.mean(x_at_w_minus_t ** 2), (x, w, x_at_w_minus_t)


def linear_regression_gradient(saved):
    x, w, x_at_w_minus_t = saved
    d_x_at_w_minus_t = 2 / x.shape[0] * x_at_w_minus_t
    d_t = -d_x_at_w_minus_t
    d_w = x.T @ d_x_at_w_minus_t  # (L, N) @ (N,)
    d_x = d_x_at_w_minus_t[:, None] * w
    return d_x, d_w, d_t


def linear_regression_backward(saved, d_linear_regression=1.0):
    return tuple(d_linear_regression * d for d in linear_regression_gradient(saved))
