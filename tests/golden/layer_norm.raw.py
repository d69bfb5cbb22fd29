import numpy as np


def layer_norm(x, gamma, beta):
    mean = np.mean(x, axis=1, keepdims=True)  # (N, 1)
    centred_x = x - mean                      # (N, M)
    variance = np.mean(centred_x ** 2, axis=1, keepdims=True)  # (N, 1)
    std = np.sqrt(variance + 1e-05)           # (N, 1)
    x_hat = centred_x / std                   # (N, M)
    return x_hat * gamma + beta, (gamma, centred_x, std, x_hat)


def layer_norm_backward(saved, d_layer_norm):
    gamma, centred_x, std, x_hat = saved
    d_beta = np.sum(d_layer_norm, axis=0)     # beta was copied to N rows: add up
    d_x_hat = d_layer_norm * gamma
    d_gamma = np.sum(d_layer_norm * x_hat, axis=0)  # gamma was copied to N rows: add up
    # std was copied to M places: add up
    d_std = np.sum(-d_x_hat * x_hat / std, axis=1, keepdims=True)
    d_variance = d_std / (2 * std)
    delta = np.broadcast_to(d_variance / gamma.shape[0], centred_x.shape)
    # centred_x is read more than once: add what comes back
    d_centred_x = d_x_hat / std + delta * 2 * centred_x ** (2 - 1)
    # mean was copied to M places: add up
    d_mean = np.sum(-d_centred_x, axis=1, keepdims=True)
    copied_d_mean_over_M = np.broadcast_to(d_mean / gamma.shape[0], centred_x.shape)
    # x is read more than once: add what comes back
    d_x = d_centred_x + copied_d_mean_over_M
    return d_x, d_gamma, d_beta
