import numpy as np


def numbered_rows(xs, w):
    total = np.zeros_like(w)  # (N,)
    for t in range(xs.shape[0]):
        total = total * 0.5 + np.sin(xs[t] * w) / (t + 1)  # (N,)
    return total, (xs, w)


def numbered_rows_backward(saved, d_total):
    xs, w = saved
    d_total_2 = d_total
    d_xs = np.empty_like(xs)
    d_w = np.zeros_like(w)
    for t in reversed(range(xs.shape[0])):
        delta = d_total_2 / (t + 1) * np.cos(xs[t] * w)
        d_xs[t] = delta * w
        d_w += delta * xs[t]  # w is used at every step: add up
        d_total_2 = 0.5 * d_total_2
    return d_xs, d_w
