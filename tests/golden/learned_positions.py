import numpy as np


def learned_positions(x, table):
    out = np.tanh(x + table)  # (T, D)
    return out, (out,)


def learned_positions_backward(saved, d_out):
    (out,) = saved
    d_x = d_out * (1 - out * out)
    d_table = d_x
    return d_x, d_table
