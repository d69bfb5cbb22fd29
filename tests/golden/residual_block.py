import numpy as np


def residual_block(x, w1, w2, gamma, beta):
    mean = np.mean(x, axis=1, keepdims=True)  # (N, 1)
    h_2 = x - mean                            # (N, L)
    h_3 = np.mean(h_2 ** 2, axis=1, keepdims=True) + 1e-05  # (N, 1)
    std = np.sqrt(h_3)                        # (N, 1)
    x_hat = h_2 / std                         # (N, L)
    h_4 = gamma * x_hat + beta                # (N, L)
    h = np.tanh(h_4 @ w1)                     # (N, H)
    return x + h @ w2, (w1, w2, gamma, std, x_hat, h_4, h)


def residual_block_backward(saved, d_residual_block):
    w1, w2, gamma, std, x_hat, h_4, h = saved
    d_h = d_residual_block @ w2.T            # (N, L) @ (L, H)
    d_w2 = h.T @ d_residual_block            # (H, N) @ (N, L)
    delta = d_h * (1 - h * h)
    d_h_4 = delta @ w1.T                     # (N, H) @ (H, L)
    d_w1 = h_4.T @ delta                     # (L, N) @ (N, H)
    d_x_hat = d_h_4 * gamma
    d_beta = np.sum(d_h_4, axis=0)           # beta was copied to N rows: add up
    d_gamma = np.sum(d_h_4 * x_hat, axis=0)  # gamma was copied to N rows: add up
    h_2 = d_x_hat - np.mean(d_x_hat, axis=1, keepdims=True)
    mean_d_x_hat = np.mean(d_x_hat * x_hat, axis=1, keepdims=True)
    # x is read more than once: add the adjoints
    d_x = (h_2 - mean_d_x_hat * x_hat) / std + d_residual_block
    return d_x, d_w1, d_w2, d_gamma, d_beta
