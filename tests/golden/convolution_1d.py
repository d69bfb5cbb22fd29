import numpy as np


def convolution_1d(x, w):
    h = w[0] * x[:, :4] + w[1] * x[:, 1:5] + w[2] * x[:, 2:]  # (N, 4)
    return h, (x, w)


def convolution_1d_backward(saved, d_h):
    x, w = saved
    d_x = np.zeros(x.shape, dtype=x.dtype)  # x is read more than once: add the adjoints
    d_x[:, :4] = d_h * w[0]
    d_x[:, 1:5] += d_h * w[1]
    d_x[:, 2:] += d_h * w[2]
    delta = np.sum(d_h * x[:, 1:5])
    # w is read more than once: add the adjoints
    d_w = np.stack([np.sum(d_h * x[:, :4]), delta, np.sum(d_h * x[:, 2:])])
    return d_x, d_w
