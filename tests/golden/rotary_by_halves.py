import numpy as np


def rotary_by_halves(x, c, s):
    crossed = np.concatenate([-x[..., 2:], x[..., :2]], axis=3)  # (N, T, H, 4)
    return x * c[:, None] + crossed * s[:, None], (x, c, s, crossed)


def rotary_by_halves_backward(saved, d_rotary_by_halves):
    x, c, s, crossed = saved
    d_crossed = d_rotary_by_halves * s[:, None]
    d_s = np.sum(d_rotary_by_halves * crossed, axis=(0, 2))
    d_c = np.sum(d_rotary_by_halves * x, axis=(0, 2))
    d_x = d_rotary_by_halves * c[:, None]
    d_x[..., 2:] -= d_crossed[..., :2]
    d_x[..., :2] += d_crossed[..., 2:]
    return d_x, d_c, d_s
