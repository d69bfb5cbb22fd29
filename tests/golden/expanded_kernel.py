import numpy as np


def expanded_kernel(x, y):
    h = np.sum(x ** 2, axis=1)[:, None] + np.sum(y ** 2, axis=1)  # (N, M)
    h_2 = 2 * x                   # (N, D)
    squares = h - h_2 @ y.T       # (N, M)
    h_3 = np.exp(-0.5 * squares)  # (N, M)
    return np.mean(h_3), (x, y, h_2, h_3)


def expanded_kernel_gradient(saved):
    x, y, h_2, h_3 = saved
    delta = h_3 / (2 * y.shape[0] * x.shape[0])
    h = 2 * y.shape[0] * x.shape[0] * (delta @ y)
    d_x = (h - x * np.sum(h_3, axis=1, keepdims=True)) / h_3.size
    d_y = delta.T @ h_2 - np.mean(h_3, axis=0)[:, None] * y / y.shape[0]
    return d_x, d_y


def expanded_kernel_backward(saved, d_expanded_kernel=1.0):
    return tuple(d_expanded_kernel * d for d in expanded_kernel_gradient(saved))
