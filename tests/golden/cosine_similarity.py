import numpy as np


def cosine_similarity(a, b):
    dots = np.sum(a * b, axis=1)             # (N,)
    sqrt_a = np.sqrt(np.sum(a * a, axis=1))  # (N,)
    sqrt_b = np.sqrt(np.sum(b * b, axis=1))  # (N,)
    h = sqrt_a * sqrt_b                      # (N,)
    h_2 = dots / h                           # (N,)
    return h_2, (a, b, sqrt_a, sqrt_b, h, h_2)


def cosine_similarity_backward(saved, d_h_2):
    a, b, sqrt_a, sqrt_b, h, h_2 = saved
    h_3 = b / h[:, None] - a * h_2[:, None] / sqrt_a[:, None] ** 2
    d_a = d_h_2[:, None] * h_3
    h_4 = a / h[:, None] - b * h_2[:, None] / sqrt_b[:, None] ** 2
    d_b = d_h_2[:, None] * h_4
    return d_a, d_b
