import numpy as np


def smoothed_cross_entropy(z, t):
    off = np.abs(np.sum(t, axis=1) - 1) > 0.0001
    if np.any(off):
        raise ValueError(f'row {np.argmax(off)} of t does not sum to 1')
    target = 0.9 * t + 0.1 / z.shape[1]    # (N, C)
    shifted_z = z - np.max(z, axis=1, keepdims=True)  # (N, C)
    exp_z = np.exp(shifted_z)              # (N, C)
    sum_exp_z = np.sum(exp_z, axis=1, keepdims=True)  # (N, 1)
    log_p = shifted_z - np.log(sum_exp_z)  # (N, C)
    return -np.mean(np.sum(target * log_p, axis=1)), (target, exp_z, sum_exp_z, log_p)


# Holds where every row of t sums to 1.
def smoothed_cross_entropy_gradient(saved):
    target, exp_z, sum_exp_z, log_p = saved
    d_z = (exp_z / sum_exp_z - target) / target.shape[0]
    d_t = -0.9 / target.shape[0] * log_p
    return d_z, d_t


def smoothed_cross_entropy_backward(saved, d_smoothed_cross_entropy=1.0):
    return tuple(
        d_smoothed_cross_entropy * d for d in smoothed_cross_entropy_gradient(saved)
    )
