import numpy as np


def layer_norm(x, gamma, beta):
    mean = np.mean(x, axis=1, keepdims=True)  # (N, 1)
    h = x - mean                              # (N, M)
    variance = np.mean(h ** 2, axis=1, keepdims=True)  # (N, 1)
    sqrt_variance = np.sqrt(variance + 1e-05)  # (N, 1)
    h_2 = h / sqrt_variance                   # (N, M)
    h_3 = h_2 * gamma                         # (N, M)
    return h_3 + beta, (gamma, sqrt_variance, h_2, h_3)


def layer_norm_backward(saved, d_layer_norm):
    gamma, sqrt_variance, h_2, h_3 = saved
    d_h_2 = d_layer_norm * gamma
    d_beta = np.sum(d_layer_norm, axis=0)  # beta was copied to N rows: add up
    d_gamma = np.sum(d_layer_norm * h_2, axis=0)  # gamma was copied to N rows: add up
    mean_d_layer_norm = np.mean(d_layer_norm * h_3, axis=1, keepdims=True)
    h = d_h_2 - np.mean(d_h_2, axis=1, keepdims=True) - mean_d_layer_norm * h_2
    d_x = h / sqrt_variance
    return d_x, d_gamma, d_beta
