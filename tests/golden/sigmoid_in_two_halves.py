import numpy as np


def sigmoid_in_two_halves(x):
    up = x >= 0                              # (N, M) bool
    exp_minus_chosen_x = np.exp(-np.where(up, x, 0))  # (N, M)
    z = np.where(up, exp_minus_chosen_x, 0)  # (N, M)
    not_up = ~up                             # (N, M) bool
    exp_chosen_x = np.exp(np.where(not_up, x, 0))  # (N, M)
    z_2 = np.where(not_up, exp_chosen_x, z)  # (N, M)
    top = np.where(not_up, z_2, 1)           # (N, M)
    one_plus_z_2 = 1 + z_2                   # (N, M)
    out = top / one_plus_z_2                 # (N, M)
    return out, (up, exp_minus_chosen_x, exp_chosen_x, one_plus_z_2, out)


def sigmoid_in_two_halves_backward(saved, d_out):
    up, exp_minus_chosen_x, exp_chosen_x, one_plus_z_2, out = saved
    d_top = d_out / one_plus_z_2
    d_z_2 = np.where(up, 0, d_top) - d_out * out / one_plus_z_2
    chosen_neg = np.where(up, -(d_z_2 * exp_minus_chosen_x), 0)
    # x is read more than once: add what comes back
    d_x = np.where(up, 0, d_z_2 * exp_chosen_x) + chosen_neg
    return d_x
