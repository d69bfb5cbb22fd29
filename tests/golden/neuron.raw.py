import numpy as np


def neuron(x, w, b):
    m = w * x
    n = m + b
    exp_minus_n = np.exp(-n)
    y = 1 / (1 + exp_minus_n)
    return y, (x, w, exp_minus_n, y)


def neuron_backward(saved, d_y):
    x, w, exp_minus_n, y = saved
    d_n = -(-d_y * y / (1 + exp_minus_n) * exp_minus_n)
    d_w = d_n * x
    d_x = d_n * w
    d_b = d_n
    return d_x, d_w, d_b
