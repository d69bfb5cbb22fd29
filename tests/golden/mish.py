import numpy as np


def mish(x):
    tanh_softplus_x = np.tanh(np.logaddexp(0, x))  # (N, M)
    return x * tanh_softplus_x, (x, tanh_softplus_x)


def mish_backward(saved, d_mish):
    x, tanh_softplus_x = saved
    # exp(-softplus(-x)) is sigmoid(x), and does not overflow
    product = np.exp(-np.logaddexp(0, -x)) * x * (1 - tanh_softplus_x ** 2)
    d_x = d_mish * (product + tanh_softplus_x)
    return d_x
