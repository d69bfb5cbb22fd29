import numpy as np


def elu_layer(x, w):
    u = x @ w                         # (N, M)
    h = u > 0                         # (N, M) bool
    exp_u = np.exp(np.minimum(u, 0))  # (N, M)
    return np.where(h, u, exp_u - 1), (x, w, u, h, exp_u)


def elu_layer_backward(saved, d_elu_layer):
    x, w, u, h, exp_u = saved
    # u is read by both branches: each has its own adjoint
    d_u = np.where(h, d_elu_layer, d_elu_layer * exp_u * (u <= 0))
    d_x = d_u @ w.T  # (N, M) @ (M, L)
    d_w = x.T @ d_u  # (L, N) @ (N, M)
    return d_x, d_w
