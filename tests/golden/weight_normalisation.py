import numpy as np


def weight_normalisation(x, v, g, b):
    norm = np.sqrt(np.sum(v ** 2, axis=0))  # (M,)
    v_over_norm = v / norm                  # (L, M)
    w = g * v_over_norm                     # (L, M)
    return x @ w + b, (x, g, norm, v_over_norm, w)


def weight_normalisation_backward(saved, d_weight_normalisation):
    x, g, norm, v_over_norm, w = saved
    d_x = d_weight_normalisation @ w.T       # (N, M) @ (M, L)
    d_w = x.T @ d_weight_normalisation       # (L, N) @ (N, M)
    d_b = np.sum(d_weight_normalisation, axis=0)  # b was copied to N rows: add up
    d_g = np.sum(d_w * v_over_norm, axis=0)  # g was copied to L rows: add up
    d_v = (d_w * g - w * d_g) / norm
    return d_x, d_v, d_g, d_b
