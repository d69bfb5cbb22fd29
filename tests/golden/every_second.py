import numpy as np


def every_second(x):
    tanh_x = np.tanh(x[:, ::-1])  # (N, T)
    h = tanh_x * x[0]             # (N, T)
    return (h, x[-1, 2:]), (x, tanh_x, h)


def every_second_backward(saved, d_output):
    x, tanh_x, h = saved
    d_h, d_every_second_2 = d_output
    h_2 = np.zeros(x.shape, dtype=x.dtype)  # x is read more than once: add the adjoints
    h_2[0] = np.sum(d_h * tanh_x, axis=0)
    h_2[-1, 2:] += d_every_second_2
    # x is read more than once: add the adjoints
    d_x = h_2 + (d_h * (x[0] - tanh_x * h))[:, ::-1]
    return d_x
