import numpy as np


def focal_loss(z, t):
    exp_z = np.exp(z - np.max(z, axis=1, keepdims=True))  # (N, C)
    # (N, C): written so that nothing overflows
    p = exp_z / np.sum(exp_z, axis=1, keepdims=True)
    p_right = np.sum(p * t, axis=1)  # (N,)
    h = 1 - p_right                  # (N,)
    log_p_right = np.log(p_right)    # (N,)
    return np.mean(-h ** 2.0 * log_p_right), (t, p, p_right, h, log_p_right)


def focal_loss_gradient(saved):
    t, p, p_right, h, log_p_right = saved
    h_2 = 2 * log_p_right[:, None]
    h_3 = p * h[:, None]
    d_t = h_3 * (h_2 - h[:, None] / p_right[:, None]) / t.shape[0]
    h_4 = h[:, None] * (1 - t / p_right[:, None]) + h_2 * (t - p_right[:, None])
    d_z = h_3 * h_4 / t.shape[0]
    return d_z, d_t


def focal_loss_backward(saved, d_focal_loss=1.0):
    return tuple(d_focal_loss * d for d in focal_loss_gradient(saved))
