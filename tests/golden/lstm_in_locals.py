import numpy as np


def lstm_in_locals(x, w, u, b):
    h = np.zeros((x.shape[1], 3), dtype=x.dtype)  # (N, 3)
    c = np.zeros((x.shape[1], 3), dtype=x.dtype)  # (N, 3)
    h_all = np.empty((x.shape[0], *h.shape), dtype=x.dtype)  # (T, N, 3)
    c_all = np.empty((x.shape[0], *h.shape), dtype=x.dtype)  # (T, N, 3)
    g_all = np.empty((x.shape[0], *h.shape), dtype=x.dtype)  # (T, N, 3)
    i_all = np.empty((x.shape[0], *h.shape), dtype=x.dtype)  # (T, N, 3)
    f_all = np.empty((x.shape[0], *h.shape), dtype=x.dtype)  # (T, N, 3)
    o_all = np.empty((x.shape[0], *h.shape), dtype=x.dtype)  # (T, N, 3)
    tanh_c_all = np.empty((x.shape[0], *h.shape), dtype=x.dtype)  # (T, N, 3)
    for t in range(x.shape[0]):
        z = x[t] @ w + h @ u + b          # (N, 12)
        i = 1 / (1 + np.exp(-z[:, :3]))   # (N, 3)
        f = 1 / (1 + np.exp(-z[:, 3:6]))  # (N, 3)
        o = 1 / (1 + np.exp(-z[:, 6:9]))  # (N, 3)
        g = np.tanh(z[:, 9:])             # (N, 3)
        c = f * c + i * g                 # (N, 3)
        tanh_c = np.tanh(c)               # (N, 3)
        h = o * tanh_c                    # (N, 3)
        h_all[t] = h                      # (N, 3)
        c_all[t] = c                      # (N, 3)
        g_all[t] = g                      # (N, 3)
        i_all[t] = i                      # (N, 3)
        f_all[t] = f                      # (N, 3)
        o_all[t] = o                      # (N, 3)
        tanh_c_all[t] = tanh_c            # (N, 3)
    return h, (x, w, u, h_all, c_all, g_all, i_all, f_all, o_all, tanh_c_all)


def lstm_in_locals_backward(saved, d_h):
    x, w, u, h_all, c_all, g_all, i_all, f_all, o_all, tanh_c_all = saved
    zeros = np.zeros(d_h.shape, dtype=x.dtype)
    d_h_2 = d_h
    d_c = zeros
    d_x = np.empty_like(x)
    d_w = np.zeros_like(w)
    d_u = np.zeros_like(u)
    d_b = np.zeros(12, dtype=x.dtype)
    for t in reversed(range(x.shape[0])):
        h_prev = h_all[t - 1] if t > 0 else zeros
        c_prev = c_all[t - 1] if t > 0 else zeros
        # c is read more than once: add what comes back
        d_c = d_h_2 * (o_all[t] - tanh_c_all[t] * h_all[t]) + d_c
        d_i = d_c * g_all[t]
        d_g = d_c * i_all[t]
        d_f = d_c * c_prev
        d_z = np.concatenate(
            [
                d_i * i_all[t] * (1 - i_all[t]), d_f * f_all[t] * (1 - f_all[t]),
                h_all[t] * d_h_2 * (1 - o_all[t]), d_g * (1 - g_all[t] * g_all[t]),
            ],
            axis=1,
        )
        d_x[t] = d_z @ w.T          # (N, 12) @ (12, D)
        d_w += x[t].T @ d_z         # w is used at every step: add up
        d_u += h_prev.T @ d_z       # u is used at every step: add up
        d_b += np.sum(d_z, axis=0)  # b is used at every step: add up
        d_h_2 = d_z @ u.T           # (N, 12) @ (12, 3)
        d_c = d_c * f_all[t]
    return d_x, d_w, d_u, d_b
