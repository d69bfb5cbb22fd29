import numpy as np


def highway(x, w, b, wt, bt):
    h = np.tanh(x @ w + b)                # (N, L)
    t = 1 / (1 + np.exp(-(x @ wt + bt)))  # (N, L)
    h_2 = 1 - t                           # (N, L)
    return h * t + x * h_2, (x, w, wt, h, t, h_2)


def highway_backward(saved, d_highway):
    x, w, wt, h, t, h_2 = saved
    d_h = d_highway * t
    delta = d_h * (1 - h * h)
    delta_2 = d_h * h_2 * (h - x)
    # x is read more than once: add the adjoints
    d_x = d_highway * h_2 + delta_2 @ wt.T + delta @ w.T
    d_bt = np.sum(delta_2, axis=0)  # bt was copied to N rows: add up
    d_wt = x.T @ delta_2            # (L, N) @ (N, L)
    d_b = np.sum(delta, axis=0)     # b was copied to N rows: add up
    d_w = x.T @ delta               # (L, N) @ (N, L)
    return d_x, d_w, d_b, d_wt, d_bt
