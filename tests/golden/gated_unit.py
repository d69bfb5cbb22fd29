import numpy as np


def gated_unit(x, w, v):
    gate = 1 / (1 + np.exp(-(x @ v)))  # (N, M)
    out = x @ w * gate                 # (N, M)
    return out, (x, w, v, gate, out)


def gated_unit_backward(saved, d_out):
    x, w, v, gate, out = saved
    d_x_at_w = d_out * gate
    d_pre_gate = d_out * out * (1 - gate)
    # x is read more than once: add what comes back
    d_x = d_x_at_w @ w.T + d_pre_gate @ v.T
    d_w = x.T @ d_x_at_w                     # (L, N) @ (N, M)
    d_v = x.T @ d_pre_gate                   # (L, N) @ (N, M)
    return d_x, d_w, d_v
