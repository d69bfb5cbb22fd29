import numpy as np


def rms_norm(x, gamma):
    rms = np.sqrt(np.mean(x ** 2, axis=1, keepdims=True) + 1e-06)  # (N, 1)
    x_over_rms = x / rms      # (N, M)
    out = x_over_rms * gamma  # (N, M)
    return out, (gamma, rms, x_over_rms, out)


def rms_norm_backward(saved, d_out):
    gamma, rms, x_over_rms, out = saved
    d_gamma = np.sum(d_out * x_over_rms, axis=0)  # gamma was copied to N rows: add up
    product = np.mean(d_out * out, axis=1, keepdims=True) * x_over_rms
    d_x = (d_out * gamma - product) / rms
    return d_x, d_gamma
