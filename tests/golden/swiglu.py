import numpy as np


def swiglu(x, w, v, out):
    u = x @ w                 # (N, H)
    h = 1 / (1 + np.exp(-u))  # (N, H)
    h_2 = u * h               # (N, H)
    h_3 = x @ v               # (N, H)
    h_4 = h_2 * h_3           # (N, H)
    return h_4 @ out, (x, w, v, out, h, h_2, h_3, h_4)


def swiglu_backward(saved, d_swiglu):
    x, w, v, out, h, h_2, h_3, h_4 = saved
    d_h_4 = d_swiglu @ out.T       # (N, L) @ (L, H)
    d_out = h_4.T @ d_swiglu       # (H, N) @ (N, L)
    d_h_3 = d_h_4 * h_2
    d_u = d_h_4 * (h * (h_3 - h_4) + h_4)
    d_x = d_h_3 @ v.T + d_u @ w.T  # x is read more than once: add the adjoints
    d_v = x.T @ d_h_3              # (L, N) @ (N, H)
    d_w = x.T @ d_u                # (L, N) @ (N, H)
    return d_x, d_w, d_v, d_out
