import numpy as np


def prelu(x, w, a):
    u = x @ w                   # (N, M)
    minimum = np.minimum(u, 0)  # (N, M)
    relu_u = np.maximum(u, 0)   # (N, M)
    return relu_u + a * minimum, (x, w, a, u, minimum, relu_u)


def prelu_backward(saved, d_prelu):
    x, w, a, u, minimum, relu_u = saved
    d_a = np.sum(d_prelu * minimum, axis=0)  # a was copied to N rows: add up
    d_u = d_prelu * ((relu_u > 0).astype(x.dtype) + (u <= 0) * a)
    d_x = d_u @ w.T                          # (N, M) @ (M, L)
    d_w = x.T @ d_u                          # (L, N) @ (N, M)
    return d_x, d_w, d_a
