import numpy as np


def tanh_network(x, w1, b1, w2, b2):
    h = np.tanh(x @ w1 + b1)  # (N, H)
    return h @ w2 + b2, (x, w1, w2, h)


def tanh_network_backward(saved, d_tanh_network):
    x, w1, w2, h = saved
    d_h = d_tanh_network @ w2.T            # (N, C) @ (C, H)
    d_w2 = h.T @ d_tanh_network            # (H, N) @ (N, C)
    d_pre_h = d_h * (1 - h * h)
    d_x = d_pre_h @ w1.T                   # (N, H) @ (H, L)
    d_w1 = x.T @ d_pre_h                   # (L, N) @ (N, H)
    d_b2 = np.sum(d_tanh_network, axis=0)  # b2 was copied to N rows: add up
    d_b1 = np.sum(d_pre_h, axis=0)         # b1 was copied to N rows: add up
    return d_x, d_w1, d_b1, d_w2, d_b2
