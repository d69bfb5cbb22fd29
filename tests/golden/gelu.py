import numpy as np


def gelu(x):
    h = x ** 3     # (N, M)
    h_2 = np.tanh(0.7978845608028654 * (x + 0.044715 * h))  # (N, M)
    h_3 = 1 + h_2  # (N, M)
    return 0.5 * x * h_3, (x, h, h_2, h_3)


def gelu_backward(saved, d_gelu):
    x, h, h_2, h_3 = saved
    h_4 = 0.3989422804014327 * x + 0.05351611220445019 * h
    d_x = d_gelu * ((1 - h_2 ** 2) * h_4 + h_3 / 2)
    return d_x
