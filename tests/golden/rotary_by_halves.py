import numpy as np


def rotary_by_halves(x, c, s):
    crossed = np.concatenate([-x[..., 2:], x[..., :2]], axis=3)  # (N, T, H, 4)
    return x * c[:, None] + crossed * s[:, None], (c, s)


def rotary_by_halves_backward(saved, d_rotary_by_halves):
    c, s = saved
    d_crossed = d_rotary_by_halves * s[:, None]
    d_x = d_rotary_by_halves * c[:, None]
    d_x[..., 2:] -= d_crossed[..., :2]
    d_x[..., :2] += d_crossed[..., 2:]
    return d_x
