import numpy as np


def rms_norm(x, gamma):
    rms = np.sqrt(np.mean(x ** 2, axis=1, keepdims=True) + 1e-06)  # (N, 1)
    h = x / rms      # (N, M)
    h_2 = h * gamma  # (N, M)
    return h_2, (gamma, rms, h, h_2)


def rms_norm_backward(saved, d_h_2):
    gamma, rms, h, h_2 = saved
    d_gamma = np.sum(d_h_2 * h, axis=0)  # gamma was copied to N rows: add up
    h_3 = np.mean(d_h_2 * h_2, axis=1, keepdims=True) * h
    d_x = (d_h_2 * gamma - h_3) / rms
    return d_x, d_gamma
