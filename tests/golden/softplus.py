import numpy as np


def softplus(x):
    return np.logaddexp(0, x), (x,)


def softplus_backward(saved, d_softplus):
    (x,) = saved
    d_x = d_softplus * (1 / (1 + np.exp(-x)))
    return d_x
