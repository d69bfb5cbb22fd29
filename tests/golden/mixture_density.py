import numpy as np


def mixture_density(t, weight, mu, log_sigma):
    exp_log_sigma = np.exp(log_sigma)         # (N, K)
    z = (t[:, None] - mu) / exp_log_sigma     # (N, K)
    h = z ** 2                                # (N, K)
    max_weight = np.max(weight, axis=1, keepdims=True)  # (N, 1)
    exp_weight = np.exp(weight - max_weight)  # (N, K)
    sum_exp_weight = np.sum(exp_weight, axis=1, keepdims=True)  # (N, 1)
    h_2 = weight + (-0.5 * h - log_sigma)     # (N, K)
    max_h_2 = np.max(h_2, axis=1, keepdims=True)  # (N, 1)
    exp_h_2 = np.exp(h_2 - max_h_2)           # (N, K)
    sum_exp_h_2 = np.sum(exp_h_2, axis=1, keepdims=True)  # (N, 1)
    h_3 = (max_h_2 + np.log(sum_exp_h_2))[:, 0] - 0.9189385332046727  # (N,)
    # (N,): written so that nothing overflows
    h_4 = h_3 - (max_weight + np.log(sum_exp_weight))[:, 0]
    return -np.mean(h_4), (exp_log_sigma, z, h, exp_weight, sum_exp_weight, exp_h_2, sum_exp_h_2)


def mixture_density_gradient(saved):
    exp_log_sigma, z, h, exp_weight, sum_exp_weight, exp_h_2, sum_exp_h_2 = saved
    h_2 = exp_h_2 / sum_exp_h_2
    d_weight = (exp_weight / sum_exp_weight - h_2) / exp_log_sigma.shape[0]
    d_log_sigma = h_2 * (1 - h) / exp_log_sigma.shape[0]
    h_3 = h_2 * z
    d_mu = -h_3 / exp_log_sigma.shape[0] / exp_log_sigma
    d_t = np.sum(h_3 / exp_log_sigma, axis=1) / exp_log_sigma.shape[0]
    return d_t, d_weight, d_mu, d_log_sigma


def mixture_density_backward(saved, d_mixture_density=1.0):
    return tuple(d_mixture_density * d for d in mixture_density_gradient(saved))
