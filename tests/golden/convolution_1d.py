import numpy as np


def convolution_1d(x, w):
    out = w[0] * x[:, :4] + w[1] * x[:, 1:5] + w[2] * x[:, 2:]  # (N, 4)
    return out, (x, w)


def convolution_1d_backward(saved, d_out):
    x, w = saved
    d_x = np.zeros(x.shape, dtype=x.dtype)
    d_x[:, :4] = d_out * w[0]
    d_x[:, 1:5] += d_out * w[1]
    d_x[:, 2:] += d_out * w[2]
    d_part_of_w = np.sum(d_out * x[:, 1:5])
    d_w = np.stack([np.sum(d_out * x[:, :4]), d_part_of_w, np.sum(d_out * x[:, 2:])])
    return d_x, d_w
