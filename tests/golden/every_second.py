import numpy as np


def every_second(x):
    tanh_x = np.tanh(x[:, ::-1])  # (N, T)
    out = tanh_x * x[0]           # (N, T)
    return (out, x[-1, 2:]), (x, tanh_x, out)


def every_second_backward(saved, d_output):
    x, tanh_x, out = saved
    d_out, d_every_second_2 = d_output
    d_x = (d_out * (x[0] - tanh_x * out))[:, ::-1].copy()
    d_x[0] += np.sum(d_out * tanh_x, axis=0)
    d_x[-1, 2:] += d_every_second_2
    return d_x
