import numpy as np


def row_normalise(x):
    r = np.sqrt(np.sum(x ** 2, axis=1, keepdims=True))  # (N, 1)
    out = x / r  # (N, M)
    return out, (r, out)


def row_normalise_backward(saved, d_out):
    r, out = saved
    d_x = (d_out - out * np.sum(d_out * out, axis=1, keepdims=True)) / r
    return d_x
