import numpy as np


def neuron(x, w, b):
    m = w * x
    n = m + b
    exp_n = np.exp(-n)
    h = 1 + exp_n
    y = 1 / h
    return y, (x, w, exp_n, h, y)


def neuron_backward(saved, d_y):
    x, w, exp_n, h, y = saved
    d_n = -(-d_y * y / h * exp_n)
    d_w = d_n * x
    d_x = d_n * w
    d_b = d_n
    return d_x, d_w, d_b
