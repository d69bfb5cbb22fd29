import numpy as np


def standardise(x):
    h = x - np.mean(x, axis=1, keepdims=True)  # (N, M)
    sqrt_h = np.sqrt(np.mean(h * h, axis=1, keepdims=True))  # (N, 1)
    h_2 = sqrt_h + 0.001  # (N, 1)
    h_3 = h / h_2         # (N, M)
    return h_3, (sqrt_h, h_2, h_3)


def standardise_backward(saved, d_h_3):
    sqrt_h, h_2, h_3 = saved
    h = (d_h_3 - np.mean(d_h_3, axis=1, keepdims=True)) / h_2
    h_4 = np.mean(d_h_3 * h_3, axis=1, keepdims=True) * h_3
    d_x = h - h_4 / sqrt_h
    return d_x
