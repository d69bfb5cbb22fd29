import numpy as np


def swiglu(x, w, v, out):
    u = x @ w                             # (N, H)
    sigmoid_u = 1 / (1 + np.exp(-u))      # (N, H)
    u_times_sigmoid_u = u * sigmoid_u     # (N, H)
    x_at_v = x @ v                        # (N, H)
    product = u_times_sigmoid_u * x_at_v  # (N, H)
    return product @ out, (x, w, v, out, sigmoid_u, u_times_sigmoid_u, x_at_v, product)


def swiglu_backward(saved, d_swiglu):
    x, w, v, out, sigmoid_u, u_times_sigmoid_u, x_at_v, product = saved
    d_product = d_swiglu @ out.T      # (N, L) @ (L, H)
    d_out = product.T @ d_swiglu      # (H, N) @ (N, L)
    d_x_at_v = d_product * u_times_sigmoid_u
    d_u = d_product * (sigmoid_u * (x_at_v - product) + product)
    d_x = d_x_at_v @ v.T + d_u @ w.T  # x is read more than once: add the adjoints
    d_v = x.T @ d_x_at_v              # (L, N) @ (N, H)
    d_w = x.T @ d_u                   # (L, N) @ (N, H)
    return d_x, d_w, d_v, d_out
