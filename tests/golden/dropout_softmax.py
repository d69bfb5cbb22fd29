import numpy as np


def dropout_softmax(x, w, mask):
    kept = x * mask / 0.75  # (N, L)
    z = kept @ w            # (N, C)
    z_2 = z - np.max(z, axis=1, keepdims=True)  # (N, C)
    exp_z = np.exp(z_2)     # (N, C)
    out = exp_z / np.sum(exp_z, axis=1, keepdims=True)  # (N, C)
    return out, (x, w, mask, kept, out)


def dropout_softmax_backward(saved, d_out):
    x, w, mask, kept, out = saved
    d_z = out * (d_out - np.sum(d_out * out, axis=1, keepdims=True))
    d_kept = d_z @ w.T  # (N, C) @ (C, L)
    d_w = kept.T @ d_z  # (L, N) @ (N, C)
    d_x_times_mask = d_kept / 0.75
    d_x = d_x_times_mask * mask
    d_mask = d_x_times_mask * x
    return d_x, d_w, d_mask
