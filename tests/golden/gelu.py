import numpy as np


def gelu(x):
    x_cubed = x ** 3  # (N, M)
    tanh_product = np.tanh((2 / np.pi) ** 0.5 * (x + 0.044715 * x_cubed))  # (N, M)
    return 0.5 * x * (1 + tanh_product), (x, x_cubed, tanh_product)


def gelu_backward(saved, d_gelu):
    x, x_cubed, tanh_product = saved
    total = 1 / (2 * np.pi) ** 0.5 * x + 0.05351611220445019 * x_cubed
    d_x = d_gelu * ((1 - tanh_product ** 2) * total + (1 + tanh_product) / 2)
    return d_x
