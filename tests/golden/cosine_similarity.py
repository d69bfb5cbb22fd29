import numpy as np


def cosine_similarity(a, b):
    dots = np.sum(a * b, axis=1)             # (N,)
    norm_a = np.sqrt(np.sum(a * a, axis=1))  # (N,)
    norm_b = np.sqrt(np.sum(b * b, axis=1))  # (N,)
    norm_a_times_norm_b = norm_a * norm_b    # (N,)
    out = dots / norm_a_times_norm_b         # (N,)
    return out, (a, b, norm_a, norm_b, norm_a_times_norm_b, out)


def cosine_similarity_backward(saved, d_out):
    a, b, norm_a, norm_b, norm_a_times_norm_b, out = saved
    ratio = a * out[:, None] / norm_a[:, None] ** 2
    d_a = d_out[:, None] * (b / norm_a_times_norm_b[:, None] - ratio)
    ratio_2 = b * out[:, None] / norm_b[:, None] ** 2
    d_b = d_out[:, None] * (a / norm_a_times_norm_b[:, None] - ratio_2)
    return d_a, d_b
