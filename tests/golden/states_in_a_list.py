import numpy as np


def states_in_a_list(xs, w):
    h = np.zeros(xs.shape[1], dtype=xs.dtype)  # (M,)
    hs = np.empty_like(xs)          # (T, M)
    for t in range(xs.shape[0]):
        h = np.tanh(xs[t] + h @ w)  # (M,)
        hs[t] = h                   # (M,)
    return (hs, hs[xs.shape[0] - 1]), (w, hs)


def states_in_a_list_backward(saved, d_output):
    w, hs = saved
    d_hs, d_states_in_a_list_2 = d_output
    zeros = np.zeros(d_states_in_a_list_2.shape, dtype=w.dtype)
    d_hs_2 = d_hs.copy()
    d_hs_2[hs.shape[0] - 1] += d_states_in_a_list_2
    d_h = zeros
    d_xs = np.empty_like(hs)
    d_w = np.zeros_like(w)
    for t in reversed(range(hs.shape[0])):
        h_prev = hs[t - 1] if t > 0 else zeros
        d_h = d_h + d_hs_2[t]         # h is read more than once: add what comes back
        d_x = d_h * (1 - hs[t] * hs[t])
        d_xs[t] = d_x
        d_w += d_x * h_prev[:, None]  # w is used at every step: add up
        d_h = w @ d_x                 # (M, M) @ (M,)
    return d_xs, d_w
