import numpy as np


def batch_norm(x, gamma, beta):
    mean = np.mean(x, axis=0)                 # (M,)
    centred = x - mean                        # (N, M)
    variance = np.mean(centred ** 2, axis=0)  # (M,)
    sqrt_variance = np.sqrt(variance + 1e-05)  # (M,)
    x_hat = centred / sqrt_variance           # (N, M)
    return gamma * x_hat + beta, (gamma, sqrt_variance, x_hat)


def batch_norm_backward(saved, d_batch_norm):
    gamma, sqrt_variance, x_hat = saved
    h = d_batch_norm * x_hat
    d_beta = np.sum(d_batch_norm, axis=0)  # beta was copied to N rows: add up
    d_gamma = np.sum(h, axis=0)            # gamma was copied to N rows: add up
    h_2 = d_batch_norm - np.mean(d_batch_norm, axis=0) - np.mean(h, axis=0) * x_hat
    d_x = gamma * h_2 / sqrt_variance
    return d_x, d_gamma, d_beta
