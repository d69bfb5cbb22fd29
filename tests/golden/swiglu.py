import numpy as np


def swiglu(x, w, v, out):
    u = x @ w                         # (N, H)
    sigmoid_u = 1 / (1 + np.exp(-u))  # (N, H)
    swish_out = u * sigmoid_u         # (N, H)
    x_at_v = x @ v                    # (N, H)
    swish_out_times_x_at_v = swish_out * x_at_v  # (N, H)
    return swish_out_times_x_at_v @ out, (
        x, w, v, out, sigmoid_u, swish_out, x_at_v, swish_out_times_x_at_v
    )


def swiglu_backward(saved, d_swiglu):
    x, w, v, out, sigmoid_u, swish_out, x_at_v, swish_out_times_x_at_v = saved
    d_swish_out_times_x_at_v = d_swiglu @ out.T  # (N, L) @ (L, H)
    d_out = swish_out_times_x_at_v.T @ d_swiglu  # (H, N) @ (N, L)
    d_x_at_v = d_swish_out_times_x_at_v * swish_out
    total = sigmoid_u * (x_at_v - swish_out_times_x_at_v) + swish_out_times_x_at_v
    d_u = d_swish_out_times_x_at_v * total
    d_x = d_x_at_v @ v.T + d_u @ w.T  # x is read more than once: add what comes back
    d_v = x.T @ d_x_at_v              # (L, N) @ (N, H)
    d_w = x.T @ d_u                   # (L, N) @ (N, H)
    return d_x, d_w, d_v, d_out
