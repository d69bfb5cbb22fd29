import numpy as np


def silu_layer(x, w):
    u = x @ w                 # (N, M)
    h = 1 / (1 + np.exp(-u))  # (N, M)
    h_2 = h * u               # (N, M): written so that nothing overflows
    return h_2, (x, w, h, h_2)


def silu_layer_backward(saved, d_h_2):
    x, w, h, h_2 = saved
    d_u = d_h_2 * (h + h_2 * (1 - h))
    d_x = d_u @ w.T  # (N, M) @ (M, L)
    d_w = x.T @ d_u  # (L, N) @ (N, M)
    return d_x, d_w
