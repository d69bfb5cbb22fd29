import numpy as np


def elu_layer(x, w):
    u = x @ w                               # (N, M)
    exp_minimum = np.exp(np.minimum(u, 0))  # (N, M)
    return np.where(u > 0, u, exp_minimum - 1), (x, w, u, exp_minimum)


def elu_layer_backward(saved, d_elu_layer):
    x, w, u, exp_minimum = saved
    # u is read by both branches: each has its own gradient
    d_u = np.where(u > 0, d_elu_layer, d_elu_layer * exp_minimum * (u <= 0))
    d_x = d_u @ w.T  # (N, M) @ (M, L)
    d_w = x.T @ d_u  # (L, N) @ (N, M)
    return d_x, d_w
