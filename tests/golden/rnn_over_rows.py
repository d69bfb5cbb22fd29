import numpy as np


def rnn_over_rows(xs, w, u, b):
    h = np.zeros_like(b)                    # (H,)
    h_all = np.empty((xs.shape[0], *b.shape), dtype=xs.dtype)  # (T, H)
    for t in range(xs.shape[0]):
        h = np.tanh(xs[t] @ w + h @ u + b)  # (H,)
        h_all[t] = h                        # (H,)
    return h, (xs, w, u, h_all)


def rnn_over_rows_backward(saved, d_h):
    xs, w, u, h_all = saved
    zeros = np.zeros(d_h.shape, dtype=xs.dtype)
    d_h_2 = d_h
    d_xs = np.empty_like(xs)
    d_w = np.zeros_like(w)
    d_u = np.zeros_like(u)
    d_b = np.zeros_like(d_h)
    for t in reversed(range(xs.shape[0])):
        h_prev = h_all[t - 1] if t > 0 else zeros
        delta = d_h_2 * (1 - h_all[t] * h_all[t])
        d_xs[t] = w @ delta             # (D, H) @ (H,)
        d_w += delta * xs[t][:, None]   # w is used at every step: add up
        d_u += delta * h_prev[:, None]  # u is used at every step: add up
        d_b += delta                    # b is used at every step: add up
        d_h_2 = u @ delta               # (H, H) @ (H,)
    return d_xs, d_w, d_u, d_b
