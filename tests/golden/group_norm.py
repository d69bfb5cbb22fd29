import numpy as np


def group_norm(x, gamma, beta):
    groups = x.reshape((x.shape[0], 2, 3 * x.shape[2]))  # (N, 2, 3*T)
    mean = np.mean(groups, axis=2, keepdims=True)  # (N, 2, 1)
    centred_groups = groups - mean       # (N, 2, 3*T)
    variance = np.mean(centred_groups ** 2, axis=2, keepdims=True)  # (N, 2, 1)
    std = np.sqrt(variance + 1e-05)      # (N, 2, 1)
    groups_hat = centred_groups / std    # (N, 2, 3*T)
    x_hat = groups_hat.reshape(x.shape)  # (N, 6, T)
    out = gamma[None, :, None] * x_hat + beta[None, :, None]  # (N, 6, T)
    return out, (gamma, std, groups_hat, x_hat)


def group_norm_backward(saved, d_out):
    gamma, std, groups_hat, x_hat = saved
    d_beta = np.sum(d_out, axis=(0, 2))
    d_x_hat = d_out * gamma[:, None]
    d_gamma = np.sum(d_out * x_hat, axis=(0, 2))
    d_groups_hat = d_x_hat.reshape(groups_hat.shape)
    ratio = np.sum(d_groups_hat, axis=2, keepdims=True) / groups_hat.shape[2]
    sum_product = np.sum(d_groups_hat * groups_hat, axis=2, keepdims=True)
    difference = d_groups_hat - ratio - groups_hat * sum_product / groups_hat.shape[2]
    d_groups = difference / std
    d_x = d_groups.reshape(x_hat.shape)
    return d_x, d_gamma, d_beta
