import numpy as np


def smoothed_cross_entropy(z, t):
    target = 0.9 * t + 0.1 / z.shape[1]       # (N, C)
    h = z - np.max(z, axis=1, keepdims=True)  # (N, C)
    exp_h = np.exp(h)                         # (N, C)
    sum_exp_h = np.sum(exp_h, axis=1, keepdims=True)  # (N, 1)
    log_p = h - np.log(sum_exp_h)             # (N, C)
    return -np.mean(np.sum(target * log_p, axis=1)), (target, exp_h, sum_exp_h, log_p)


def smoothed_cross_entropy_gradient(saved):
    target, exp_h, sum_exp_h, log_p = saved
    h = exp_h / sum_exp_h * np.sum(target, axis=1, keepdims=True)
    d_z = (h - target) / target.shape[0]
    d_t = -0.9 / target.shape[0] * log_p
    return d_z, d_t


def smoothed_cross_entropy_backward(saved, d_smoothed_cross_entropy=1.0):
    return tuple(d_smoothed_cross_entropy * d for d in smoothed_cross_entropy_gradient(saved))
