import numpy as np


def expanded_kernel(x, y):
    squares = np.sum(x ** 2, axis=1)[:, None] + np.sum(y ** 2, axis=1) - 2 * x @ y.T
    exp_product = np.exp(-0.5 * squares)  # (N, M)
    return np.mean(exp_product), (x, y, exp_product)


def expanded_kernel_gradient(saved):
    x, y, exp_product = saved
    delta = exp_product / (2 * y.shape[0] * x.shape[0])
    product = x * np.sum(exp_product, axis=1, keepdims=True)
    d_x = (2 * y.shape[0] * x.shape[0] * (delta @ y) - product) / exp_product.size
    d_y = delta.T @ (2 * x) - np.mean(exp_product, axis=0)[:, None] * y / y.shape[0]
    return d_x, d_y


def expanded_kernel_backward(saved, d_expanded_kernel=1.0):
    return tuple(d_expanded_kernel * d for d in expanded_kernel_gradient(saved))
