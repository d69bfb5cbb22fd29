import numpy as np


# Settings: gamma=2.0.
def focal_loss(z, t):
    exp_z = np.exp(z - np.max(z, axis=1, keepdims=True))  # (N, C)
    # (N, C): written so that nothing overflows
    p = exp_z / np.sum(exp_z, axis=1, keepdims=True)
    p_right = np.sum(p * t, axis=1)  # (N,)
    log_p_right = np.log(p_right)    # (N,)
    return np.mean(-(1 - p_right) ** 2.0 * log_p_right), (t, p, p_right, log_p_right)


def focal_loss_gradient(saved):
    t, p, p_right, log_p_right = saved
    one_minus_p_right = 1 - p_right
    product = one_minus_p_right * (2 * log_p_right - one_minus_p_right / p_right)
    d_p_right = product / t.shape[0]
    d_t = d_p_right[:, None] * p
    d_z = d_t * (t - p_right[:, None])
    return d_z, d_t


def focal_loss_backward(saved, d_focal_loss=1.0):
    return tuple(d_focal_loss * d for d in focal_loss_gradient(saved))
