import numpy as np


def quantile_loss(y, t):
    r = t - y                       # (N,)
    h = 0.9 * r                     # (N,)
    h_2 = -0.09999999999999998 * r  # (N,)
    return np.mean(np.maximum(h, h_2)), (h, h_2)


def quantile_loss_gradient(saved):
    h, h_2 = saved
    h_3 = 0.09999999999999998 * (h_2 > h).astype(h.dtype)
    d_r = (0.9 * (h >= h_2).astype(h.dtype) - h_3) / h.shape[0]
    d_y = -d_r
    d_t = d_r
    return d_y, d_t


def quantile_loss_backward(saved, d_quantile_loss=1.0):
    return tuple(d_quantile_loss * d for d in quantile_loss_gradient(saved))
