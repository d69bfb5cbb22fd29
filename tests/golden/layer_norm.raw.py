import numpy as np


def layer_norm(x, gamma, beta):
    mean = np.mean(x, axis=1, keepdims=True)  # (N, 1)
    h = x - mean                              # (N, M)
    variance = np.mean(h ** 2, axis=1, keepdims=True)  # (N, 1)
    sqrt_variance = np.sqrt(variance + 1e-05)  # (N, 1)
    h_2 = h / sqrt_variance                   # (N, M)
    return h_2 * gamma + beta, (gamma, h, sqrt_variance, h_2)


def layer_norm_backward(saved, d_layer_norm):
    gamma, h, sqrt_variance, h_2 = saved
    d_beta = np.sum(d_layer_norm, axis=0)  # beta was copied to N rows: add up
    d_h_2 = d_layer_norm * gamma
    d_gamma = np.sum(d_layer_norm * h_2, axis=0)  # gamma was copied to N rows: add up
    # sqrt_variance was copied to M places: add up
    d_sqrt_variance = np.sum(-d_h_2 * h_2 / sqrt_variance, axis=1, keepdims=True)
    d_variance = d_sqrt_variance / (2 * sqrt_variance)
    delta = np.broadcast_to(d_variance / gamma.shape[0], h.shape)
    # h is read more than once: add the adjoints
    d_h = d_h_2 / sqrt_variance + delta * 2 * h ** (2 - 1)
    d_mean = np.sum(-d_h, axis=1, keepdims=True)  # mean was copied to M places: add up
    broadcast_to_d_mean = np.broadcast_to(d_mean / gamma.shape[0], h.shape)
    d_x = d_h + broadcast_to_d_mean        # x is read more than once: add the adjoints
    return d_x, d_gamma, d_beta
