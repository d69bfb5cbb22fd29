import numpy as np


def prelu(x, w, a):
    u = x @ w               # (N, M)
    h = np.minimum(u, 0)    # (N, M)
    h_2 = np.maximum(u, 0)  # (N, M)
    return h_2 + a * h, (x, w, a, u, h, h_2)


def prelu_backward(saved, d_prelu):
    x, w, a, u, h, h_2 = saved
    d_a = np.sum(d_prelu * h, axis=0)  # a was copied to N rows: add up
    d_u = d_prelu * ((h_2 > 0).astype(x.dtype) + (u <= 0) * a)
    d_x = d_u @ w.T                    # (N, M) @ (M, L)
    d_w = x.T @ d_u                    # (L, N) @ (N, M)
    return d_x, d_w, d_a
