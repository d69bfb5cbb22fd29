import numpy as np


def rbf_kernel(x, y, width):
    x_minus_y = x[:, None] - y[None]          # (N, M, D)
    squares = np.sum(x_minus_y ** 2, axis=2)  # (N, M)
    width_squared = width ** 2
    out = np.exp(-squares / (2 * width_squared))  # (N, M)
    return out, (width, x_minus_y, squares, width_squared, out)


def rbf_kernel_backward(saved, d_out):
    width, x_minus_y, squares, width_squared, out = saved
    d_width = np.sum(d_out * squares * out) / width ** 3
    product = d_out[:, :, None] * x_minus_y * out[:, :, None]
    d_y = np.sum(product, axis=0) / width_squared
    d_x = -np.sum(product, axis=1) / width_squared
    return d_x, d_y, d_width
