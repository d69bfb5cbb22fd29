import numpy as np


def silu_layer(x, w):
    u = x @ w                         # (N, M)
    sigmoid_u = 1 / (1 + np.exp(-u))  # (N, M)
    out = sigmoid_u * u               # (N, M): written so that nothing overflows
    return out, (x, w, sigmoid_u, out)


def silu_layer_backward(saved, d_out):
    x, w, sigmoid_u, out = saved
    d_u = d_out * (sigmoid_u + out * (1 - sigmoid_u))
    d_x = d_u @ w.T  # (N, M) @ (M, L)
    d_w = x.T @ d_u  # (L, N) @ (N, M)
    return d_x, d_w
