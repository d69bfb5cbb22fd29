import numpy as np


def dropout_softmax(x, w, mask):
    kept = x * mask / 0.75  # (N, L)
    z = kept @ w            # (N, C)
    z_2 = z - np.max(z, axis=1, keepdims=True)  # (N, C)
    exp_z_2 = np.exp(z_2)   # (N, C)
    h = exp_z_2 / np.sum(exp_z_2, axis=1, keepdims=True)  # (N, C)
    return h, (x, w, mask, kept, h)


def dropout_softmax_backward(saved, d_h):
    x, w, mask, kept, h = saved
    d_z = h * (d_h - np.sum(d_h * h, axis=1, keepdims=True))
    d_kept = d_z @ w.T  # (N, C) @ (C, L)
    d_w = kept.T @ d_z  # (L, N) @ (N, C)
    delta = d_kept / 0.75
    d_x = delta * mask
    d_mask = delta * x
    return d_x, d_w, d_mask
