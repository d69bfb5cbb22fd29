import numpy as np


def neuron(x, w, b):
    m = w * x
    n = m + b
    y = 1 / (1 + np.exp(-n))
    return y, (x, w, y)


def neuron_backward(saved, d_y):
    x, w, y = saved
    d_n = d_y * y * (1 - y)  # y = sigmoid(n): dy/dn = y * (1 - y)
    d_w = d_n * x
    d_x = d_n * w
    d_b = d_n
    return d_x, d_w, d_b
