import numpy as np


def total_variation(x):
    x_minus_x = x[:, 1:] - x[:, :-1]  # (N, T - 1)
    return np.sum(x_minus_x ** 2), (x_minus_x, x.shape)


def total_variation_gradient(saved):
    x_minus_x, x_shape = saved
    d_x_minus_x = 2 * x_minus_x
    d_x = np.zeros(x_shape, dtype=x_minus_x.dtype)
    d_x[:, 1:] = d_x_minus_x
    d_x[:, :-1] -= d_x_minus_x
    return d_x


def total_variation_backward(saved, d_total_variation=1.0):
    return d_total_variation * total_variation_gradient(saved)
