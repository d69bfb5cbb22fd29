import numpy as np


def focal_loss(z, t):
    exp_z = np.exp(z - np.max(z, axis=1, keepdims=True))  # (N, C)
    # (N, C): written so that nothing overflows
    p = exp_z / np.sum(exp_z, axis=1, keepdims=True)
    h = p * t                      # (N, C)
    p_right = np.sum(h, axis=1)    # (N,)
    h_2 = 1 - p_right              # (N,)
    h_3 = -h_2 ** 2.0              # (N,)
    log_p_right = np.log(p_right)  # (N,)
    return np.mean(h_3 * log_p_right), (p, h, p_right, h_2, h_3, log_p_right)


def focal_loss_gradient(saved):
    p, h, p_right, h_2, h_3, log_p_right = saved
    d_p_right = h_3 / p.shape[0] / p_right - -2 * (log_p_right / p.shape[0]) * h_2
    d_h = np.broadcast_to(d_p_right[:, None], p.shape)
    d_t = d_h * p
    h_4 = d_h * h
    d_z = h_4 - p * np.sum(h_4, axis=1, keepdims=True)
    return d_z, d_t


def focal_loss_backward(saved, d_focal_loss=1.0):
    return tuple(d_focal_loss * d for d in focal_loss_gradient(saved))
