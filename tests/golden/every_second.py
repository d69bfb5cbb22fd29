import numpy as np


def every_second(x):
    tanh_x = np.tanh(x[:, ::-1])  # (N, T)
    h = tanh_x * x[0]             # (N, T)
    return (h, x[-1, 2:]), (x, tanh_x, h)


def every_second_backward(saved, d_output):
    x, tanh_x, h = saved
    d_h, d_every_second_2 = d_output
    d_x = np.zeros(x.shape, dtype=x.dtype)  # x is read more than once: add the adjoints
    d_x[:, ::-1] = d_h * (x[0] - tanh_x * h)
    d_x[0] += np.sum(d_h * tanh_x, axis=0)
    d_x[-1, 2:] += d_every_second_2
    return d_x
