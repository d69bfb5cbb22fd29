import numpy as np


def batch_norm(x, gamma, beta):
    mean = np.mean(x, axis=0)                 # (M,)
    centred = x - mean                        # (N, M)
    variance = np.mean(centred ** 2, axis=0)  # (M,)
    std = np.sqrt(variance + 1e-05)           # (M,)
    x_hat = centred / std                     # (N, M)
    return gamma * x_hat + beta, (gamma, std, x_hat)


def batch_norm_backward(saved, d_batch_norm):
    gamma, std, x_hat = saved
    d_batch_norm_times_x_hat = d_batch_norm * x_hat
    d_beta = np.sum(d_batch_norm, axis=0)  # beta was copied to N rows: add up
    # gamma was copied to N rows: add up
    d_gamma = np.sum(d_batch_norm_times_x_hat, axis=0)
    product = np.mean(d_batch_norm_times_x_hat, axis=0) * x_hat
    product_2 = gamma * (d_batch_norm - np.mean(d_batch_norm, axis=0) - product)
    d_x = product_2 / std
    return d_x, d_gamma, d_beta
