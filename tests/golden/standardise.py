import numpy as np


def standardise(x):
    centred_x = x - np.mean(x, axis=1, keepdims=True)  # (N, M)
    mean_centred_x_squared = np.mean(centred_x * centred_x, axis=1, keepdims=True)
    std = np.sqrt(mean_centred_x_squared)  # (N, 1)
    out = centred_x / (std + 0.001)        # (N, M)
    return out, (std, out)


def standardise_backward(saved, d_out):
    std, out = saved
    ratio = (d_out - np.mean(d_out, axis=1, keepdims=True)) / (std + 0.001)
    product = np.mean(d_out * out, axis=1, keepdims=True) * out
    # where std = 0, its subgradient 0 is taken
    d_x = ratio - product / np.where(std == 0, 1, std)
    return d_x
