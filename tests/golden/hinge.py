import numpy as np


def hinge(y, t):
    h = np.maximum(1 - t * y, 0)  # (N,)
    return np.mean(h), (y, t, h)


def hinge_gradient(saved):
    y, t, h = saved
    delta = -((h > 0).astype(y.dtype) / y.shape[0])
    d_t = delta * y
    d_y = delta * t
    return d_y, d_t


def hinge_backward(saved, d_hinge=1.0):
    return tuple(d_hinge * d for d in hinge_gradient(saved))
