import numpy as np


def batch_norm_var(x, gamma, beta):
    centred_x = x - np.mean(x, axis=0)  # (N, M)
    std = np.sqrt(np.mean(centred_x * centred_x, axis=0) + 1e-05)  # (M,)
    x_hat = centred_x / std             # (N, M)
    return gamma * x_hat + beta, (gamma, std, x_hat)


def batch_norm_var_backward(saved, d_batch_norm_var):
    gamma, std, x_hat = saved
    product = d_batch_norm_var * x_hat
    d_beta = np.sum(d_batch_norm_var, axis=0)  # beta was copied to N rows: add up
    d_gamma = np.sum(product, axis=0)  # gamma was copied to N rows: add up
    centred_d_batch_norm_var = d_batch_norm_var - np.mean(d_batch_norm_var, axis=0)
    product_2 = gamma * (centred_d_batch_norm_var - np.mean(product, axis=0) * x_hat)
    d_x = product_2 / std
    return d_x, d_gamma, d_beta
