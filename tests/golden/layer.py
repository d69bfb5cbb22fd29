import numpy as np


def layer(x, w, b):
    n = x @ w + b             # (N, M)
    y = 1 / (1 + np.exp(-n))  # (N, M)
    return y, (x, w, y)


def layer_backward(saved, d_y):
    x, w, y = saved
    d_n = d_y * y * (1 - y)    # y = sigmoid(n): dy/dn = y * (1 - y)
    d_b = np.sum(d_n, axis=0)  # b was copied to N rows: add up
    d_x = d_n @ w.T            # (N, M) @ (M, L)
    d_w = x.T @ d_n            # (L, N) @ (N, M)
    return d_x, d_w, d_b
