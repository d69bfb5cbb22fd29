import numpy as np


def learned_positions(x, table):
    tanh_x = np.tanh(x + table[:x.shape[0]])  # (T, D)
    return tanh_x, (tanh_x,)


def learned_positions_backward(saved, d_tanh_x):
    (tanh_x,) = saved
    d_x = d_tanh_x * (1 - tanh_x * tanh_x)
    d_table = np.zeros(tanh_x.shape, dtype=tanh_x.dtype)
    d_table[:tanh_x.shape[0]] = d_x
    return d_x, d_table
