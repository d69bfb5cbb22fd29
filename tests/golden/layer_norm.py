import numpy as np


def layer_norm(x, gamma, beta):
    mean = np.mean(x, axis=1, keepdims=True)  # (N, 1)
    centred_x = x - mean                      # (N, M)
    variance = np.mean(centred_x ** 2, axis=1, keepdims=True)  # (N, 1)
    std = np.sqrt(variance + 1e-05)           # (N, 1)
    x_hat = centred_x / std                   # (N, M)
    x_hat_times_gamma = x_hat * gamma         # (N, M)
    return x_hat_times_gamma + beta, (gamma, std, x_hat, x_hat_times_gamma)


def layer_norm_backward(saved, d_layer_norm):
    gamma, std, x_hat, x_hat_times_gamma = saved
    d_x_hat = d_layer_norm * gamma
    d_beta = np.sum(d_layer_norm, axis=0)  # beta was copied to N rows: add up
    d_gamma = np.sum(d_layer_norm * x_hat, axis=0)  # gamma was copied to N rows: add up
    centred_d_x_hat = d_x_hat - np.mean(d_x_hat, axis=1, keepdims=True)
    mean_product = np.mean(d_layer_norm * x_hat_times_gamma, axis=1, keepdims=True)
    d_x = (centred_d_x_hat - mean_product * x_hat) / std
    return d_x, d_gamma, d_beta
