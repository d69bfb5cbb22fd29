import numpy as np


def hinge(y, t):
    relu_one_minus_t_times_y = np.maximum(1 - t * y, 0)  # (N,)
    return np.mean(relu_one_minus_t_times_y), (y, t, relu_one_minus_t_times_y)


def hinge_gradient(saved):
    y, t, relu_one_minus_t_times_y = saved
    delta = (relu_one_minus_t_times_y > 0).astype(y.dtype) / y.shape[0]
    d_t_times_y = -delta
    d_t = d_t_times_y * y
    d_y = d_t_times_y * t
    return d_y, d_t


def hinge_backward(saved, d_hinge=1.0):
    return tuple(d_hinge * d for d in hinge_gradient(saved))
