import numpy as np


def row_normalise(x):
    r = np.sqrt(np.sum(x ** 2, axis=1, keepdims=True))  # (N, 1)
    h = x / r  # (N, M)
    return h, (r, h)


def row_normalise_backward(saved, d_h):
    r, h = saved
    h_2 = d_h - h * np.sum(d_h * h, axis=1, keepdims=True)
    d_x = h_2 / r
    return d_x
