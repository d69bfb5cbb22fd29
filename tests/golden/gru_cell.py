import numpy as np


def gru_cell(x, h, wz, wr, wh, uz, ur, uh):
    z = 1 / (1 + np.exp(-(x @ wz + h @ uz)))  # (N, H)
    r = 1 / (1 + np.exp(-(x @ wr + h @ ur)))  # (N, H)
    r_times_h = r * h                         # (N, H)
    proposed = np.tanh(x @ wh + r_times_h @ uh)  # (N, H)
    z_times_proposed = z * proposed           # (N, H)
    return (1 - z) * h + z_times_proposed, (
        x, h, wz, wr, wh, uz, ur, uh, z, r, r_times_h, proposed, z_times_proposed
    )


def gru_cell_backward(saved, d_gru_cell):
    x, h, wz, wr, wh, uz, ur, uh, z, r, r_times_h, proposed, z_times_proposed = saved
    one_minus_z = 1 - z
    d_proposed = d_gru_cell * z
    d_pre_proposed = d_gru_cell * (z - proposed * z_times_proposed)
    d_r_times_h = d_pre_proposed @ uh.T  # (N, H) @ (H, H)
    d_pre_r = d_r_times_h * r_times_h * (1 - r)
    d_pre_z = d_proposed * one_minus_z * (proposed - h)
    # h is read more than once: add what comes back
    d_h = d_gru_cell * one_minus_z + d_r_times_h * r + d_pre_r @ ur.T + d_pre_z @ uz.T
    d_uh = r_times_h.T @ d_pre_proposed  # (H, N) @ (N, H)
    # x is read more than once: add what comes back
    d_x = d_pre_proposed @ wh.T + d_pre_r @ wr.T + d_pre_z @ wz.T
    d_wh = x.T @ d_pre_proposed          # (D, N) @ (N, H)
    d_ur = h.T @ d_pre_r                 # (H, N) @ (N, H)
    d_wr = x.T @ d_pre_r                 # (D, N) @ (N, H)
    d_uz = h.T @ d_pre_z                 # (H, N) @ (N, H)
    d_wz = x.T @ d_pre_z                 # (D, N) @ (N, H)
    return d_x, d_h, d_wz, d_wr, d_wh, d_uz, d_ur, d_uh
