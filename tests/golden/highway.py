import numpy as np


def highway(x, w, b, wt, bt):
    h = np.tanh(x @ w + b)                # (N, L)
    t = 1 / (1 + np.exp(-(x @ wt + bt)))  # (N, L)
    return h * t + x * (1 - t), (x, w, wt, h, t)


def highway_backward(saved, d_highway):
    x, w, wt, h, t = saved
    one_minus_t = 1 - t
    d_h = d_highway * t
    d_pre_h = d_h * (1 - h * h)
    d_pre_t = d_h * one_minus_t * (h - x)
    # x is read more than once: add what comes back
    d_x = d_highway * one_minus_t + d_pre_t @ wt.T + d_pre_h @ w.T
    d_bt = np.sum(d_pre_t, axis=0)  # bt was copied to N rows: add up
    d_wt = x.T @ d_pre_t            # (L, N) @ (N, L)
    d_b = np.sum(d_pre_h, axis=0)   # b was copied to N rows: add up
    d_w = x.T @ d_pre_h             # (L, N) @ (N, L)
    return d_x, d_w, d_b, d_wt, d_bt
