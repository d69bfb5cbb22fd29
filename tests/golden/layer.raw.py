import numpy as np


def layer(x, w, b):
    n = x @ w + b              # (N, M)
    exp_minus_n = np.exp(-n)   # (N, M)
    y = 1 / (1 + exp_minus_n)  # (N, M)
    return y, (x, w, exp_minus_n, y)


def layer_backward(saved, d_y):
    x, w, exp_minus_n, y = saved
    d_n = -(-d_y * y / (1 + exp_minus_n) * exp_minus_n)
    d_b = np.sum(d_n, axis=0)  # b was copied to N rows: add up
    d_x = d_n @ w.T            # (N, M) @ (M, L)
    d_w = x.T @ d_n            # (L, N) @ (N, M)
    return d_x, d_w, d_b
