import numpy as np


def gru_cell(x, h, wz, wr, wh, uz, ur, uh):
    z = 1 / (1 + np.exp(-(x @ wz + h @ uz)))  # (N, H)
    r = 1 / (1 + np.exp(-(x @ wr + h @ ur)))  # (N, H)
    h_2 = r * h                               # (N, H)
    proposed = np.tanh(x @ wh + h_2 @ uh)     # (N, H)
    h_3 = 1 - z                               # (N, H)
    h_4 = z * proposed                        # (N, H)
    return h_3 * h + h_4, (x, h, wz, wr, wh, uz, ur, uh, z, r, h_2, proposed, h_3, h_4)


def gru_cell_backward(saved, d_gru_cell):
    x, h, wz, wr, wh, uz, ur, uh, z, r, h_2, proposed, h_3, h_4 = saved
    d_proposed = d_gru_cell * z
    delta = d_gru_cell * (z - proposed * h_4)
    d_h_2 = delta @ uh.T  # (N, H) @ (H, H)
    delta_2 = d_h_2 * h_2 * (1 - r)
    delta_3 = d_proposed * h_3 * (proposed - h)
    # h is read more than once: add the adjoints
    d_h = d_gru_cell * h_3 + d_h_2 * r + delta_2 @ ur.T + delta_3 @ uz.T
    d_uh = h_2.T @ delta  # (H, N) @ (N, H)
    # x is read more than once: add the adjoints
    d_x = delta @ wh.T + delta_2 @ wr.T + delta_3 @ wz.T
    d_wh = x.T @ delta    # (D, N) @ (N, H)
    d_ur = h.T @ delta_2  # (H, N) @ (N, H)
    d_wr = x.T @ delta_2  # (D, N) @ (N, H)
    d_uz = h.T @ delta_3  # (H, N) @ (N, H)
    d_wz = x.T @ delta_3  # (D, N) @ (N, H)
    return d_x, d_h, d_wz, d_wr, d_wh, d_uz, d_ur, d_uh
