import numpy as np


def learned_positions(x, table):
    tanh_x = np.tanh(x + table)  # (T, D)
    return tanh_x, (tanh_x,)


def learned_positions_backward(saved, d_tanh_x):
    (tanh_x,) = saved
    d_x = d_tanh_x * (1 - tanh_x * tanh_x)
    d_table = d_x
    return d_x, d_table
