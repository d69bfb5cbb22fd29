import numpy as np


def vae_kl(mu, log_variance):
    exp_log_variance = np.exp(log_variance)  # (N, D)
    sum_difference = np.sum(1 + log_variance - mu ** 2 - exp_log_variance, axis=1)
    kl = -0.5 * sum_difference               # (N,)
    return np.mean(kl), (mu, exp_log_variance)


def vae_kl_gradient(saved):
    mu, exp_log_variance = saved
    d_mu = mu / mu.shape[0]
    d_log_variance = (exp_log_variance - 1) / (2 * mu.shape[0])
    return d_mu, d_log_variance


def vae_kl_backward(saved, d_vae_kl=1.0):
    return tuple(d_vae_kl * d for d in vae_kl_gradient(saved))
