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
    difference = (
        b / norm_a_times_norm_b[:, None] - a * out[:, None] / norm_a[:, None] ** 2
    )
    d_a = d_out[:, None] * difference
    ratio = b * norm_a[:, None] * out[:, None] / norm_b[:, None]
    d_b = d_out[:, None] * (a - ratio) / norm_a_times_norm_b[:, None]
    return d_a, d_b
