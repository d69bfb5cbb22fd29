import numpy as np


def total_variation(x):
    x_diff = x[:, 1:] - x[:, :-1]  # (N, T - 1)
    return np.sum(x_diff ** 2), (x_diff, x.shape)


def total_variation_gradient(saved):
    x_diff, x_shape = saved
    d_x_diff = 2 * x_diff
    d_x = np.zeros(x_shape, dtype=x_diff.dtype)
    d_x[:, 1:] = d_x_diff
    d_x[:, :-1] -= d_x_diff
    return d_x


def total_variation_backward(saved, d_total_variation=1.0):
    return d_total_variation * total_variation_gradient(saved)
