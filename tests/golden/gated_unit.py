import numpy as np


def gated_unit(x, w, v):
    gate = 1 / (1 + np.exp(-(x @ v)))  # (N, M)
    h = x @ w * gate                   # (N, M)
    return h, (x, w, v, gate, h)


def gated_unit_backward(saved, d_h):
    x, w, v, gate, h = saved
    delta = d_h * gate
    delta_2 = d_h * h * (1 - gate)
    d_x = delta @ w.T + delta_2 @ v.T  # x is read more than once: add the adjoints
    d_w = x.T @ delta                  # (L, N) @ (N, M)
    d_v = x.T @ delta_2                # (L, N) @ (N, M)
    return d_x, d_w, d_v
