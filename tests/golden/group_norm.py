import numpy as np


def group_norm(x, gamma, beta):
    groups = x.reshape((x.shape[0], 2, 3 * x.shape[2]))  # (N, 2, 3*T)
    mean = np.mean(groups, axis=2, keepdims=True)  # (N, 2, 1)
    h = groups - mean             # (N, 2, 3*T)
    variance = np.mean(h ** 2, axis=2, keepdims=True)  # (N, 2, 1)
    sqrt_variance = np.sqrt(variance + 1e-05)  # (N, 2, 1)
    h_2 = h / sqrt_variance       # (N, 2, 3*T)
    x_hat = h_2.reshape(x.shape)  # (N, 6, T)
    h_3 = gamma[None][:, :, None] * x_hat + beta[None][:, :, None]  # (N, 6, T)
    return h_3, (gamma, sqrt_variance, h_2, x_hat)


def group_norm_backward(saved, d_h_3):
    gamma, sqrt_variance, h_2, x_hat = saved
    d_beta = np.sum(d_h_3, axis=(0, 2))
    d_x_hat = d_h_3 * gamma[:, None]
    d_gamma = np.sum(d_h_3 * x_hat, axis=(0, 2))
    d_h_2 = d_x_hat.reshape(h_2.shape)
    h = np.sum(d_h_2, axis=2, keepdims=True) / h_2.shape[2]
    h_3 = h_2 * np.sum(d_h_2 * h_2, axis=2, keepdims=True)
    d_groups = (d_h_2 - h - h_3 / h_2.shape[2]) / sqrt_variance
    d_x = d_groups.reshape(x_hat.shape)
    return d_x, d_gamma, d_beta
