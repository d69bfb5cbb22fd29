import numpy as np


def leaky_layer(x, w):
    u = x @ w             # (N, M)
    u_above_zero = u > 0  # (N, M) bool
    return np.where(u_above_zero, u, 0.01 * u), (x, w, u_above_zero)


def leaky_layer_backward(saved, d_leaky_layer):
    x, w, u_above_zero = saved
    # u is read by both branches: each has its own gradient
    d_u = np.where(u_above_zero, d_leaky_layer, 0.01 * d_leaky_layer)
    d_x = d_u @ w.T  # (N, M) @ (M, L)
    d_w = x.T @ d_u  # (L, N) @ (N, M)
    return d_x, d_w
