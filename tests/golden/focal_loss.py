import numpy as np


def focal_loss(z, t):
    exp_z = np.exp(z - np.max(z, axis=1, keepdims=True))  # (N, C)
    # (N, C): written so that nothing overflows
    p = exp_z / np.sum(exp_z, axis=1, keepdims=True)
    p_times_t = p * t                    # (N, C)
    p_right = np.sum(p_times_t, axis=1)  # (N,)
    minus_power = -(1 - p_right) ** 2.0  # (N,)
    log_p_right = np.log(p_right)        # (N,)
    return np.mean(minus_power * log_p_right), (
        p, p_times_t, p_right, minus_power, log_p_right
    )


def focal_loss_gradient(saved):
    p, p_times_t, p_right, minus_power, log_p_right = saved
    delta = -2 * (log_p_right / p.shape[0]) * (1 - p_right)
    d_p_right = minus_power / p.shape[0] / p_right - delta
    d_p_times_t = np.broadcast_to(d_p_right[:, None], p.shape)
    d_t = d_p_times_t * p
    product = d_p_times_t * p_times_t
    d_z = product - p * np.sum(product, axis=1, keepdims=True)
    return d_z, d_t


def focal_loss_backward(saved, d_focal_loss=1.0):
    return tuple(d_focal_loss * d for d in focal_loss_gradient(saved))
