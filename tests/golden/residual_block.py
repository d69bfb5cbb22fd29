import numpy as np


def residual_block(x, w1, w2, gamma, beta):
    mean = np.mean(x, axis=1, keepdims=True)  # (N, 1)
    h = x - mean                              # (N, L)
    std = np.sqrt(np.mean(h ** 2, axis=1, keepdims=True) + 1e-05)  # (N, 1)
    x_hat = h / std                           # (N, L)
    h_2 = gamma * x_hat + beta                # (N, L)
    h_3 = np.tanh(h_2 @ w1)                   # (N, H)
    return x + h_3 @ w2, (w1, w2, gamma, std, x_hat, h_2, h_3)


def residual_block_backward(saved, d_residual_block):
    w1, w2, gamma, std, x_hat, h_2, h_3 = saved
    d_h_3 = d_residual_block @ w2.T          # (N, L) @ (L, H)
    d_w2 = h_3.T @ d_residual_block          # (H, N) @ (N, L)
    delta = d_h_3 * (1 - h_3 * h_3)
    d_h_2 = delta @ w1.T                     # (N, H) @ (H, L)
    d_w1 = h_2.T @ delta                     # (L, N) @ (N, H)
    d_x_hat = d_h_2 * gamma
    d_beta = np.sum(d_h_2, axis=0)           # beta was copied to N rows: add up
    d_gamma = np.sum(d_h_2 * x_hat, axis=0)  # gamma was copied to N rows: add up
    h = d_x_hat - np.mean(d_x_hat, axis=1, keepdims=True)
    mean_d_x_hat = np.mean(d_x_hat * x_hat, axis=1, keepdims=True)
    # x is read more than once: add the adjoints
    d_x = (h - mean_d_x_hat * x_hat) / std + d_residual_block
    return d_x, d_w1, d_w2, d_gamma, d_beta
