import numpy as np


def rbf_kernel(x, y, width):
    h = x[:, None] - y[None]          # (N, M, D)
    squares = np.sum(h ** 2, axis=2)  # (N, M)
    h_2 = width ** 2
    exp_squares = np.exp(-squares / (2 * h_2))  # (N, M)
    return exp_squares, (width, h, squares, h_2, exp_squares)


def rbf_kernel_backward(saved, d_exp_squares):
    width, h, squares, h_2, exp_squares = saved
    d_width = np.sum(d_exp_squares * squares * exp_squares) / width ** 3
    h_3 = d_exp_squares[:, :, None] * h * exp_squares[:, :, None]
    d_y = np.sum(h_3, axis=0) / h_2
    d_x = -np.sum(h_3, axis=1) / h_2
    return d_x, d_y, d_width
