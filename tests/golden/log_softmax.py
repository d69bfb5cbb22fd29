import numpy as np


def log_softmax(z):
    h = z - np.max(z, axis=1, keepdims=True)  # (N, C)
    exp_h = np.exp(h)                         # (N, C)
    sum_exp_h = np.sum(exp_h, axis=1, keepdims=True)  # (N, 1)
    return h - np.log(sum_exp_h), (exp_h, sum_exp_h)


def log_softmax_backward(saved, d_log_softmax):
    exp_h, sum_exp_h = saved
    h = exp_h / sum_exp_h * np.sum(d_log_softmax, axis=1, keepdims=True)
    d_z = d_log_softmax - h
    return d_z
