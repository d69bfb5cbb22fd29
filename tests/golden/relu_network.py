import numpy as np


def relu_network(x, w1, b1, w2, b2, w3):
    h1 = np.maximum(x @ w1 + b1, 0)   # (N, H)
    h2 = np.maximum(h1 @ w2 + b2, 0)  # (N, M)
    return (h2 @ w3)[:, 0], (x, w1, w2, w3, h1, h2)


def relu_network_backward(saved, d_relu_network):
    x, w1, w2, w3, h1, h2 = saved
    d_h2 = d_relu_network[:, None] @ w3.T  # (N, 1) @ (1, M)
    d_w3 = h2.T @ d_relu_network[:, None]  # (M, N) @ (N, 1)
    d_pre_h2 = d_h2 * (h2 > 0)
    d_b2 = np.sum(d_pre_h2, axis=0, keepdims=True)  # b2 was copied to N rows: add up
    d_h1 = d_pre_h2 @ w2.T                 # (N, M) @ (M, H)
    d_w2 = h1.T @ d_pre_h2                 # (H, N) @ (N, M)
    d_pre_h1 = d_h1 * (h1 > 0)
    d_b1 = np.sum(d_pre_h1, axis=0, keepdims=True)  # b1 was copied to N rows: add up
    d_x = d_pre_h1 @ w1.T                  # (N, H) @ (H, L)
    d_w1 = x.T @ d_pre_h1                  # (L, N) @ (N, H)
    return d_x, d_w1, d_b1, d_w2, d_b2, d_w3
