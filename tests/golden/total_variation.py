import numpy as np


def total_variation(x):
    h = x[:, 1:] - x[:, :-1]  # (N, T - 1)
    return np.sum(h ** 2), (h, x.shape)


def total_variation_gradient(saved):
    h, x_shape = saved
    d_h = 2 * h
    d_x = np.zeros(x_shape, dtype=h.dtype)  # x is read more than once: add the adjoints
    d_x[:, 1:] = d_h
    d_x[:, :-1] += -d_h
    return d_x


def total_variation_backward(saved, d_total_variation=1.0):
    return d_total_variation * total_variation_gradient(saved)
