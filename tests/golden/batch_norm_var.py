import numpy as np


def batch_norm_var(x, gamma, beta):
    h = x - np.mean(x, axis=0)  # (N, M)
    sqrt_h = np.sqrt(np.mean(h * h, axis=0) + 1e-05)  # (M,)
    x_hat = h / sqrt_h          # (N, M)
    return gamma * x_hat + beta, (gamma, sqrt_h, x_hat)


def batch_norm_var_backward(saved, d_batch_norm_var):
    gamma, sqrt_h, x_hat = saved
    h = d_batch_norm_var * x_hat
    d_beta = np.sum(d_batch_norm_var, axis=0)  # beta was copied to N rows: add up
    d_gamma = np.sum(h, axis=0)  # gamma was copied to N rows: add up
    h_2 = d_batch_norm_var - np.mean(d_batch_norm_var, axis=0)
    d_x = gamma * (h_2 - np.mean(h, axis=0) * x_hat) / sqrt_h
    return d_x, d_gamma, d_beta
