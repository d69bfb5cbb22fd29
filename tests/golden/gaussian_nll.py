import numpy as np


def gaussian_nll(mu, log_sigma, t):
    exp_log_sigma = np.exp(log_sigma)  # (N,)
    z = (t - mu) / exp_log_sigma       # (N,)
    z_squared = z ** 2                 # (N,)
    out = np.mean(0.5 * z_squared + log_sigma + 0.9189385332046727)
    return out, (exp_log_sigma, z, z_squared)


def gaussian_nll_gradient(saved):
    exp_log_sigma, z, z_squared = saved
    d_z = z / exp_log_sigma.shape[0]
    d_t = d_z / exp_log_sigma
    d_log_sigma = (1 - z_squared) / exp_log_sigma.shape[0]
    d_mu = -d_t
    return d_mu, d_log_sigma, d_t


def gaussian_nll_backward(saved, d_gaussian_nll=1.0):
    return tuple(d_gaussian_nll * d for d in gaussian_nll_gradient(saved))
