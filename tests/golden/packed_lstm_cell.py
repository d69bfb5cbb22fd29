import numpy as np


def packed_lstm_cell(x, h, c, w, u, b):
    gates = x @ w + h @ u + b             # (N, 12)
    i = 1 / (1 + np.exp(-gates[:, :3]))   # (N, 3)
    f = 1 / (1 + np.exp(-gates[:, 3:6]))  # (N, 3)
    o = 1 / (1 + np.exp(-gates[:, 6:9]))  # (N, 3)
    g = np.tanh(gates[:, 9:])             # (N, 3)
    f_times_c = f * c                     # (N, 3)
    i_times_g = i * g                     # (N, 3)
    c_2 = f_times_c + i_times_g           # (N, 3)
    tanh_c_2 = np.tanh(c_2)               # (N, 3)
    out = o * tanh_c_2                    # (N, 3)
    return {"h": out, "c": c_2}, (
        x, h, w, u, i, f, o, g, f_times_c, i_times_g, tanh_c_2, out
    )


def packed_lstm_cell_backward(saved, d_output):
    x, h, w, u, i, f, o, g, f_times_c, i_times_g, tanh_c_2, out = saved
    d_out, d_c_2 = d_output
    # c is read more than once: add what comes back
    d_c_2_2 = d_out * (o - tanh_c_2 * out) + d_c_2
    d_c = d_c_2_2 * f
    d_gates = np.concatenate(
        [
            d_c_2_2 * i_times_g * (1 - i), d_c_2_2 * f_times_c * (1 - f),
            d_out * out * (1 - o), d_c_2_2 * (i - g * i_times_g),
        ],
        axis=1,
    )
    d_b = np.sum(d_gates, axis=0)  # b was copied to N rows: add up
    d_h = d_gates @ u.T            # (N, 12) @ (12, 3)
    d_u = h.T @ d_gates            # (3, N) @ (N, 12)
    d_x = d_gates @ w.T            # (N, 12) @ (12, D)
    d_w = x.T @ d_gates            # (D, N) @ (N, 12)
    return d_x, d_h, d_c, d_w, d_u, d_b
