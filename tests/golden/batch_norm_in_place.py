import numpy as np


def batch_norm_in_place(x, gamma, beta):
    out = x - np.mean(x, axis=0)  # (N, M)
    std = np.sqrt(np.mean(out ** 2, axis=0) + 1e-05)  # (M,)
    out_2 = out / std             # (N, M)
    out_3 = out_2 * gamma         # (N, M)
    out_4 = out_3 + beta          # (N, M)
    return out_4, (gamma, std, out_2, out_3)


def batch_norm_in_place_backward(saved, d_out_4):
    gamma, std, out_2, out_3 = saved
    d_out_4_times_out_2 = d_out_4 * out_2
    d_beta = np.sum(d_out_4, axis=0)  # beta was copied to N rows: add up
    d_gamma = np.sum(d_out_4_times_out_2, axis=0)  # gamma was copied to N rows: add up
    product = gamma * (d_out_4 - np.mean(d_out_4, axis=0))
    d_x = (product - np.mean(d_out_4_times_out_2, axis=0) * out_3) / std
    return d_x, d_gamma, d_beta
