import numpy as np


def softplus(x):
    return np.logaddexp(0, x), (x,)


def softplus_backward(saved, d_softplus):
    (x,) = saved
    # exp(-softplus(-x)) is sigmoid(x), and does not overflow
    d_x = d_softplus * np.exp(-np.logaddexp(0, -x))
    return d_x
