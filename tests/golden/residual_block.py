import numpy as np


def residual_block(x, w1, w2, gamma, beta):
    mean = np.mean(x, axis=1, keepdims=True)  # (N, 1)
    centred_x = x - mean                      # (N, L)
    pre_std = np.mean(centred_x ** 2, axis=1, keepdims=True) + 1e-05  # (N, 1)
    std = np.sqrt(pre_std)                    # (N, 1)
    x_hat = centred_x / std                   # (N, L)
    total = gamma * x_hat + beta              # (N, L)
    h = np.tanh(total @ w1)                   # (N, H)
    return x + h @ w2, (w1, w2, gamma, std, x_hat, total, h)


def residual_block_backward(saved, d_residual_block):
    w1, w2, gamma, std, x_hat, total, h = saved
    d_h = d_residual_block @ w2.T     # (N, L) @ (L, H)
    d_w2 = h.T @ d_residual_block     # (H, N) @ (N, L)
    d_pre_h = d_h * (1 - h * h)
    d_total = d_pre_h @ w1.T          # (N, H) @ (H, L)
    d_w1 = total.T @ d_pre_h          # (L, N) @ (N, H)
    d_x_hat = d_total * gamma
    d_beta = np.sum(d_total, axis=0)  # beta was copied to N rows: add up
    d_gamma = np.sum(d_total * x_hat, axis=0)  # gamma was copied to N rows: add up
    centred_d_x_hat = d_x_hat - np.mean(d_x_hat, axis=1, keepdims=True)
    mean_product = np.mean(d_x_hat * x_hat, axis=1, keepdims=True)
    # x is read more than once: add what comes back
    d_x = (centred_d_x_hat - mean_product * x_hat) / std + d_residual_block
    return d_x, d_w1, d_w2, d_gamma, d_beta
