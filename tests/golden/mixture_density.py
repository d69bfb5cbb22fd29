import numpy as np


def mixture_density(t, weight, mu, log_sigma):
    exp_log_sigma = np.exp(log_sigma)         # (N, K)
    z = (t[:, None] - mu) / exp_log_sigma     # (N, K)
    z_squared = z ** 2                        # (N, K)
    max_weight = np.max(weight, axis=1, keepdims=True)  # (N, 1)
    exp_weight = np.exp(weight - max_weight)  # (N, K)
    sum_exp_weight = np.sum(exp_weight, axis=1, keepdims=True)  # (N, 1)
    total = weight + (-0.5 * z_squared - log_sigma)  # (N, K)
    max_total = np.max(total, axis=1, keepdims=True)  # (N, 1)
    exp_total = np.exp(total - max_total)     # (N, K)
    sum_exp_total = np.sum(exp_total, axis=1, keepdims=True)  # (N, 1)
    difference = (max_total + np.log(sum_exp_total))[:, 0] - 0.9189385332046727  # (N,)
    mean_difference = np.mean(difference - (max_weight + np.log(sum_exp_weight))[:, 0])
    return -mean_difference, (
        exp_log_sigma, z, z_squared, exp_weight, sum_exp_weight, exp_total,
        sum_exp_total,
    )


def mixture_density_gradient(saved):
    (
        exp_log_sigma, z, z_squared, exp_weight, sum_exp_weight, exp_total,
        sum_exp_total,
    ) = saved
    softmax_total = exp_total / sum_exp_total
    d_weight = (exp_weight / sum_exp_weight - softmax_total) / exp_log_sigma.shape[0]
    d_log_sigma = softmax_total * (1 - z_squared) / exp_log_sigma.shape[0]
    product = softmax_total * z
    d_mu = -product / exp_log_sigma.shape[0] / exp_log_sigma
    d_t = np.sum(product / exp_log_sigma, axis=1) / exp_log_sigma.shape[0]
    return d_t, d_weight, d_mu, d_log_sigma


def mixture_density_backward(saved, d_mixture_density=1.0):
    return tuple(d_mixture_density * d for d in mixture_density_gradient(saved))
